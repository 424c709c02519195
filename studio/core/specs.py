"""What can be chosen and how: the specs that registries hold and that panels and the CLI list."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SamplerSpec:
    """A sampler as the user meets it.

    `order` is the order of convergence (0.5 for Euler-Maruyama, strong). `nfe_per_step` counts
    denoiser evaluations without guidance. `family` is one of "ddpm", "sde", "flow".
    `is_family_default` marks the sampler that the bare family name means.
    """

    name: str
    label: str
    family: str
    order: float
    stochastic: bool
    nfe_per_step: int
    default_steps: int
    summary: str
    source: str
    is_family_default: bool = False


FAMILIES = {"ddpm": "DDPM", "sde": "SDE", "flow": "Flow"}
