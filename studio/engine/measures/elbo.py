"""A VAE of the plane, trained on the spot: small enough for its exact likelihood to be summed."""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor, nn

from studio.core.errors import no_such
from studio.diffusion.distributions import find_distribution
from studio.engine.measures import Means

STEPS, BATCH, WIDTH = 600, 256, 64
LOG_2PI = math.log(2 * math.pi)


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


@cache
def trained(distribution: str) -> PlaneVAE:
    mixture = find_distribution(distribution).mixture
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        model = PlaneVAE()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(STEPS):
        x = mixture.sample(BATCH, generator)
        loss = -model.elbo(x, torch.randn(1, BATCH, 1, generator=generator)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def elbo(means: Means, figure: str, distribution: str = "moons") -> float:
    """Nats a point: how far the bound lies below the VAE's own log-likelihood, with the encoder
    ("gap") or with the prior in its place ("blind"); how far that lies below the data's ("data").
    """
    model, generator = trained(distribution), torch.Generator().manual_seed(1)
    mixture = find_distribution(distribution).mixture
    x = mixture.sample(500, generator)
    noise = torch.randn(200, 500, 1, generator=generator)
    with torch.no_grad():
        exact = model.log_likelihood(x)
        figures = {
            "gap": lambda: exact - model.elbo(x, noise),
            "blind": lambda: exact - model.elbo(x, noise, blind=True),
            "data": lambda: mixture.log_density(x) - exact,
        }
        if figure not in figures:
            raise no_such("figure of the bound", figure, figures)
        return float(figures[figure]().mean())


MEASURES = {"elbo": elbo}
