"""Two schedulers of diffusers that need more than their `step`: one has another, one a slip."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
from diffusers import DPMSolverMultistepScheduler
from diffusers.schedulers.deprecated.scheduling_karras_ve import KarrasVeScheduler
from torch import Tensor

from studio.diffusion.denoiser import Network
from studio.diffusion.paths import Path


class ThirdOrderSde(DPMSolverMultistepScheduler):
    """Theirs with phi_3 = 1/2 - phi_2 / (2 h) before D2, as k-diffusion's sample_dpmpp_3m_sde has
    it and as their own ODE solver does; their SDE solver (in 0.42) has -1/2 in the place of 1/2.
    """

    def multistep_dpm_solver_third_order_update(
        self, model_output_list: list[Tensor], *args: Any, **keywords: Any
    ) -> Tensor:
        x = super().multistep_dpm_solver_third_order_update(model_output_list, *args, **keywords)
        now = self.step_index
        lambdas = [-math.log(float(self.sigmas[k])) for k in (now + 1, now, now - 1, now - 2)]
        h, h0, h1 = (a - b for a, b in pairwise(lambdas))
        newest, before, oldest = reversed(model_output_list)
        d2 = (h / (h0 + h1)) * ((newest - before) * (h / h0) - (before - oldest) * (h / h1))
        return x + d2 / math.hypot(1.0, float(self.sigmas[now + 1]))


def churned(
    scheduler: KarrasVeScheduler, network: Network, path: Path, noise: Tensor, seed: int
) -> list[Tensor]:
    """KarrasVePipeline's loop (algorithm 2): every x at scale 1, on its sigmas and clean data."""
    generator = torch.Generator().manual_seed(seed)

    def asked(x: Tensor, sigma: float) -> Tensor:
        """-epsilon of the network, which lives on the VP path."""
        times = torch.full((len(x),), path.t_from_lambda(-math.log(sigma)))
        return -network(x / math.hypot(1.0, sigma), times, None)

    sigmas = [*(float(sigma) for sigma in reversed(scheduler.schedule)), 0.0]
    x, found = math.hypot(1.0, sigmas[0]) * noise, []
    for sigma, after in pairwise(sigmas):
        hat, sigma_hat = scheduler.add_noise_to_input(x, sigma, generator)
        step = scheduler.step(asked(hat, sigma_hat), sigma_hat, after, hat)
        x = step.prev_sample
        if after > 0.0:
            output = asked(x, after)
            x = scheduler.step_correct(
                output, sigma_hat, after, hat, x, step.derivative
            ).prev_sample
        found.append(x / math.hypot(1.0, after))
    return found


CLASSES = {"KarrasVeScheduler": KarrasVeScheduler, "ThirdOrderSde": ThirdOrderSde}
