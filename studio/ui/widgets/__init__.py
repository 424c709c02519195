"""Widgets that know nothing of a workspace."""
