"""The trained toy networks of the two-dimensional laboratory, in assets/toys/."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from studio.core.errors import UsageError
from studio.core.installation import ASSETS
from studio.models.formats.network import open_network
from studio.models.network_folder import MANIFEST, read_manifest

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoiser import NetworkDenoiser


def toy_sources(distribution: str) -> tuple[str, ...]:
    """The predictions that networks were trained for on this distribution."""
    found = (ASSETS / "toys").glob(f"{distribution}-*/{MANIFEST}")
    return tuple(sorted(path.parent.name.removeprefix(f"{distribution}-") for path in found))


@lru_cache(maxsize=16)
def open_toy(distribution: str, prediction: str) -> NetworkDenoiser:
    """The denoiser of points (N, 2) that was trained to this prediction.

    Raises UsageError where none was, ModelError for damaged weights.
    """
    import torch

    from studio.diffusion.denoiser import NetworkDenoiser
    from studio.diffusion.named_paths import find_path
    from studio.diffusion.predictions import PREDICTIONS

    sources = toy_sources(distribution)
    if prediction not in sources:
        have = f"there is {', '.join(sources)}" if sources else "there is none"
        raise UsageError(f"no {prediction} network was trained on {distribution}; {have}.")
    folder = ASSETS / "toys" / f"{distribution}-{prediction}"
    with torch.inference_mode(False):  # kept: a likelihood differentiates through it later
        network = open_network(folder, "toy").requires_grad_(False)
    extra = read_manifest(folder).extra

    def predict(x: Tensor, t: Tensor, condition: Any) -> Tensor:
        return network(x, t)

    return NetworkDenoiser(predict, find_path(extra["path"]), PREDICTIONS[extra["prediction"]])
