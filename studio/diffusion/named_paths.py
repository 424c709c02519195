"""The paths that recipes and `model.json` name. Must not import torch at run time.

All run from t = 0 to t = 1, so that a network's features of time serve each of them, and keep x_t
near unit variance for data of unit variance, so that a network can be given x_t as it is.
"""

from __future__ import annotations

from studio.core.errors import pick
from studio.diffusion.paths import (
    Path,
    RectifiedFlow,
    SubVariancePreserving,
    Trigonometric,
    VariancePreserving,
)

PATHS: dict[str, Path] = {
    "rectified-flow": RectifiedFlow(),
    "gvp": Trigonometric(),
    "vp": VariancePreserving(),
    "sub-vp": SubVariancePreserving(),
}


def find_path(name: str) -> Path:
    """The path of that name. Raises UsageError."""
    return pick("path", name, PATHS)
