"""What a sampler yields after every step. Must not import torch at run time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class State:
    """The run after `step` of `steps` steps.

    x = alpha x0 + sigma epsilon is the sample (B, C, H, W) on the sampler's own path; `x0` is the
    clean picture as predicted at the start of this step; `nfe` counts network evaluations per
    picture so far. The last state has alpha = 1 and sigma = 0: its x is the picture.
    """

    step: int
    steps: int
    alpha: float
    sigma: float
    x: Tensor
    x0: Tensor
    nfe: int
