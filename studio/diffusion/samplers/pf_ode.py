"""The probability-flow ODE with an adaptive solver. Must not import torch at run time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.runge_kutta import Tableau, combined
from studio.diffusion.schedules import Schedule, UniformLambda
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoised, Denoiser
    from studio.diffusion.noise import NoiseStream

SAMPLER = SamplerSpec(
    name="sde-pf-ode",
    label="Probability-flow ODE, adaptive",
    family="sde",
    order=3.0,
    stochastic=False,
    nfe_per_step=None,
    default_steps=25,
    summary="Solves the SDE's noiseless twin to a tolerance; the steps here are only shown.",
    source="Song et al. 2021, arXiv:2011.13456, section 4.3; Bogacki & Shampine 1989",
    parameters=(
        Parameter(
            "tolerance",
            "Tolerance",
            1e-3,
            "The error allowed in a step, of 1 plus the size of the number it is in.",
            low=1e-6,
            high=0.1,
        ),
    ),
)
SCHEDULE = UniformLambda()

#: Bogacki & Shampine 1989, of order 3; the slope at the end of a step is a fourth stage, and the
#: first of the next step.
BOGACKI_SHAMPINE = Tableau((1 / 2, 3 / 4), ((1 / 2,), (0.0, 3 / 4)), (2 / 9, 1 / 3, 4 / 9))
#: The four slopes' weights in (order 3 minus order 2).
ERROR = (-5 / 72, 1 / 12, 1 / 9, -1 / 8)
#: Where a run onto clean data leaves the solver (the paper's epsilon, appendix C).
LAST = 1e-3
#: No step is shorter: an error that is left then is the network's rounding, which none would mend.
SHORTEST = 1e-3


@dataclass
class _Solver:
    """The run so far: x at the angle phi, the end of the last accepted step, and the answer there.

    On the VP path alpha = cos phi and sigma = sin phi, from phi = pi / 2 (noise) to 0 (data).
    """

    denoiser: Denoiser
    x: Tensor
    phi: float
    tolerance: float
    nfe: int = 0
    here: Denoised = field(init=False)
    slope: Tensor = field(init=False)
    h: float = field(init=False)  # the next step to try
    start: tuple[Tensor, float, Tensor, Denoised] = field(init=False)  # of the last accepted step

    def __post_init__(self) -> None:
        self.here, self.slope = self.asked(self.x, self.phi)
        self.h = self.tolerance ** (1.0 / 3.0)

    def asked(self, x: Tensor, phi: float) -> tuple[Denoised, Tensor]:
        """The answer at x, and dx/dphi = cos(phi) epsilon - sin(phi) x0."""
        alpha, sigma = math.cos(phi), math.sin(phi)
        here = self.denoiser(x, alpha, sigma)
        self.nfe += here.nfe
        return here, alpha * here.epsilon - sigma * here.x0

    def trial(self, phi_next: float, x: Tensor) -> tuple[Tensor, Denoised, Tensor, float]:
        """A step on from x: x at phi_next, the answer and the slope there, and the step's error
        over the one allowed, tolerance (1 + |x|): the root mean square of the worst picture. The
        next step depends on that number, so each trial waits for the device."""
        h = phi_next - self.phi
        x_next, slopes = BOGACKI_SHAMPINE.step(
            lambda x, phi: self.asked(x, phi)[1], x, self.phi, h, self.slope
        )
        there, slope = self.asked(x_next, phi_next)
        allowed = self.tolerance * (1.0 + x.abs().maximum(x_next.abs()))
        ratios = (h * combined(ERROR, [*slopes, slope]) / allowed).flatten(1)
        return x_next, there, slope, float(ratios.square().mean(1).sqrt().max())

    def advance(self, end: float) -> None:
        """One accepted step towards phi = end, never past it; its length follows the cube root of
        the error. Numbers that overflowed pass, for the run has to end."""
        x = self.here.origin(self.x)
        while True:
            phi_next = max(self.phi - self.h, end)
            x_next, there, slope, error = self.trial(phi_next, x)
            length = self.phi - phi_next
            within = 1e-3 < error < math.inf
            factor = min(max(0.9 * error ** (-1.0 / 3.0), 0.2), 5.0) if within else 5.0
            self.h = max(length * factor, SHORTEST)
            if length < 1.01 * SHORTEST or not 1.0 < error < math.inf:
                break
        self.start = (x, self.phi, self.slope, self.here)
        self.x, self.phi, self.here, self.slope = x_next, phi_next, there, slope

    def at(self, phi: float) -> tuple[Tensor, Denoised]:
        """x at phi, on the cubic through both ends of the last step, and the answer it was reached
        from. Beyond its end x0 and epsilon stay as they are there."""
        if phi < self.phi:
            here = self.here
            return math.cos(phi) * here.x0 + math.sin(phi) * here.epsilon, here
        x, phi_start, slope, here = self.start
        h = self.phi - phi_start
        theta = (phi - phi_start) / h
        whole = self.x - x
        bend = (1.0 - 2.0 * theta) * whole + h * ((theta - 1.0) * slope + theta * self.slope)
        return x + theta * (whole + (theta - 1.0) * bend), here


def sample(
    denoiser: Denoiser,
    noise: Tensor,
    steps: int,
    stream: NoiseStream,
    schedule: Schedule = SCHEDULE,
    *,
    tolerance: float = 1e-3,
) -> Iterator[State]:
    """dx = (f x - g^2 score / 2) dt (eq. 13) in steps of the solver's own; the schedule's points
    are read off between them. A trial step takes 3 evaluations, rejected or not.

    The clock is the angle phi of the VP path: with it the slope is the v-prediction (Salimans & Ho
    2022, arXiv:2202.00512, appendix D), as large as x from pure noise to clean data. The pictures
    of a batch share their steps, so each is the one made alone only to the tolerance.
    """
    phis = [math.atan2(t, 1.0 - t) for t in schedule(steps)]
    end = phis[-1] if phis[-1] > 0.0 else min(LAST, phis[-2])
    solver = _Solver(denoiser, noise, phis[0], tolerance)
    for step, phi in enumerate(phis[1:], start=1):
        while solver.phi > max(phi, end):
            solver.advance(end)
        x, here = solver.at(phi)
        yield State(step, steps, math.cos(phi), math.sin(phi), x, here.x0, solver.nfe)
