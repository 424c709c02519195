"""Between two pictures: through pixels, and through the latent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.autoencoding import Curve, Probed, ProbeSpec
from studio.core.specs import Parameter

if TYPE_CHECKING:
    from torch import Tensor

    from studio.engine.probes.study import Study

PROBE = ProbeSpec(
    "interpolate",
    "Walk between two pictures",
    "A cross-fade of pixels beside straight and spherical walks of the latent",
    "Shoemake 1985 (slerp); White 2016",
    pictures=2,
    parameters=(Parameter("frames", "Frames", 7, "Of each walk, ends included", 3, 21),),
)


def look(study: Study) -> Probed:
    """Three rows of frames, and how sharp each walk is on its way."""
    import torch

    from studio.diffusion.interpolation import slerp
    from studio.engine.probes.study import tile

    model, count = study.autoencoder, int(study.number("frames"))
    a, b = (model.normalised(study.posterior(n).mean) for n in range(2))
    ends = study.original(0), study.original(1)
    shares = torch.linspace(0, 1, count).tolist()
    walks = {
        "pixels": torch.cat([ends[0] * (1 - s) + ends[1] * s for s in shares]),
        "latent, straight": _walk(study, [a * (1 - s) + b * s for s in shares]),
        "latent, spherical": _walk(study, [slerp(a, b, s) for s in shares]),
    }
    tiles = [
        tile(f"{name} {s:.2f}", frame)
        for name, frames in walks.items()
        for s, frame in zip(shares, frames, strict=True)
    ]
    both = torch.cat(ends)
    curves = tuple(
        Curve(name, tuple(shares), tuple(_sharpness(frames, both)))
        for name, frames in walks.items()
    )
    gap = float((walks["pixels"] - walks["latent, straight"]).abs().mean())
    own = float((ends[0] - walks["latent, straight"][:1]).abs().mean())
    words = (
        f"On average the straight latent walk is {gap:.3f} of the range from the cross-fade, its"
        f" own ends {own:.3f} from the pictures: where the two figures are alike, the latent walk"
        " is a double exposure too."
    )
    return study.probed(tiles, count, words, curves, "way", "Laplacian energy over the ends'")


def _walk(study: Study, latents: list[Tensor]) -> Tensor:
    import torch

    return study.decoded(study.autoencoder.denormalised(torch.cat(latents)))


def _sharpness(frames: Tensor, ends: Tensor) -> list[float]:
    """The Laplacian's energy of each frame over the mean of the two ends'."""
    import torch

    from studio.metrics.spectra import laplacian_energy_ratio

    return [float(laplacian_energy_ratio(ends, torch.cat([frame[None]] * 2))) for frame in frames]
