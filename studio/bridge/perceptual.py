"""LPIPS's weights, for the window: whether they are on this machine, and fetching them.

Imports torch when called, so call it off the UI thread.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from studio.core.errors import Cancelled


def missing() -> str:
    """Where the weights would be kept, or nothing if they are there."""
    from studio.metrics.perceptual import lpips_available, lpips_weights

    return "" if lpips_available() else str(lpips_weights())


def fetch(hear: Callable[[float], None], stopped: Callable[[], bool]) -> Path | None:
    """Downloads them, telling the share that has come; None if it was `stopped`. Ask the user
    first. Raises ModelError, OutputError."""
    from studio.metrics.perceptual import fetch_lpips_weights

    def step(share: float) -> None:
        if stopped():
            raise Cancelled
        hear(share)

    try:
        return fetch_lpips_weights(step)
    except Cancelled:
        return None
