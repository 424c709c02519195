"""CFG++: guidance that does not touch the noise. Must not import torch at run time."""

from __future__ import annotations

from dataclasses import dataclass

from studio.core.specs import GuidanceSpec, Parameter
from studio.diffusion.denoised import Denoised, Denoiser
from studio.diffusion.guidance.guided import Guided, extrapolate

GUIDANCE = GuidanceSpec(
    name="cfg++",
    label="CFG++",
    summary="Guides the clean picture between unconditional and conditional, and renoises it with"
    " the unconditional noise.",
    source="Chung et al. 2024, arXiv:2406.08070, algorithm 2",
    parameters=(
        Parameter(
            "full",
            "Full scale",
            6.25,
            "The guidance at which the clean picture is the conditional's; a quarter of the steps"
            " makes CFG++ about as strong as plain guidance.",
            1.0,
            30.0,
        ),
    ),
)


@dataclass(frozen=True)
class ClassifierFreePlusPlus(Guided):
    """x0 = x0_u + weight (x0_c - x0_u), 0 <= weight <= 1 (the paper's lambda), epsilon = epsilon_u.

    A step of DDIM or of the flow's Euler is x_next = alpha_next x0 + sigma_next epsilon, which is
    the paper's update as it stands. Other samplers step from x: they go on from
    `moved` = alpha x0 + sigma epsilon_u, the point that the parted pair belongs to.

    One DDIM step equals classifier-free guidance's with w = weight r / (r - sigma_next), where
    r = sigma alpha_next / alpha. On a flow (alpha = 1 - t; leaving it out is the usual mistake)
    that is w = weight t (1 - t_next) / (t - t_next): largest half-way, and the larger the smaller
    the steps. So no ODE stands behind CFG++, and more steps do not converge to one picture.

    weight = scale / full, at most 1. By the equation above, half-way through N even steps of a flow
    the equal scale is about weight N / 4, so full = N / 4 makes a scale mean there what it means to
    classifier-free guidance: 12.5 for the authors' 50 steps, as they pair them, 6.25 for 25. With
    full = 1 the scale is the weight. weight = 0 is unconditional, in one evaluation.
    """

    full: float = 6.25

    @property
    def weight(self) -> float:
        return min(self.scale / self.full, 1.0)

    @property
    def alone(self) -> Denoiser | None:
        return self.unconditional if self.weight == 0.0 else None

    def mixed(
        self, conditional: Denoised, unconditional: Denoised, alpha: float, sigma: float
    ) -> Denoised:
        x0 = extrapolate(unconditional, conditional, self.weight).x0
        epsilon = unconditional.epsilon
        return Denoised(x0, epsilon, unconditional.nfe, moved=alpha * x0 + sigma * epsilon)


guide = ClassifierFreePlusPlus
