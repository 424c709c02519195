"""Orders of convergence and marginals, on a Gaussian whose flow map is known exactly."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from studio.core.specs import Option, SamplerSpec
from studio.diffusion.noise import NoiseStream
from studio.diffusion.paths import VariancePreserving, evenly, rf_time
from studio.diffusion.samplers import all_samplers, find
from studio.diffusion.schedules import Schedule

from .mixture import Mixture

MEAN, STD = 0.7, 0.4
GAUSSIAN = Mixture((1.0,), ((MEAN,),), (STD,))


def name_of(spec: SamplerSpec) -> str:
    return spec.name


def marginal_std(alpha: float, sigma: float) -> float:
    return math.hypot(alpha * STD, sigma)


def stopping_grid(steps: int) -> tuple[float, ...]:
    """Even in lambda from -5 to 2: a last jump to sigma = 0 would make 2M first order.

    A multistep sampler has no past at first, and a first step like DDIM's errs by h^2. Near pure
    noise, where real runs start, x0 hardly moves with lambda (as e^(2 lambda)) and that error is
    nothing; from -3 on it would hide a third order.
    """
    return tuple(rf_time(-5.0 + 7.0 * i / steps) for i in range(steps + 1))


def flow_error(name: str, steps: int, grid: Schedule = stopping_grid, **options: Option) -> float:
    """Along the ODE (x - alpha mean) / std_t is conserved, which maps any start to its end."""
    noise = torch.linspace(-2.0, 2.0, 9, dtype=torch.float64).reshape(-1, 1, 1, 1)
    sample = find(name).sample
    *_, last = sample(GAUSSIAN, noise, steps, NoiseStream([]), grid, **options)
    t = grid(steps)[0]
    alpha, sigma = (1.0 - t) / math.hypot(1.0 - t, t), t / math.hypot(1.0 - t, t)
    conserved = (noise - alpha * MEAN) / marginal_std(alpha, sigma)
    exact = last.alpha * MEAN + marginal_std(last.alpha, last.sigma) * conserved
    return float((last.x - exact).abs().max())


def time_grid(steps: int) -> tuple[float, ...]:
    """Even in t, which suits the solvers in t as stopping_grid suits those in lambda."""
    return evenly(1.0, rf_time(2.0), steps + 1)


# Their orders are measured with their families: midpoint gains one on a single Gaussian, whose
# std_t^2 is quadratic in t, and adaptive solvers choose their own steps.
ELSEWHERE = ("flow-midpoint", "flow-dopri5", "sde-pf-ode")
ODE_SAMPLERS = [s for s in all_samplers() if not s.stochastic and s.name not in ELSEWHERE]


@pytest.mark.parametrize("spec", ODE_SAMPLERS, ids=name_of)
def test_each_ode_sampler_converges_at_the_order_it_states(spec: SamplerSpec) -> None:
    grid = time_grid if spec.name == "flow-rk4" else stopping_grid
    coarse, fine = (flow_error(spec.name, steps, grid) for steps in (160, 640))
    assert math.log(coarse / fine, 4.0) == pytest.approx(spec.order, abs=0.1)


class Basis(NoiseStream):
    """Draws that are unit vectors. Sampling a centred Gaussian is linear in its noises, so a batch
    of unit noises holds every coefficient, and the sum of their squares is the exact variance.
    """

    def __init__(self) -> None:
        super().__init__([])
        self.drawn = 0

    def like(self, x: Tensor) -> Tensor:
        self.drawn += 1
        unit = torch.zeros_like(x)
        unit[self.drawn] = 1.0
        return unit


def variance_bias(name: str, steps: int) -> float:
    """std(x) / sqrt(alpha^2 s^2 + sigma^2) - 1 at lambda = 2, without sampling error."""
    noise = torch.zeros(2 * steps + 1, 1, 1, 1, dtype=torch.float64)  # at most two draws a step
    noise[0] = 1.0
    centred = Mixture((1.0,), ((0.0,),), (STD,))
    grid = tuple(rf_time(-5.0 + 7.0 * i / steps) for i in range(steps + 1))
    *_, last = find(name).sample(centred, noise, steps, Basis(), lambda _: grid)
    return float(last.x.square().sum().sqrt()) / marginal_std(last.alpha, last.sigma) - 1.0


# Those with a step's own x0, of order 1; the others are of higher order (see test_sde_family), but
# for Langevin's corrector, whose own steps do not get shorter.
FIRST_ORDER = ("ddpm", "sde-euler", "euler-ancestral", "flow-sde")


@pytest.mark.parametrize("name", [s.name for s in all_samplers() if s.stochastic])
def test_stochastic_samplers_converge_to_the_marginal(name: str) -> None:
    """Ancestral steps under-disperse and Euler-Maruyama over-disperses, by order 1 (weakly)."""
    coarse, fine = variance_bias(name, 100), variance_bias(name, 400)
    assert abs(fine) < 0.02
    order = math.log(coarse / fine, 4.0)
    if name in FIRST_ORDER:
        assert order == pytest.approx(1.0, abs=0.1)
    elif name != "sde-pc":
        assert order > 1.5


def test_the_sde_sampler_spends_the_vp_sdes_beta() -> None:
    """A step of h in lambda integrates beta dt = 2 sigma^2 h of Song et al.'s linear beta(t)."""
    path = VariancePreserving()
    for t in (0.01, 0.3, 0.9):
        h = path.lambda_from_t(t - 1e-6) - path.lambda_from_t(t)
        assert 2.0 * path.sigma(t) ** 2 * h == pytest.approx(path.beta(t) * 1e-6, rel=1e-3)
