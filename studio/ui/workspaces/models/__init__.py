"""The parts of the Models workspace."""
