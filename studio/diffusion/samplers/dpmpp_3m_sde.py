"""DPM-Solver++ (3M) with fresh noise. Must not import torch at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.specs import Parameter, SamplerSpec
from studio.diffusion.paths import Point
from studio.diffusion.samplers import dpmpp_3m
from studio.diffusion.samplers.dpmpp_2m_sde import renewal
from studio.diffusion.samplers.dpmpp_3m import weighted_x0
from studio.diffusion.samplers.run import Step
from studio.diffusion.schedules import UniformLambda

if TYPE_CHECKING:
    from torch import Tensor

SAMPLER = SamplerSpec(
    name="dpmpp-3m-sde",
    label="DPM-Solver++ 3M SDE",
    family="sde",
    order=1.0,
    stochastic=True,
    nfe_per_step=1,
    default_steps=30,
    summary="DPM-Solver++ 3M that renews its noise on the way; the more, the higher eta.",
    source="k-diffusion, sample_dpmpp_3m_sde; Lu et al. 2022, arXiv:2211.01095",
    parameters=(
        Parameter(
            "eta",
            "Eta",
            1.0,
            "How fast the noise is renewed: 0 never (3M itself), 1 as the reverse-time SDE does.",
            low=0.0,
            high=1.0,
        ),
        Parameter(
            "curvature",
            "Curvature",
            "exact",
            "Weight of the second derivative: exact, or half of it as in the published code.",
            choices=("exact", "published"),
        ),
    ),
)
SCHEDULE = UniformLambda()


class Steps(dpmpp_3m.Steps):
    """The SDEs of dpmpp-2m-sde, x0 the parabola through the last three predictions. With the clock
    (1 + eta) lambda their integral over x0 is the ODE's, so the mean is dpmpp-3m's; with eta = 0
    all of it is. As there, the last step takes x0, and the one before two points in short runs.
    """

    def step(
        self, x: Tensor, at: Point, to: Point, *, eta: float = 1.0, curvature: str = "exact"
    ) -> Step:
        here = self.denoiser(x, *at)
        h, nodes = to.lam - at.lam, self.nodes(here.x0, at)
        kept, fresh = renewal(h, eta)
        faster = [((1.0 + eta) * lam, x0) for lam, x0 in nodes]
        x = (to.sigma / at.sigma * kept) * here.origin(x)
        x = x + to.alpha * weighted_x0((1.0 + eta) * h, faster, curvature)
        return self.renewed(x, to.sigma * fresh), here
