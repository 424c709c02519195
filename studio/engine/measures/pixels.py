"""Pixel space: how large it is, how much of it repeats itself."""

from __future__ import annotations

import numpy as np

from studio.core.generating import Generate, Picture
from studio.core.settings import Settings
from studio.engine.measures import Means


def numbers(means: Means, side: int = 256) -> float:
    """How many a picture of that side is."""
    return 3.0 * side * side


def neighbours(means: Means, prompt: str, seed: int = 1) -> float:
    """Correlation of a pixel with the one to its right."""
    picture = pictured(means, prompt, seed).astype(np.float64)
    return float(np.corrcoef(picture[:, :-1].ravel(), picture[:, 1:].ravel())[0, 1])


def pictured(means: Means, prompt: str, seed: int, **changes: object) -> np.ndarray:
    """The bundled model's picture (H, W, 3) uint8."""
    settings = Settings(prompt=prompt, seed=seed, **changes)  # type: ignore[arg-type]
    return means.ask(Generate(settings), Picture)[0].image


MEASURES = {"pixel-numbers": numbers, "pixel-neighbours": neighbours}
