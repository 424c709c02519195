"""LPIPS's weights, for the window: whether they are on this machine, and fetching them.

Imports torch when called, so call it off the UI thread.
"""

from __future__ import annotations

from pathlib import Path


def missing() -> str:
    """Where the weights would be kept, or nothing if they are there."""
    from studio.metrics.perceptual import lpips_available, lpips_weights

    return "" if lpips_available() else str(lpips_weights())


def fetch() -> Path:
    """Downloads them. Ask the user first. Raises ModelError, OutputError."""
    from studio.metrics.perceptual import fetch_lpips_weights

    return fetch_lpips_weights()
