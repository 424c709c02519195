"""Pixel space: how large it is, how much of it repeats itself."""

from __future__ import annotations

import numpy as np
from torch.nn import functional as F

from studio.core.generating import Generate, Picture
from studio.core.settings import Settings
from studio.engine.measures import Means
from studio.engine.measures.autoencoders import noise, scenes
from studio.engine.probes.frequencies import band
from studio.engine.probes.step import as_long
from studio.engine.probes.step import neighbours as alike
from studio.metrics.features import GradientJudge
from studio.metrics.spectra import laplacian_energy_ratio


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


def step(means: Means) -> float:
    """Correlation of a pixel with its neighbour after a step of random direction, as long as the
    way to another picture."""
    real = scenes()
    return alike(real + as_long(noise(), real.roll(1, 0) - real))


def halfway(means: Means) -> float:
    """Energy of the edges half-way between two pictures, over that of the two."""
    real = scenes()
    return float(laplacian_energy_ratio(real, (real + real.roll(1, 0)) / 2))


def low(means: Means, cut: float = 0.06) -> float:
    """Share of a picture's energy, its mean aside, below a frequency in cycles a pixel."""
    real = scenes() - scenes().mean((2, 3), keepdim=True)
    return float(band(real, 0.0, cut).square().sum() / real.square().sum())


def shift_or_blur(means: Means, shift: int = 3, radius: int = 2) -> float:
    """Of pictures, the share whose pixels prefer the blurred one to the moved one, where their
    edges prefer the moved one."""
    real, judge = scenes(), GradientJudge()
    moved = real.roll(shift, -1)
    side = 2 * radius + 1
    padded = F.pad(real, (radius,) * 4, mode="replicate")
    blurred = F.avg_pool2d(padded, side, stride=1)
    of = judge.features(real)
    pixels, edges = (
        [(a - b).flatten(1).norm(dim=1) for b in found]
        for a, found in ((real, (moved, blurred)), (of, map(judge.features, (moved, blurred))))
    )
    return float(((pixels[1] < pixels[0]) & (edges[0] < edges[1])).float().mean())


MEASURES = {
    "pixel-numbers": numbers, "pixel-neighbours": neighbours, "pixel-step": step,
    "pixel-halfway": halfway, "pixel-low": low, "pixel-shift": shift_or_blur,
}  # fmt: skip
