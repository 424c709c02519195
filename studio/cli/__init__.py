"""The command line: one file a verb in `verbs/`, each building requests and printing results.

Top-level imports stay light: no torch before a verb needs it, so that `--help` and wrong usage
answer at once.
"""

from __future__ import annotations

from studio.cli.program import main

__all__ = ["main"]
