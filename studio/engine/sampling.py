"""From settings to sampler states: one place, for single pictures and for comparisons.

Imports torch (the rest of the engine imports this lazily). Must not import Qt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor

from studio.core.requests import Settings
from studio.diffusion import samplers
from studio.diffusion.noise import NoiseStream
from studio.diffusion.state import State
from studio.models.model import Model

Watch = Callable[[Tensor], None]  # given epsilon_c - epsilon_u (B, C, h, w) at each guided step


def states(
    model: Model, settings: Settings, seeds: Sequence[int], watch: Watch | None = None
) -> Iterator[State]:
    """The sampler's states for len(seeds) pictures that differ in their seeds only.

    Raises UsageError for a sampler, an option, a schedule or a size that does not exist.
    """
    sampler = samplers.find(settings.sampler)
    denoiser = model.guided(
        settings.prompt,
        settings.negative,
        settings.guidance,
        settings.guidance_interval,
        len(seeds),
    )
    stream = NoiseStream(seeds)
    noise = stream.initial(model.latent_shape(settings.size), model.device)
    return sampler.run(denoiser, noise, settings.steps, stream, None, settings.options)
