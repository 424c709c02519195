"""The log-likelihood that a denoiser's flow gives to data. Must not import networks or files.

Chen et al. 2018, arXiv:1806.07366, theorem 1 (instantaneous change of variables); Song et al. 2021,
arXiv:2011.13456, eqs. 39 and 40; here on the rectified flow x = (1 - t) x0 + t epsilon.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from studio.core.errors import UsageError
from studio.diffusion.denoised import Counted, Denoiser
from studio.diffusion.noise import NoiseStream
from studio.diffusion.runge_kutta import DORMAND_PRINCE, Field, Solver, flow

#: divergence(u, x) = sum_i du_i / dx_i, (B,), of u = u(x), both (B, ...).
Divergence = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Likelihood:
    """log p(x) of B pictures' numbers as given: of latents, not of the pixels they decode to.

    nfe counts the denoiser's evaluations; each comes with its backward passes.
    """

    nats: Tensor  # (B,)
    bits_per_dimension: Tensor  # (B,), -log2 p(x) / D: less is more likely
    nfe: int


def log_likelihood(
    denoiser: Denoiser,
    x: Tensor,
    stream: NoiseStream | None = None,
    *,
    probes: int = 1,
    tolerance: float = 1e-5,
    t_min: float = 1e-3,
) -> Likelihood:
    """log p(x) = log N(x_1; 0, I) + int div u dt along dx/dt = u = epsilon - x0, t from 0 to 1.

    Without a stream the divergence is exact: one backward pass for each of the D numbers of a
    picture. With one it is Hutchinson's unbiased estimate, one pass for each of the `probes`, which
    are drawn once for the whole run, a picture's from its own seed.

    The integral starts at t_min, at (1 - t_min) x: the noise that t_min would add is left out. For
    data that varies by s at its finest this is off by about (D / 2) (t_min / s)^2 nats.

    x: (B, ...) float. tolerance: of each step of Dormand and Prince's solver, in x and in the
    log-likelihood per number. Switches gradients on for itself, also under inference_mode; but
    weights and conditions must have been made outside it. Raises UsageError.
    """
    if not 0.0 < t_min < 1.0 or tolerance <= 0.0 or probes < 1:
        raise UsageError(
            f"a likelihood needs t_min between 0 and 1 (not {t_min:g}), a tolerance above 0"
            f" (not {tolerance:g}) and at least 1 probe (not {probes})."
        )
    size = x[0].numel()
    with torch.inference_mode(False), torch.enable_grad():
        start = (1.0 - t_min) * x.clone().detach()
        divergence = exact_divergence if stream is None else hutchinson(start, stream, probes)
        counted = Counted(denoiser)
        field = _with_divergence(flow(counted), divergence, start.shape)
        together = torch.cat((start.flatten(1), torch.zeros_like(start.flatten(1)[:, :1])), 1)
        together = Solver(DORMAND_PRINCE, field, together, t_min, tolerance).until(1.0)
        x_1, mean_divergence = together[:, :-1], together[:, -1]
    log_normal = -0.5 * (x_1.square().sum(1) + size * math.log(2.0 * math.pi))
    nats = log_normal + size * (mean_divergence + math.log1p(-t_min))
    return Likelihood(nats, nats / (-size * math.log(2.0)), counted.nfe)


def exact_divergence(u: Tensor, x: Tensor) -> Tensor:
    """The trace of du/dx, number by number; a batch's pictures must not touch one another."""
    total = torch.zeros(len(x), dtype=x.dtype, device=x.device)
    outputs = u.flatten(1)
    for i in range(outputs.shape[1]):
        (row,) = torch.autograd.grad(outputs[:, i].sum(), x, retain_graph=True)
        total = total + row.flatten(1)[:, i]
    return total


def hutchinson(x: Tensor, stream: NoiseStream, probes: int) -> Divergence:
    """The mean of v^T (du/dx) v over probes v of random signs (Grathwohl et al. 2019,
    arXiv:1810.01367, eq. 7; Rademacher's, which have the least variance).
    """
    signs = [stream.like(x).sign() for _ in range(probes)]

    def estimate(u: Tensor, x: Tensor) -> Tensor:
        total = torch.zeros(len(x), dtype=x.dtype, device=x.device)
        for v in signs:
            (row,) = torch.autograd.grad((u * v).sum(), x, retain_graph=True)
            total = total + (row * v).flatten(1).sum(1)
        return total / len(signs)

    return estimate


def _with_divergence(velocity: Field, divergence: Divergence, shape: torch.Size) -> Field:
    """The field of (x, int div u dt / D), flat, (B, D + 1)."""

    def field(together: Tensor, t: float) -> Tensor:
        x = together[:, :-1].reshape(shape).detach().requires_grad_()
        u = velocity(x, t)
        mean = divergence(u, x) / (together.shape[1] - 1)
        return torch.cat((u.detach().flatten(1), mean[:, None]), 1)

    return field
