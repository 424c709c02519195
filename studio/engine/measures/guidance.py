"""Guidance, on three clouds of the plane whose classes are known exactly, and on the model."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from studio.core.generating import Generate, Picture
from studio.core.laboratory import Lab
from studio.core.settings import Settings
from studio.diffusion.distributions import find_distribution
from studio.diffusion.guidance import ClassifierGuided
from studio.diffusion.paths import RectifiedFlow
from studio.engine.lab import denoiser_of, run, true_samples
from studio.engine.measures import Means
from studio.metrics.distributions import energy_distance

CLOUDS = find_distribution("trio")
PATH = RectifiedFlow()
CLASS, COUNT, STEPS = 0, 800, 20
NODES = 16  # of a quadrature, along each coordinate


def asked(source: str, w: float, label: int = CLASS) -> Lab:
    settings = Settings("", sampler="flow-heun", steps=STEPS, guidance=w, seed=1)
    return Lab(CLOUDS.name, settings, source, label, particles=COUNT)


def points(source: str, w: float, label: int = CLASS) -> Tensor:
    """(COUNT, 2), guided to one class, or of all."""
    *_, last = run(asked(source, w, label), CLOUDS)
    return last.x.float()


def right(means: Means, source: str, w: float) -> float:
    """The share of guided points that lie where their class is the likeliest."""
    found = CLOUDS.log_classes(points(source, w)).argmax(-1)
    return float((found == CLASS).float().mean())


def distance(
    means: Means, source: str, w: float = 1.0, label: int = CLASS, over: str = ""
) -> float:
    """Energy distance of the points to true ones, in thousandths; or over another source's."""
    truth = true_samples(asked("exact", 1.0, label), 99)
    far = 1000 * energy_distance(points(source, w, label), truth)
    return far / distance(means, over, w, label) if over else far


def spread(means: Means, source: str, w: float) -> float:
    """Standard deviation of guided points over that of their class."""
    return float(points(source, w).std(0).mean()) / CLOUDS.std


def reach(means: Means, source: str, w: float) -> float:
    """How far the mean of guided points lies from the middle of all, over the class's own."""
    centre = torch.tensor(CLOUDS.centres[CLASS])
    return float(points(source, w).mean(0) @ centre / (centre @ centre))


def shift_error(means: Means, steps: int, t: float = 0.5) -> float:
    """How much of a guided step's true shift the shifted mean misses: the norms' ratio.

    The step is p(x_s | x_t) = N(mu, v I), which the class turns into N(mu, v I) p(c | x_s) / Z; its
    true mean is by quadrature, that of the first-order Taylor expansion mu + v grad log p(c | mu).
    """
    s = t - 1 / steps
    generator = torch.Generator().manual_seed(5)
    clean = CLOUDS.mixture.sample(400, generator)
    x = PATH.mix(clean, torch.randn(clean.shape, generator=generator), t)
    (a, b), (to_a, to_b) = PATH.point(t), PATH.point(s)
    added = b**2 - (a / to_a * to_b) ** 2
    variance = added * (to_b / b) ** 2
    mu = (a / to_a) * (to_b / b) ** 2 * x + to_a * added / b**2 * CLOUDS.mixture(x, a, b).x0
    shift = variance * ClassifierGuided(CLOUDS.mixture, log_class, 1.0).gradient(mu, to_a, to_b)
    at, weights = np.polynomial.hermite_e.hermegauss(NODES)
    offsets = math.sqrt(variance) * torch.cartesian_prod(*2 * [torch.from_numpy(at).float()])
    weight = torch.cartesian_prod(*2 * [torch.from_numpy(weights).float()]).prod(-1)
    around = (mu[:, None] + offsets).flatten(0, 1)
    weight = weight * log_class(around, to_a, to_b).exp().reshape(len(x), -1)
    exact = (weight[..., None] * offsets).sum(1) / weight.sum(1)[:, None]
    return float((exact - shift).norm() / exact.norm())


def log_class(x: Tensor, alpha: float, sigma: float) -> Tensor:
    """The exact classifier, (B,)."""
    return CLOUDS.log_classes(x, alpha, sigma)[:, CLASS]


def implicit(means: Means, source: str) -> float:
    """Mean cosine of the gradient of the classifier that a network implies,
    (epsilon_u - epsilon_c) / sigma, and of the exact one's."""
    generator = torch.Generator().manual_seed(6)
    clean = CLOUDS.mixture.sample(COUNT, generator)
    cosines = []
    for t in (0.3, 0.5, 0.7):
        x = PATH.mix(clean, torch.randn(clean.shape, generator=generator), t)
        here, either = (denoiser_of(asked(source, 1.0, k), CLOUDS) for k in (CLASS, -1))
        exact = ClassifierGuided(CLOUDS.mixture, log_class, 1.0).gradient(x, *PATH.point(t))
        gap = either(x, *PATH.point(t)).epsilon - here(x, *PATH.point(t)).epsilon
        cosines.append(torch.cosine_similarity(gap, exact).mean())
    return float(torch.stack(cosines).mean())


def calls(means: Means, guidance: float, steps: int = 4) -> float:
    """Evaluations of the denoiser a step, for a picture of the model."""
    settings = Settings("a red apple", steps=steps, guidance=guidance, sampler="flow-euler")
    return means.ask(Generate(settings), Picture)[0].nfe / steps


def variety(means: Means, prompt: str, w: float, count: int = 4) -> float:
    """Mean difference between pictures of several seeds, over that of the same at w = 1."""

    def apart(guidance: float) -> float:
        settings = Settings(prompt, steps=16, guidance=guidance, seed=1)
        made = means.ask(Generate(settings, count, preview_every=0), Picture)
        pixels = torch.stack([torch.from_numpy(each.image).float().flatten() for each in made])
        return float(torch.pdist(pixels).mean())

    return apart(w) / apart(1.0)


MEASURES = {
    "guided-right-class": right,
    "guided-distance": distance,
    "guided-spread": spread,
    "guided-reach": reach,
    "shifted-mean-error": shift_error,
    "implicit-classifier": implicit,
    "calls-a-step": calls,
    "guided-variety": variety,
}
