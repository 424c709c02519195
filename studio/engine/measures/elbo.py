"""A VAE of the plane, trained on the spot: small enough for its exact likelihood to be summed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from studio.core.errors import pick
from studio.diffusion.distributions import find_distribution
from studio.engine.measures import Means
from studio.models.format import Check

STEPS, BATCH, WIDTH = 600, 256, 64
LOG_2PI = math.log(2 * math.pi)
_trained: dict[str, PlaneVAE] = {}


class PlaneVAE(nn.Module):
    """x in the plane, z on a line (Kingma and Welling 2014): N(m(z), s^2 I) beside N(0, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(2, WIDTH), nn.SiLU(), nn.Linear(WIDTH, 2))
        self.decoder = nn.Sequential(nn.Linear(1, WIDTH), nn.SiLU(), nn.Linear(WIDTH, 2))
        self.log_s = nn.Parameter(torch.zeros(()))

    def given(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x | z), (..., n): x (n, 2), z (..., n, 1)."""
        squares = (x - self.decoder(z)).square().sum(-1) / self.log_s.mul(2).exp()
        return -0.5 * squares - LOG_2PI - 2 * self.log_s

    def elbo(self, x: Tensor, noise: Tensor, blind: bool = False) -> Tensor:
        """E_q log p(x | z) - KL(q || p), (n,), over noise (k, n, 1); `blind`: q is the prior."""
        mean, log_variance = (self.encoder(x) * (not blind))[..., None].unbind(1)
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)[:, 0]
        return self.given(x, mean + (log_variance / 2).exp() * noise).mean(0) - kl

    def log_likelihood(self, x: Tensor) -> Tensor:
        """log p(x), (n,): the integral over z, summed on 2,001 points from -6 to 6."""
        z = torch.linspace(-6, 6, 2001)
        weights = -0.5 * z**2 - 0.5 * LOG_2PI + math.log(12 / 2000)
        return (self.given(x, z[:, None, None]) + weights[:, None]).logsumexp(0)


def trained(distribution: str, check: Check) -> PlaneVAE:
    """Once for each distribution; `check`, before every step, may raise Cancelled."""
    for _ in training(distribution):
        check()
    return _trained[distribution]


@torch.inference_mode(False)
def training(distribution: str) -> Iterator[int]:
    """The number of each step before it is made; none where it is trained already."""
    if distribution in _trained:
        return
    mixture = find_distribution(distribution).mixture
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        model = PlaneVAE()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for step in range(STEPS):
        yield step
        x = mixture.sample(BATCH, generator)
        loss = -model.elbo(x, torch.randn(1, BATCH, 1, generator=generator)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    _trained[distribution] = model


@dataclass(frozen=True, eq=False)
class Bounds:
    """In nats, each (n,): log p(x) of the `data` and of the VAE, `exact`; its bound with the
    encoder, `elbo`, and with the prior in its place, `blind`."""

    data: Tensor
    exact: Tensor
    elbo: Tensor
    blind: Tensor

    @classmethod
    def at(
        cls, distribution: str, x: Tensor, draws: int, generator: Generator, check: Check
    ) -> Bounds:
        """At points (n, 2), each expectation over so many draws."""
        model = trained(distribution, check)
        noise = torch.randn(draws, len(x), 1, generator=generator)
        data = find_distribution(distribution).mixture.log_density(x)
        with torch.no_grad():
            bounds = (model.elbo(x, noise, blind) for blind in (False, True))
            return cls(data, model.log_likelihood(x), *bounds)

    @classmethod
    def measured(cls, distribution: str, check: Check) -> Bounds:
        """At 500 points of the data."""
        generator = torch.Generator().manual_seed(1)
        points = find_distribution(distribution).mixture.sample(500, generator)
        return cls.at(distribution, points, 200, generator, check)

    @property
    def gaps(self) -> dict[str, float]:
        """Means over the points: how far the bound lies below the VAE's own log-likelihood, with
        the encoder and without; how far that lies below the data's."""
        gaps = {
            "gap": self.exact - self.elbo,
            "blind": self.exact - self.blind,
            "data": self.data - self.exact,
        }
        return {name: float(gap.mean()) for name, gap in gaps.items()}


def elbo(means: Means, figure: str, distribution: str = "moons") -> float:
    """One of the gaps, in nats a point."""
    gaps = Bounds.measured(distribution, means.check).gaps
    return pick("figure of the bound", figure, gaps)


MEASURES = {"elbo": elbo}
