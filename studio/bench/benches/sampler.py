"""What a sampler's loop costs over the network calls that it makes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from studio.bench.bench import Bench, Conditions, Row

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoised

SAMPLERS = ("flow-euler", "flow-heun", "dpmpp-2m", "ddpm", "sde-euler")
STEPS = 10
GOAL = 1.05


def measure(conditions: Conditions) -> Iterator[Row]:
    import torch

    for name in SAMPLERS[: 1 if conditions.quick else None]:
        with torch.inference_mode():
            whole, bare = loop_and_calls(conditions, name)
        yield Row(f"{name}: {STEPS} steps over their bare calls", whole / bare, "x", GOAL)


def loop_and_calls(conditions: Conditions, name: str) -> tuple[float, float]:
    """Seconds of a sampler's loop, and of the same guided calls without it."""
    from studio.diffusion import samplers
    from studio.diffusion.noise import NoiseStream
    from studio.models.plan import Plan

    model, settings = conditions.model, conditions.settings
    denoiser = Plan.of(settings).guided(model)
    calls: list[tuple[Tensor, float, float]] = []

    def recorded(x: Tensor, alpha: float, sigma: float) -> Denoised:
        calls.append((x, alpha, sigma))
        return denoiser(x, alpha, sigma)

    stream = NoiseStream([settings.seed])
    noise = stream.initial(model.latent_shape(settings.size)).to(model.device)

    def loop() -> None:
        for _ in samplers.find(name).run(denoiser, noise, STEPS, stream):
            pass

    def bare() -> None:
        for call in calls:
            denoiser(*call)

    for _ in samplers.find(name).run(recorded, noise, STEPS, stream):
        pass
    whole, alone = conditions.fastest(loop, bare, repeats=7)
    return whole, alone


BENCH = Bench("sampler", "the samplers' loops over their bare network calls", measure)
