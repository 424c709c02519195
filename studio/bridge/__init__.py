"""The only meeting point of Qt and the engine."""
