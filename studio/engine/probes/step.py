"""A step in a random direction, as far as the next picture lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.autoencoding import Curve, Probed, ProbeSpec

if TYPE_CHECKING:
    from torch import Tensor

    from studio.engine.probes.study import Study

PROBE = ProbeSpec(
    "step",
    "Step in a random direction",
    "As far as the second picture lies: towards it, and in a random direction of pixels and of the"
    " latent",
    "Rombach et al. 2022",
    pictures=2,
)
SHARES = (0.0, 0.25, 0.5, 1.0)  # as many as stand side by side in the window


def look(study: Study) -> Probed:
    """Three rows of pictures, and how alike a pixel and its neighbour are in each."""
    import torch

    from studio.engine.probes.study import tile

    model, real = study.autoencoder, study.original()
    latent, other = (model.normalised(study.posterior(n).mean) for n in range(2))
    way, step = study.original(1) - real, as_long(study.noise(real), study.original(1) - real)
    inside = as_long(study.noise(latent), other - latent)
    decoded = (model.denormalised(latent + share * inside) for share in SHARES)
    rows = {
        "at random": torch.cat([real + share * step for share in SHARES]),
        "to the second": torch.cat([real + share * way for share in SHARES]),
        "latent": study.decoded(torch.cat([*decoded])),
    }
    tiles, curves = [], []
    for name, pictures in rows.items():
        alike = [neighbours(picture[None]) for picture in pictures]
        curves.append(Curve(name, SHARES, tuple(alike)))
        tiles += [
            tile(f"{name} {share:g}", picture, f"neighbours {each:.2f}")
            for share, picture, each in zip(SHARES, pictures, alike, strict=True)
        ]
    first, last = curves[0].y[0], curves[0].y[-1]
    words = (
        f"A pixel and its neighbour correlate by {first:.2f}, after the whole step in a random"
        f" direction of pixel space by {last:.2f}."
    )
    labels = "share of the way to the second picture", "correlation of neighbours"
    return study.probed(tiles, len(SHARES), words, tuple(curves), *labels)


def as_long(direction: Tensor, way: Tensor) -> Tensor:
    """Directions (B, ...) of the lengths of ways (B, ...)."""
    import torch

    scale = way.flatten(1).norm(dim=1) / direction.flatten(1).norm(dim=1)
    return torch.einsum("b,b...->b...", scale, direction)


def neighbours(pictures: Tensor) -> float:
    """Correlation of a pixel with the one to its right, in (B, 3, H, W)."""
    import torch

    both = torch.stack((pictures[..., :-1].flatten(), pictures[..., 1:].flatten()))
    return float(torch.corrcoef(both)[0, 1])
