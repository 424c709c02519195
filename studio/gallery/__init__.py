"""Finished pictures on disk: PNG files with their settings inside, and their names.

Must not import Qt or torch.
"""
