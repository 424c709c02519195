"""Loops, data loading, recipes, checkpoints. Used by the command line and the engine."""
