"""The registry of samplers: every module here with a SAMPLER is one.

Adding a sampler is adding a file: a SamplerSpec, its own SCHEDULE, and `Steps`, a Run that says
what a step is. A run is a generator: it draws nothing on the screen, counts no progress and cannot
be cancelled except by not asking it for the next State. Importing this package, and any sampler in
it, does not import torch.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from studio.core.errors import no_such
from studio.core.specs import FAMILIES, Option, Options, SamplerSpec, checked_options, one_name
from studio.diffusion.samplers.run import Run
from studio.diffusion.schedules import Schedule
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.noise import NoiseStream


@dataclass(frozen=True)
class Sampler:
    """A sampler, and the schedule that is its own."""

    spec: SamplerSpec
    schedule: Schedule
    make: type[Run]

    def sample(
        self,
        denoiser: Denoiser,
        noise: Tensor,
        steps: int,
        stream: NoiseStream,
        schedule: Schedule | None = None,
        **options: Option,
    ) -> Iterator[State]:
        """From noise to pictures, one State a step; the last State's x are the pictures.

        noise: standard normal (B, C, H, W). stream: the further noise of a stochastic sampler.
        schedule: where the steps lie; None is the sampler's own. options: see the spec.
        """
        points = [self.make.point(t) for t in (schedule or self.schedule)(steps)]
        return self.make(denoiser, stream, points, **options).states(noise)

    def run(
        self,
        denoiser: Denoiser,
        noise: Tensor,
        steps: int,
        stream: NoiseStream,
        schedule: Schedule | None = None,
        options: Options = (),
    ) -> Iterator[State]:
        """`sample` with checked options. Raises UsageError."""
        chosen = dict(checked_options(self.spec.name, self.spec.parameters, options))
        return self.sample(denoiser, noise, steps, stream, schedule, **chosen)


@cache
def _registry() -> dict[str, Sampler]:
    names = [f"{__name__}.{found.name}" for found in pkgutil.iter_modules(__path__)]
    modules = [importlib.import_module(name) for name in names]
    samplers = [Sampler(m.SAMPLER, m.SCHEDULE, m.Steps) for m in modules if hasattr(m, "SAMPLER")]
    families = list(FAMILIES)
    samplers.sort(key=lambda s: (families.index(s.spec.family), s.spec.order, s.spec.name))
    return {sampler.spec.name: sampler for sampler in samplers}


def all_samplers() -> tuple[SamplerSpec, ...]:
    """Every sampler's spec, by family, then by order of convergence."""
    return tuple(sampler.spec for sampler in _registry().values())


def known_as(name: str) -> str:
    """The name that an alias stands for, as in pictures of older versions; others as they are."""
    return one_name(name, all_samplers())


def find(name: str) -> Sampler:
    """The sampler of that name or alias, or a family's default by its family's; else UsageError."""
    for sampler in _registry().values():
        if name in (sampler.spec.name, *sampler.spec.aliases) or (
            sampler.spec.family == name and sampler.spec.is_family_default
        ):
            return sampler
    raise no_such("sampler", name, dict.fromkeys((*FAMILIES, *_registry())))
