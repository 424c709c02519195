"""PNDM: Adams and Bashforth's formulas with DDIM's step. Must not import torch at run time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.schedules import Schedule, UniformLambda, variance_preserving
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream

    Point = tuple[float, float]  # (alpha, sigma)

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


def transfer(x: Tensor, epsilon: Tensor, point: Point, point_next: Point) -> Tensor:
    """The paper's transfer part: DDIM's step with any epsilon, d(x / alpha) = epsilon d sigma_bar.

    alpha must be above 0.
    """
    (alpha, sigma), (alpha_next, sigma_next) = point, point_next
    ratio = alpha_next / alpha
    return ratio * x + (sigma_next - ratio * sigma) * epsilon


def extrapolated(past: tuple[Tensor, ...]) -> Tensor:
    """The mean epsilon over the coming step, of a polynomial through those of equal steps past."""
    weights = ADAMS_BASHFORTH[len(past) - 1]
    mean = weights[0] * past[0]
    for weight, epsilon in zip(weights[1:], past[1:], strict=True):
        mean = mean + weight * epsilon
    return mean


def heun(
    denoiser: Denoiser, x: Tensor, epsilon: Tensor, point: Point, point_next: Point
) -> tuple[Tensor, int]:
    """The mean epsilon of both ends of the step, and what it cost."""
    there = denoiser(transfer(x, epsilon, point, point_next), *point_next)
    return 0.5 * (epsilon + there.epsilon), there.nfe


def runge_kutta(
    denoiser: Denoiser, x: Tensor, epsilon: Tensor, point: Point, point_next: Point
) -> tuple[Tensor, int]:
    """The classical four-stage mean, the middle taken in sigma_bar, and what it cost."""
    sigma_bar = 0.5 * (point[1] / point[0] + point_next[1] / point_next[0])
    middle = variance_preserving(sigma_bar / (1.0 + sigma_bar))
    second = denoiser(transfer(x, epsilon, point, middle), *middle)
    third = denoiser(transfer(x, second.epsilon, point, middle), *middle)
    fourth = denoiser(transfer(x, third.epsilon, point, point_next), *point_next)
    mean = (epsilon + 2.0 * second.epsilon + 2.0 * third.epsilon + fourth.epsilon) / 6.0
    return mean, second.nfe + third.nfe + fourth.nfe


#: How many steps each warm-up makes, and how.
WARMUPS: dict[str, tuple[int, Callable[..., tuple[Tensor, int]]]] = {
    "heun": (1, heun),
    "runge-kutta": (3, runge_kutta),
}


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
    *,
    warmup: str = "heun",
) -> Iterator[State]:
    """Linear multistep in epsilon: fourth order on steps even in sigma_bar, second on any other
    smooth grid, whose unequal steps the weights ignore (the paper proves second).

    At pure noise epsilon is x itself and tells the next steps nothing: it is not remembered.
    """
    points = [variance_preserving(t) for t in schedule(steps)]
    warm_steps, warm = WARMUPS[warmup]
    x, nfe = noise, 0
    past: tuple[Tensor, ...] = ()  # the last epsilons, newest first
    for step, (point, point_next) in enumerate(pairwise(points), start=1):
        here = denoiser(x, *point)
        nfe += here.nfe
        if point[0] == 0.0:
            x = point_next[0] * here.x0 + point_next[1] * here.epsilon
        else:
            past = (here.epsilon, *past[:3])
            x = here.origin(x)
            if len(past) <= warm_steps and point_next[1] > 0.0:
                epsilon, further = warm(denoiser, x, here.epsilon, point, point_next)
                nfe += further
            else:
                epsilon = extrapolated(past)
            x = transfer(x, epsilon, point, point_next)
        yield State(step, steps, *point_next, x, here.x0, nfe)
