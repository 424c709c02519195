"""PNDM: Adams and Bashforth's formulas with DDIM's step. Must not import torch at run time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.denoised import Denoiser
from studio.diffusion.paths import Point
from studio.diffusion.runge_kutta import combined
from studio.diffusion.samplers.run import Run, Step
from studio.diffusion.schedules import UniformLambda, variance_preserving

if TYPE_CHECKING:
    from torch import Tensor

SAMPLER = SamplerSpec(
    name="pndm",
    label="PNDM",
    family="ddpm",
    order=2.0,
    stochastic=False,
    nfe_per_step=1,
    default_steps=60,
    summary="Extrapolates the noise from four steps as if equally long; give it 50 steps or more.",
    source="Liu et al. 2022, arXiv:2202.09778",
    parameters=(
        Parameter(
            "warmup",
            "Warm-up",
            "heun",
            "The first steps, without a past: one by Heun (1 more evaluation) or three by"
            " Runge-Kutta (9 more).",
            choices=("heun", "runge-kutta"),
        ),
    ),
)
SCHEDULE = UniformLambda()

#: Weights of the last epsilons, newest first: the classical formulas of orders 1 to 4.
ADAMS_BASHFORTH = (
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)


def transfer(x: Tensor, epsilon: Tensor, at: Point, to: Point) -> Tensor:
    """The paper's transfer part: DDIM's step with any epsilon, d(x / alpha) = epsilon d sigma_bar.

    alpha must be above 0.
    """
    (alpha, sigma), (alpha_next, sigma_next) = at, to
    ratio = alpha_next / alpha
    return ratio * x + (sigma_next - ratio * sigma) * epsilon


def heun(denoiser: Denoiser, x: Tensor, epsilon: Tensor, at: Point, to: Point) -> Tensor:
    """The mean epsilon of both ends of the step."""
    return 0.5 * (epsilon + denoiser(transfer(x, epsilon, at, to), *to).epsilon)


def runge_kutta(denoiser: Denoiser, x: Tensor, epsilon: Tensor, at: Point, to: Point) -> Tensor:
    """The classical four-stage mean, the middle taken in sigma_bar."""
    sigma_bar = 0.5 * (at.sigma / at.alpha + to.sigma / to.alpha)
    middle = variance_preserving(sigma_bar / (1.0 + sigma_bar))
    second = denoiser(transfer(x, epsilon, at, middle), *middle).epsilon
    third = denoiser(transfer(x, second, at, middle), *middle).epsilon
    fourth = denoiser(transfer(x, third, at, to), *to).epsilon
    return (epsilon + 2.0 * second + 2.0 * third + fourth) / 6.0


#: How many steps each warm-up makes, and how.
WARMUPS: dict[str, tuple[int, Callable[..., Tensor]]] = {
    "heun": (1, heun),
    "runge-kutta": (3, runge_kutta),
}


class Steps(Run):
    """Linear multistep in epsilon: fourth order on steps even in sigma_bar, second on any other
    smooth grid, whose unequal steps the weights ignore (the paper proves second).

    At pure noise epsilon is x itself and tells the next steps nothing: it is not remembered.
    """

    def step(self, x: Tensor, at: Point, to: Point, *, warmup: str = "heun") -> Step:
        here = self.denoiser(x, *at)
        if at.alpha == 0.0:
            return to.alpha * here.x0 + to.sigma * here.epsilon, here
        x, epsilons = here.origin(x), [e for _, e in self.remembered(at, here.epsilon)]
        warm_steps, warm = WARMUPS[warmup]
        if len(epsilons) <= warm_steps and to.sigma > 0.0:
            epsilon = warm(self.denoiser, x, here.epsilon, at, to)
        else:  # the mean over the coming step, of a polynomial through those of equal steps past
            epsilon = combined(ADAMS_BASHFORTH[len(epsilons) - 1], epsilons)
        return transfer(x, epsilon, at, to), here
