"""A Gaussian mixture: data whose denoiser, score and density are known exactly, at every noise.

What every sampler is held against, and what the two-dimensional laboratory shows. Points (N, D)
and pictures (N, C, H, W) with C H W = D are the same to it. Must not import networks, samplers or
files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from studio.diffusion.denoiser import Denoised, Network
from studio.diffusion.paths import Path
from studio.diffusion.predictions import Prediction

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class _Parts:
    """The components as tensors, each covariance as Q diag(variances) Q^T, Q = axes[k]."""

    log_weights: Tensor  # (K,)
    means: Tensor  # (K, D)
    variances: Tensor  # (K, D), of the data, along the axes
    axes: Tensor | None  # (K, D, D); None where every direction is an axis

    def along(self, offsets: Tensor) -> Tensor:
        """Q^T times each of the offsets (B, K, D)."""
        return offsets if self.axes is None else torch.einsum("bki,kij->bkj", offsets, self.axes)

    def back(self, along: Tensor) -> Tensor:
        """Q times: the inverse of `along`."""
        return along if self.axes is None else torch.einsum("bkj,kij->bki", along, self.axes)


@dataclass(frozen=True)
class Mixture:
    """sum_k weights[k] N(means[k], S_k) in D dimensions, computed in float64.

    S_k = stds[k]^2 I, or covariances[k] (D rows of D numbers, symmetric, positive definite) where
    these are given in place of stds. The weights sum to 1. After noising, component k is
    N(alpha mu_k, alpha^2 S_k + sigma^2 I). It is a Denoiser.
    """

    weights: tuple[float, ...]
    means: tuple[tuple[float, ...], ...]
    stds: tuple[float, ...] = ()
    covariances: tuple[Matrix, ...] = ()

    def __post_init__(self) -> None:
        assert not (self.stds and self.covariances), "stds or covariances, not both"
        shapes = self.stds or self.covariances
        assert len(self.weights) == len(self.means) == len(shapes), "one of each a component"

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> Denoised:
        """E[x0 | x] = sum_k r_k (mu_k + alpha S_k C_k^-1 (x - alpha mu_k)) and E[epsilon | x] =
        sum_k r_k sigma C_k^-1 (x - alpha mu_k), C_k = alpha^2 S_k + sigma^2 I: finite at both ends.
        """
        parts, along, noised, log_joint = self._noised(x, alpha, sigma)
        r = log_joint.softmax(-1)[..., None]  # (B, K, 1), the responsibilities
        x0 = (r * (parts.means + parts.back(alpha * parts.variances / noised * along))).sum(1)
        epsilon = (r * parts.back(sigma / noised * along)).sum(1)
        return Denoised(x0.reshape(x.shape).to(x), epsilon.reshape(x.shape).to(x), nfe=1)

    def score(self, x: Tensor, alpha: float = 1.0, sigma: float = 0.0) -> Tensor:
        """grad log p_t(x) = -sum_k r_k C_k^-1 (x - alpha mu_k), of x's shape."""
        parts, along, noised, log_joint = self._noised(x, alpha, sigma)
        r = log_joint.softmax(-1)[..., None]
        return -(r * parts.back(along / noised)).sum(1).reshape(x.shape).to(x)

    def log_density(self, x: Tensor, alpha: float = 1.0, sigma: float = 0.0) -> Tensor:
        """log p_t(x) in nats, (B,); the data's own at alpha = 1, sigma = 0."""
        *_, log_joint = self._noised(x, alpha, sigma)
        return log_joint.logsumexp(-1).to(x)

    def sample(
        self, count: int, generator: torch.Generator, dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """`count` points of the data, (count, D), from a CPU generator."""
        parts = self._parts
        of = torch.multinomial(parts.log_weights.exp(), count, True, generator=generator)
        shape = (count, parts.means.shape[1])
        along = torch.randn(shape, generator=generator, dtype=torch.float64)
        along = along * parts.variances[of].sqrt()
        if parts.axes is not None:
            along = torch.einsum("bj,bij->bi", along, parts.axes[of])
        return (parts.means[of] + along).to(dtype)

    def conditional(self, components: tuple[int, ...]) -> Mixture:
        """The data given that its component is one of these: a class, to guide towards."""
        total = sum(self.weights[k] for k in components)
        return Mixture(
            tuple(self.weights[k] / total for k in components),
            tuple(self.means[k] for k in components),
            tuple(self.stds[k] for k in components if self.stds),
            tuple(self.covariances[k] for k in components if self.covariances),
        )

    def network(self, path: Path, prediction: Prediction) -> Network:
        """A perfectly trained network: this mixture's answer, as `prediction` puts it."""

        def predict(x: Tensor, t: Tensor, condition: object) -> Tensor:
            time = float(t[0])
            here = self(x, *path.point(time))
            return prediction.target(here.x0, here.epsilon, path, time)

        return predict

    def mean(self) -> Tensor:
        """The data's mean, (D,)."""
        return torch.tensor(self.weights) @ torch.tensor(self.means)

    def std(self) -> Tensor:
        """The data's standard deviation along each coordinate, (D,)."""
        means = torch.tensor(self.means)
        if self.covariances:
            variances = torch.tensor(self.covariances).diagonal(dim1=1, dim2=2)
        else:
            variances = torch.tensor(self.stds)[:, None] ** 2
        second = torch.tensor(self.weights) @ (means**2 + variances)
        return (second - self.mean() ** 2).sqrt()

    def _noised(
        self, x: Tensor, alpha: float, sigma: float
    ) -> tuple[_Parts, Tensor, Tensor, Tensor]:
        """The parts, x - alpha mu_k along the axes (B, K, D), the eigenvalues of C_k (K, D), and
        log(pi_k N(x; alpha mu_k, C_k)), (B, K).
        """
        parts = self._parts
        along = parts.along(x.reshape(len(x), 1, -1).double() - alpha * parts.means)
        noised = alpha**2 * parts.variances + sigma**2
        log_normal = -0.5 * (along**2 / noised + (2.0 * math.pi * noised).log()).sum(-1)
        return parts, along, noised, parts.log_weights + log_normal

    @cached_property
    def _parts(self) -> _Parts:
        with torch.inference_mode(False):  # kept: a likelihood may differentiate through them later
            log_weights = torch.tensor(self.weights, dtype=torch.float64).log()
            means = torch.tensor(self.means, dtype=torch.float64)
            if not self.covariances:
                stds = torch.tensor(self.stds, dtype=torch.float64)
                return _Parts(log_weights, means, (stds**2)[:, None].expand_as(means), None)
            matrices = torch.tensor(self.covariances, dtype=torch.float64)
            return _Parts(log_weights, means, *torch.linalg.eigh(matrices))
