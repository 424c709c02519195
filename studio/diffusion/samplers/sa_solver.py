"""SA-Solver: Adams's predictor and corrector for the reverse SDEs. No torch at run time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.samplers.dpmpp_2m_sde import renewal
from studio.diffusion.samplers.run import Known, Run, Step
from studio.diffusion.samplers.unipc import mean_x0
from studio.diffusion.schedules import UniformLambda

if TYPE_CHECKING:
    from torch import Tensor

SAMPLER = SamplerSpec(
    name="sa-solver",
    label="SA-Solver",
    family="sde",
    order=1.0,
    stochastic=True,
    nfe_per_step=1,
    default_steps=50,
    summary="Renews its noise and corrects each step with the evaluation that begins the next.",
    source="Xue et al. 2023, arXiv:2309.05019, algorithm 1, in data prediction",
    parameters=(
        Parameter(
            "tau",
            "Tau",
            1.0,
            "How fast the noise is renewed: 0 never (an ODE solver), 1 as the reverse-time SDE.",
            low=0.0,
            high=1.6,
        ),
        Parameter("predictor_order", "Predictor's order", 3, "Points that it goes through.", 1, 4),
        Parameter(
            "corrector_order",
            "Corrector's order",
            3,
            "Points that it goes through, the new one among them; 1 does not correct.",
            low=1,
            high=4,
        ),
    ),
)
SCHEDULE = UniformLambda()


def adams(x: Tensor, at: Point, to: Point, nodes: Sequence[Known], tau: float) -> Tensor:
    """The mean of x at `to`, x0(lambda) the polynomial through the nodes, the first at `at`: the
    predictor, or with the prediction at `to` among them the corrector.

    x_next = (sigma_next / sigma) e^(-tau^2 h) x + alpha_next k int_0^h e^(k (s - h)) x0(lambda + s)
    ds, k = 1 + tau^2: UniPC's integral over k h. Of two nodes the second has the weight k h / 2 of
    the authors' code, which is off by O(h^3) a step.
    """
    h = to.lam - at.lam
    kh = (1.0 + tau**2) * h
    (_, x0), *others = nodes
    mean = mean_x0(kh, x0, [((lam - at.lam) / h, other) for lam, other in others], 0.5 * kh)
    kept, _ = renewal(h, tau**2)
    return (to.sigma / at.sigma * kept) * x + to.alpha * mean


class Steps(Run):
    """Predict, evaluate, correct with the same noise: one evaluation a step, at the predicted x.

    The SDEs are dpmpp-2m-sde's with eta = tau^2; paths converge as tau h + h^order. The first steps
    have a shorter past, the last before clean data fall back order by order. Where guidance moves
    x (CFG++), its point stands in for the corrected one. Pure noise is not remembered.
    """

    before: tuple[Tensor, Point, Tensor | float] | None = None  # x, point, noise of the last step

    def step(
        self,
        x: Tensor,
        at: Point,
        to: Point,
        *,
        tau: float = 1.0,
        predictor_order: int = 3,
        corrector_order: int = 3,
    ) -> Step:
        here = self.denoiser(x, *at)
        known, *past = self.remembered(at, here.x0)
        if self.before is not None and corrector_order > 1:
            x_before, at_before, added = self.before
            nodes = [past[0], known, *past[1:]][: min(corrector_order, self.left + 2)]
            x = adams(x_before, at_before, at, nodes, tau) + added
        x = here.origin(x)
        fresh = to.sigma * renewal(to.lam - at.lam, tau**2)[1]
        added = fresh * self.stream.like(x) if fresh > 0.0 else 0.0
        self.before = (x, at, added) if at.alpha > 0.0 else None
        nodes = [known, *past][: min(predictor_order, self.left)]
        return adams(x, at, to, nodes, tau) + added, here
