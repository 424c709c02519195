"""What autoencoders keep, lose and invent, of the same few held-out scenes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from studio.core.errors import pick
from studio.dataset.catalogue import bundled
from studio.dataset.scenes import Mix, compose, sample_scene
from studio.engine.measures import Means
from studio.engine.probes.frequencies import band
from studio.engine.probes.no_picture import even_noise
from studio.metrics.features import as_tensor
from studio.metrics.reconstruction import psnr
from studio.metrics.spectra import laplacian_energy_ratio, residual_peaks
from studio.models.model import ImageAutoencoder
from studio.networks.autoencoder import Posterior

COUNT, SIDE = 16, 128
LOW, HIGH = (0.0, 0.06), (0.25, 0.5)  # cycles a pixel: what things are; how their edges look


@cache
def scenes() -> Tensor:
    """(COUNT, 3, SIDE, SIDE) in [0, 1], of things that no network was trained on."""
    catalogue, mix = bundled(), Mix(split="held-out")
    drawn = (sample_scene(np.random.default_rng([7, n]), catalogue, mix) for n in range(COUNT))
    return as_tensor(np.stack([compose(scene, catalogue, SIDE) for scene in drawn]))


def noise() -> Tensor:
    """N(0, 1), as large as the scenes."""
    return torch.randn(scenes().shape, generator=torch.Generator().manual_seed(1))


@dataclass(frozen=True, eq=False)
class Study:
    """An autoencoder and what became of pictures `real` in it."""

    model: ImageAutoencoder
    real: Tensor
    posterior: Posterior
    made: Tensor

    @classmethod
    def of(cls, model: ImageAutoencoder, real: Tensor) -> Study:
        posterior = model.encode(real * 2 - 1)
        return cls(model, real, posterior, model.decode(posterior.mean).clamp(-1, 1) / 2 + 0.5)


def wrong(study: Study, low: float, high: float) -> float:
    """Energy of the error over the picture's, in a band of frequencies."""
    error, truth = (band(x, low, high) for x in (study.made - study.real, study.real))
    return float(error.square().sum() / truth.square().sum())


def alike(study: Study, low: float, high: float) -> float:
    """Correlation of picture and reconstruction in a band of frequencies."""
    a, b = (band(x, low, high).flatten() for x in (study.made, study.real))
    return float(a @ b / (a.norm() * b.norm()))


def moved(study: Study) -> float:
    """Correlation of a picture's latent, moved by two positions, with the moved picture's; away
    from the edges."""
    by = 2 * study.model.downsampling
    there = study.model.encode(study.real.roll(by, -1) * 2 - 1).mean[..., 4:-4, 4:-4]
    here = study.posterior.mean.roll(2, -1)[..., 4:-4, 4:-4]
    return float(torch.corrcoef(torch.stack((here.flatten(), there.flatten())))[0, 1])


def size(network: object) -> int:
    return sum(p.numel() for p in network.parameters())  # type: ignore[attr-defined]


FIGURES: dict[str, Callable[[Study], float]] = {
    "psnr": lambda s: float(psnr(s.made, s.real).mean()),
    "sharpness": lambda s: float(laplacian_energy_ratio(s.real, s.made)),
    "peaks": lambda s: float(residual_peaks(s.made - s.real, s.model.downsampling)),
    "kl": lambda s: float(s.posterior.kl()),
    "wrong-low": lambda s: wrong(s, *LOW),
    "wrong-high": lambda s: wrong(s, *HIGH),
    "alike-high": lambda s: alike(s, *HIGH),
    "moved": moved,
    "compression": lambda s: s.real.numel() / s.posterior.mean.numel(),
    "decoder": lambda s: size(s.model.decoder) / size(s.model.encoder),  # type: ignore[attr-defined]
    "dense": lambda s: s.real[0].numel() * s.posterior.mean[0].numel() / size(s.model),
}


@torch.inference_mode()
def autoencoder(
    means: Means, name: str, figure: str, over: str = "", less: str = "", pictures: str = "scenes"
) -> float:
    """A figure of one of them; over another's, or less another's."""
    measured = pick("figure of autoencoders", figure, FIGURES)
    real = even_noise(noise()) if pictures == "noise" else scenes()

    def of(each: str) -> float:
        means.check()
        return measured(Study.of(means.worker.autoencoders.get(each), real))

    value = of(name)
    value = value / of(over) if over else value
    return value - of(less) if less else value


MEASURES = {"autoencoder": autoencoder}
