"""Finished pictures on disk: PNG files with their settings inside, and their names."""
