"""A Gaussian mixture, whose denoiser is known exactly: what every sampler is held against."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from studio.diffusion.denoiser import Denoised, Network
from studio.diffusion.paths import Path
from studio.diffusion.predictions import Prediction


@dataclass(frozen=True)
class Mixture:
    """sum_k weights[k] N(means[k], stds[k]^2 I) in D dimensions; a picture is its D numbers."""

    weights: tuple[float, ...]
    means: tuple[tuple[float, ...], ...]
    stds: tuple[float, ...]

    def __call__(self, x: Tensor, alpha: float, sigma: float) -> Denoised:
        """score = -sum_k r_k (x - alpha mu_k) / v_k, v_k = alpha^2 s_k^2 + sigma^2; x0 by Tweedie.

        Written as E[x0 | x] = sum_k r_k (mu_k + alpha s_k^2 / v_k (x - alpha mu_k)), finite at
        both ends.
        """
        flat = x.reshape(len(x), 1, -1).double()  # (B, 1, D)
        means = torch.tensor(self.means, dtype=torch.float64)  # (K, D)
        stds = torch.tensor(self.stds, dtype=torch.float64)[:, None]  # (K, 1)
        variances = alpha**2 * stds**2 + sigma**2
        offsets = flat - alpha * means  # (B, K, D)
        log_r = (
            torch.tensor(self.weights, dtype=torch.float64).log()
            - 0.5 * (offsets**2 / variances).sum(-1)
            - 0.5 * means.shape[1] * variances[:, 0].log()
        )
        r = log_r.softmax(-1)[..., None]  # (B, K, 1)
        x0 = (r * (means + alpha * stds**2 / variances * offsets)).sum(1)
        epsilon = (r * sigma / variances * offsets).sum(1)
        return Denoised(x0.reshape(x.shape).to(x), epsilon.reshape(x.shape).to(x), nfe=1)

    def network(self, path: Path, prediction: Prediction) -> Network:
        """A perfectly trained network: this mixture's answer, as `prediction` puts it."""

        def predict(x: Tensor, t: Tensor, condition: object) -> Tensor:
            time = float(t[0])
            here = self(x, path.alpha(time), path.sigma(time))
            return prediction.target(here.x0, here.epsilon, path, time)

        return predict

    def mean(self) -> Tensor:
        return torch.tensor(self.weights) @ torch.tensor(self.means)

    def std(self) -> Tensor:
        means, weights = torch.tensor(self.means), torch.tensor(self.weights)
        second = weights @ (means**2 + torch.tensor(self.stds)[:, None] ** 2)
        return (second - self.mean() ** 2).sqrt()

    def log_density(self, x: Tensor, alpha: float, sigma: float) -> Tensor:
        """log p_t(x), (B,): what the score is the gradient of."""
        flat = x.reshape(len(x), 1, -1)
        means = torch.tensor(self.means, dtype=x.dtype)
        variances = alpha**2 * torch.tensor(self.stds, dtype=x.dtype) ** 2 + sigma**2  # (K,)
        exponent = -0.5 * ((flat - alpha * means) ** 2).sum(-1) / variances
        log_norm = -0.5 * means.shape[1] * (2.0 * math.pi * variances).log()
        log_weights = torch.tensor(self.weights, dtype=x.dtype).log()
        return (log_weights + exponent + log_norm).logsumexp(-1)
