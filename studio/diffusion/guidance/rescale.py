"""Classifier-free guidance with its contrast put back. Must not import torch at run time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.core.specs import GuidanceSpec, Parameter
from studio.diffusion.denoised import Denoised
from studio.diffusion.guidance.guided import Guided, extrapolate

if TYPE_CHECKING:
    from torch import Tensor

GUIDANCE = GuidanceSpec(
    name="rescale",
    label="Rescaled",
    summary="Classifier-free guidance brought back to the contrast of the unguided picture.",
    source="Lin et al. 2023, arXiv:2305.08891, eqs. 14-16",
    parameters=(
        Parameter(
            "phi", "Rescaling", 0.7, "0: plain guidance; 1: the conditional's contrast.", 0.0, 1.0
        ),
    ),
)


@dataclass(frozen=True)
class Rescaled(Guided):
    """x0 = phi x0_g std(x0_c) / std(x0_g) + (1 - phi) x0_g, x0_g by classifier-free guidance.

    phi = 0 is classifier-free guidance, phi = 1 gives x0 the conditional's std. The std is over
    one picture. The paper rescales its network's own output, a v, which is -x0 at the noise end
    where guidance overexposes; we rescale x0 everywhere, so that the rule means one thing whatever
    the network predicts and whichever path it is asked on.
    """

    phi: float = 0.7

    def mixed(
        self, conditional: Denoised, unconditional: Denoised, alpha: float, sigma: float
    ) -> Denoised:
        guided = extrapolate(unconditional, conditional, self.scale)
        std, wanted = _std(guided.x0), _std(conditional.x0)
        factor = (wanted / std).where(std > 0.0, 1.0)  # a blank picture has no contrast to scale
        return guided.shifted(self.phi * (factor - 1.0) * guided.x0, alpha, sigma)


def _std(pictures: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, 1, 1, 1): each picture's own."""
    return pictures.std(dim=tuple(range(1, pictures.ndim)), correction=0, keepdim=True)


guide = Rescaled
