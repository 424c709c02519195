"""The studio's loop and samplers against those of diffusers, on the same network and as many calls.

Their side is written as their pipelines are: the batch of two for guidance joined and parted in
every step, the scheduler's `step` after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from studio.bench.bench import Bench, Conditions, Row

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoiser import Network, NetworkDenoiser

#: Ours, theirs, and whether theirs is a flow's scheduler (which does not scale its input).
PAIRS = (
    ("flow-euler", "FlowMatchEulerDiscreteScheduler", True),
    ("flow-heun", "FlowMatchHeunDiscreteScheduler", True),
    ("ddim", "DDIMScheduler", False),
    ("dpmpp-2m", "DPMSolverMultistepScheduler", False),
    ("unipc", "UniPCMultistepScheduler", False),
    ("euler-ancestral", "EulerAncestralDiscreteScheduler", False),
)
STEPS = 5
GOAL = 1.02  # as quick as theirs; a network's least time differs so much from run to run


def measure(conditions: Conditions) -> Iterator[Row]:
    import torch

    for ours, theirs, flow in PAIRS[: 1 if conditions.quick else None]:
        with torch.inference_mode():
            real = both(conditions, ours, theirs, flow, False)
            free = both(conditions, ours, theirs, flow, True)
        yield Row(f"{ours} over {theirs}", real[0] / real[1], "x", GOAL)
        for whose, seconds in zip(("ours", "theirs"), free, strict=True):
            yield Row(f"{ours}: the loop without its network, a call, {whose}", seconds * 1e6, "us")


def both(
    conditions: Conditions, ours: str, theirs: str, flow: bool, free: bool
) -> tuple[float, float]:
    """Seconds a network call of ours and of theirs; `free`: with a network that costs nothing."""
    from dataclasses import replace

    from studio.diffusion import samplers
    from studio.diffusion.guidance import find
    from studio.diffusion.noise import NoiseStream

    model, settings = conditions.model, conditions.settings
    pair = [model.denoiser(model.condition([text])) for text in (settings.prompt, "")]
    counted = Counted(nothing if free else pair[0].network)
    pair = [replace(each, network=counted) for each in pair]
    guided = find("cfg").guide(pair[0], pair[1], settings.guidance)
    stream = NoiseStream([settings.seed])
    noise = stream.initial(model.latent_shape(settings.size)).to(model.device)
    scheduler = scheduler_of(theirs)

    def our_loop() -> None:
        for _ in samplers.find(ours).run(guided, noise, STEPS, stream):
            pass

    def their_loop() -> None:
        pipeline(scheduler, pair, noise, settings.guidance, flow)

    calls = [counted.during(loop) for loop in (our_loop, their_loop)]
    own, others = conditions.fastest(our_loop, their_loop, repeats=50 if free else 15)
    return own / calls[0], others / calls[1]


class Counted:
    """A network that counts its calls."""

    def __init__(self, network: Network) -> None:
        self.network, self.calls = network, 0

    def __call__(self, x: Tensor, t: Tensor, condition: Any) -> Tensor:
        self.calls += 1
        return self.network(x, t, condition)

    def during(self, loop: Callable[[], None]) -> int:
        before = self.calls
        loop()
        return self.calls - before


def nothing(x: Tensor, t: Tensor, condition: Any) -> Tensor:
    return x


def scheduler_of(name: str) -> Any:
    import diffusers

    settings = {"clip_sample": False} if name == "DDIMScheduler" else {}
    return getattr(diffusers, name)(**settings)


def pipeline(
    scheduler: Any, pair: list[NetworkDenoiser], noise: Tensor, scale: float, flow: bool
) -> Tensor:
    """The denoising loop of their StableDiffusionPipeline and StableDiffusion3Pipeline."""
    import torch

    network, condition = pair[0].network, pair[1].condition.joined(pair[0].condition)
    scheduler.set_timesteps(STEPS, device=noise.device)
    x = noise * getattr(scheduler, "init_noise_sigma", 1.0)
    for t in scheduler.timesteps:
        doubled = torch.cat([x] * 2)
        if not flow:
            doubled = scheduler.scale_model_input(doubled, t)
        output = network(doubled, (t / 1000.0).expand(len(doubled)), condition)
        without, guided = output.chunk(2)
        x = scheduler.step(without + scale * (guided - without), t, x, return_dict=False)[0]
    return x


BENCH = Bench(
    "diffusers",
    "the studio's loop over diffusers' loop and schedulers, on one network",
    measure,
    needs=("diffusers",),
)
