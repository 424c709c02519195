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
    from studio.diffusion.guidance import LogProbability
    from studio.networks.toy import ToyNetwork

CLASSIFIER = "-classifier"  # how the names of those sources end


def toy_sources(distribution: str) -> tuple[str, ...]:
    """What was trained on this distribution: predictions, or otherwise how it was."""
    found = (ASSETS / "toys").glob(f"{distribution}-*/{MANIFEST}")
    return tuple(sorted(path.parent.name.removeprefix(f"{distribution}-") for path in found))


@lru_cache(maxsize=32)
def open_toy(distribution: str, source: str, label: int = -1) -> NetworkDenoiser:
    """The denoiser of points (N, 2) that this source is, told a class if one is given.

    Raises UsageError where there is none, or it knows no classes; ModelError for damaged weights.
    """
    import torch

    from studio.diffusion.denoiser import NetworkDenoiser
    from studio.diffusion.named_paths import find_path
    from studio.diffusion.predictions import PREDICTIONS

    network, extra = _opened(distribution, source)
    if label >= 0 and not network.config.classes:
        raise UsageError("this network knows no classes: choose another source to guide.")

    def predict(x: Tensor, t: Tensor, condition: Any) -> Tensor:
        told = torch.full((len(x),), label, device=x.device) if label >= 0 else None
        return network(x, t, told)

    return NetworkDenoiser(predict, find_path(extra["path"]), PREDICTIONS[extra["prediction"]])


def toy_classifier(distribution: str, source: str, label: int) -> LogProbability:
    """log p(label | x) of the classifier that this source is; one that never saw noise takes every
    point for a clean one. Raises as `open_toy` does."""
    network, extra = _opened(distribution, source)

    def log_probability(x: Tensor, alpha: float, sigma: float) -> Tensor:
        whole = alpha + sigma  # the rectified flow's point is x / whole
        times = x.new_full((len(x),), sigma / whole if "path" in extra else 0.0)
        return network(x / whole, times).log_softmax(-1)[:, label]

    return log_probability


@lru_cache(maxsize=32)
def _opened(distribution: str, source: str) -> tuple[ToyNetwork, dict[str, Any]]:
    import torch

    sources = toy_sources(distribution)
    if source not in sources:
        have = f"there is {', '.join(sources)}" if sources else "there is none"
        raise UsageError(f"no {source} network was trained on {distribution}; {have}.")
    folder = ASSETS / "toys" / f"{distribution}-{source}"
    with torch.inference_mode(False):  # kept: a likelihood differentiates through it later
        network = open_network(folder, "toy").requires_grad_(False)
    return network, dict(read_manifest(folder).extra)  # type: ignore[return-value]
