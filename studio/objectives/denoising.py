"""Training losses for denoisers: one regression, whatever is predicted and on whatever path.

Epsilon on a variance-preserving path is DDPM, the score there is score matching, the velocity of a
rectified flow is flow matching. Times: Esser et al. 2024 (SD3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from studio.core.errors import UsageError
from studio.diffusion.named_paths import find_path
from studio.diffusion.paths import Path, per_picture
from studio.diffusion.predictions import PREDICTIONS, Prediction, Score

#: network(x_t (B, ...), t (B,) in the path's unit) -> what it predicts, of x_t's shape.
TimedNetwork = Callable[[Tensor, Tensor], Tensor]


def stratified(count: int, generator: torch.Generator) -> Tensor:
    """Uniform on (0, 1), (count,): one draw in each of `count` equal slices, in random order."""
    slices = torch.randperm(count, generator=generator) + torch.rand(count, generator=generator)
    return slices / count


def logit_normal_times(
    count: int, generator: torch.Generator, mean: float = 0.0, deviation: float = 1.0
) -> Tensor:
    """t in (0, 1), (count,): the logistic function of a normal, dense in the middle; stratified."""
    quantiles = stratified(count, generator).clamp(1e-4, 1 - 1e-4)
    normal = torch.erfinv(2 * quantiles - 1) * 2**0.5
    return torch.sigmoid(mean + deviation * normal)


def uniform_times(count: int, generator: torch.Generator, path: Path) -> Tensor:
    """t uniform between the path's ends, (count,), as in Ho et al. 2020, Song et al. 2021 and
    Lipman et al. 2023; stratified."""
    data, noise = path.ends
    return data + (noise - data) * stratified(count, generator)


@dataclass(frozen=True)
class Denoising:
    """Regression of a prediction at x_t = alpha x_0 + sigma epsilon, squared error a picture.

    epsilon: L_simple, Ho et al. 2020 (arXiv:2006.11239), eq. 14.
    score: sigma^2 |s + epsilon / sigma|^2, denoising score matching (Vincent 2011) with the weight
        lambda(t) = sigma^2 of Song & Ermon 2019 (arXiv:1907.05600), section 4.2, and Song et al.
        2021 (arXiv:2011.13456), eq. 7: every noise level then counts alike.
    velocity: conditional flow matching, Lipman et al. 2023 (arXiv:2210.02747), eq. 9.
    v: Salimans & Ho 2022 (arXiv:2202.00512), appendix D. x0: Karras et al. 2022
        (arXiv:2206.00364), eq. 2, unweighted.

    All have one minimum, E[prediction | x_t]; they differ in how the noise levels are weighed.
    """

    path: Path
    prediction: Prediction

    @classmethod
    def named(cls, path: str, prediction: str) -> Denoising:
        """By the names that recipes use. Raises UsageError."""
        if prediction not in PREDICTIONS:
            known = ", ".join(PREDICTIONS)
            raise UsageError(f"there is no prediction {prediction!r}; choose one of {known}")
        return cls(find_path(path), PREDICTIONS[prediction])

    def losses(
        self,
        network: TimedNetwork,
        x0: Tensor,
        times: Tensor,
        noise: Tensor,
        channel_weights: Tensor | None = None,
    ) -> Tensor:
        """(B,) losses, each a mean over the picture's numbers.

        Args:
            network: (x_t, t) -> the prediction.
            x0, noise: (B, C, H, W), or points (B, D).
            times: (B,) in the path's unit, between its ends.
            channel_weights: (C,), how much each channel counts; all alike if None. The minimum is
                the same whatever they are; they say what a small network gets right first.
        """
        predicted = network(self.path.mix(x0, noise, times), times)
        error = (predicted.float() - self.prediction.target(x0, noise, self.path, times)) ** 2
        if isinstance(self.prediction, Score):
            error = error * self.path.sigma(per_picture(times, x0)) ** 2
        if channel_weights is not None:
            error = error * channel_weights[:, None, None]
        return error.mean(tuple(range(1, error.ndim)))
