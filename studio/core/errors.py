"""Errors a user can cause. Each carries one plain sentence that says what to do next."""

from __future__ import annotations


class StudioError(Exception):
    """A failure to report as one line; the command line exits 1, the window shows it in place."""


class UsageError(StudioError):
    """A request that makes no sense as written (the command line exits 2)."""


class DataError(StudioError):
    """A file that is missing, unreadable, damaged or not what it says it is."""


class ModelError(StudioError):
    """A model that is missing, damaged, or does not fit the code that opens it."""


class OutputError(StudioError):
    """A result that could not be written."""


class Cancelled(Exception):
    """Work stopped because the user asked; not an error."""
