"""Semantic against perceptual: which frequencies survive the autoencoder."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from studio.core.autoencoding import Curve, Probed, ProbeSpec
from studio.core.specs import Parameter

if TYPE_CHECKING:
    from torch import Tensor

    from studio.engine.probes.study import Study

PROBE = ProbeSpec(
    "frequencies",
    "Low and high frequencies",
    "The picture and its reconstruction split into what things are and how they look",
    "Rombach et al. 2022, figure 2: semantic and perceptual compression",
    parameters=(
        Parameter("cut", "Cut", 0.06, "Cycles a pixel: below is low, above is high", 0.01, 0.5),
    ),
)
BANDS = 10


def look(study: Study) -> Probed:
    """Low and high parts of both, and the share of error a band."""
    from studio.engine.probes.study import ratio, tile

    original = study.original()
    made = study.decoded(study.posterior().mean)
    cut, tiles = study.number("cut"), []
    for name, picture in (("original", original), ("reconstruction", made)):
        low = band(picture, 0.0, cut)
        tiles.append(tile(name, picture[0]))
        tiles.append(tile(f"{name}, low", low[0]))
        tiles.append(tile(f"{name}, high", (picture - low)[0] + 0.5))
    edges = [0.5 * 2.0 ** -((BANDS - 1 - n) / 2) for n in range(BANDS)]
    kept = []
    for low_edge, high_edge in zip([0.0, *edges], edges, strict=False):
        truth = band(original, low_edge, high_edge)
        error = band(made - original, low_edge, high_edge)
        kept.append(1 - float(error.square().sum() / truth.square().sum().clamp_min(1e-9)))
    half = next((edge for edge, share in zip(edges, kept, strict=True) if share < 0.5), None)
    where = f"from {half:.3f} cycles a pixel on" if half is not None else "nowhere"
    low_ratio = ratio(band(made, 0.0, cut), band(original, 0.0, cut))
    words = (
        f"Less than half of a band's energy is right {where}. Below the cut the reconstruction is"
        f" at {low_ratio:.1f} dB, over all at {ratio(made, original):.1f} dB."
    )
    curve = Curve("energy that is right", tuple(edges), tuple(kept))
    return study.probed(tiles, 3, words, (curve,), "cycles a pixel", "share of the energy")


def band(pictures: Tensor, low: float, high: float) -> Tensor:
    """The part of (1, 3, H, W) pictures whose frequencies lie in [low, high)."""
    import torch

    height, width = pictures.shape[-2:]
    rows, columns = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
    radius = (rows**2 + columns**2).sqrt()
    top = math.inf if high >= 0.5 else high
    inside = (radius >= low) & (radius < top)
    spectrum = torch.fft.rfft2(pictures) * inside
    found: Tensor = torch.fft.irfft2(spectrum, s=(height, width))
    return found
