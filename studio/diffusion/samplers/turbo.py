"""Four jumps of a network that learnt to make them. Must not import torch at run time."""

from __future__ import annotations

from studio.core.specs import SamplerSpec
from studio.diffusion.samplers.flow_euler import Steps
from studio.diffusion.schedules import BetaQuantiles, Shifted

__all__ = ["SAMPLER", "SCHEDULE", "Steps"]

SAMPLER = SamplerSpec(
    name="turbo",
    label="Turbo",
    family="flow",
    order=1.0,
    stochastic=False,
    nfe_per_step=1,
    default_steps=4,
    summary="Four jumps with an adapter that learnt them, the guidance inside. Quick, less exact.",
    source="Meng et al. 2023, arXiv:2210.03142",
    needs="turbo",
)
SCHEDULE = Shifted(BetaQuantiles(), 2.0)  # every fourth time of the default sampler, in four steps
