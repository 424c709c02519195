"""The paths and predictions that the tests of this folder run through."""

from __future__ import annotations

from studio.diffusion.paths import (
    DiscreteDDPM,
    Path,
    RectifiedFlow,
    SubVariancePreserving,
    Trigonometric,
    VarianceExploding,
    VariancePreserving,
)

from .mixture import Mixture

PATHS: dict[str, Path] = {
    "rectified-flow": RectifiedFlow(),
    "vp": VariancePreserving(),
    "sub-vp": SubVariancePreserving(),
    "ve": VarianceExploding(),
    "gvp": Trigonometric(),
    "ddpm-linear": DiscreteDDPM.linear(),
    "ddpm-scaled-linear": DiscreteDDPM.scaled_linear(),
    "ddpm-cosine": DiscreteDDPM.cosine(),
    "ddpm-zero-snr": DiscreteDDPM.linear().with_zero_terminal_snr(),
}

# Pictures of shape (2, 1, 1): a narrow and a wide component, unequal, off centre.
MIXTURE = Mixture((0.3, 0.7), ((-1.0, 0.5), (0.8, -0.4)), (0.1, 0.25))


def inner_times(path: Path, count: int = 7) -> list[float]:
    """Times from 2 % to 98 % of the way from data to noise."""
    data, noise = path.ends
    return [data + (noise - data) * (0.02 + 0.96 * i / (count - 1)) for i in range(count)]
