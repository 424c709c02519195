"""What becomes of a picture that turns into noise: the network has learnt pictures only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.autoencoding import Curve, Probed, ProbeSpec

if TYPE_CHECKING:
    from torch import Tensor

    from studio.engine.probes.study import Study

PROBE = ProbeSpec(
    "no-picture",
    "What is no picture",
    "A picture that turns into noise, and what the autoencoder makes of it",
    "Vincent et al. 2010, Stacked Denoising Autoencoders",
)
SHARES = (0.0, 0.5, 0.75, 1.0)
DEVIATION = 0.2  # of the noise about grey, of pictures in [0, 1]


def look(study: Study) -> Probed:
    """A row that goes in and one that comes out; PSNR beside that of an even grey."""
    import torch

    from studio.engine.probes.study import ratio, tile

    picture = study.pictures[0]
    noise = even_noise(study.noise(picture)) * 2 - 1
    study.pictures[:] = [picture * (1 - share) + noise * share for share in SHARES]
    into = [study.original(number) for number in range(len(SHARES))]
    out = [study.decoded(study.posterior(number).mean) for number in range(len(SHARES))]
    ratios = [ratio(*pair) for pair in zip(out, into, strict=True)]
    grey = [ratio(torch.full_like(each, 0.5), each) for each in into]
    tiles = [tile(f"{s:.0%} noise, in", x[0]) for s, x in zip(SHARES, into, strict=True)]
    tiles += [
        tile(f"{share:.0%} noise, out", made[0], f"{each:.1f} dB")
        for share, made, each in zip(SHARES, out, ratios, strict=True)
    ]
    words = (
        f"The picture comes through at {ratios[0]:.1f} dB, noise at {ratios[-1]:.1f} dB; an even"
        f" grey square in its place would get {grey[-1]:.1f} dB."
    )
    curves = Curve("autoencoder", SHARES, tuple(ratios)), Curve("even grey", SHARES, tuple(grey))
    return study.probed(tiles, len(SHARES), words, curves, "share of noise", "PSNR, dB")


def even_noise(normal: Tensor) -> Tensor:
    """N(0, 1) as a picture of noise about grey, in [0, 1]."""
    return (normal * DEVIATION + 0.5).clamp(0, 1)
