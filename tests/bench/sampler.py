"""What the sampler loop costs over its bare denoiser calls, on the bundled model.

    python tests/bench/sampler.py

Interleaves the two and takes minima; prints JSON. The budget is a ratio of 1.05.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import torch

from studio.core.requests import Settings
from studio.diffusion import samplers
from studio.diffusion.denoiser import Denoised
from studio.diffusion.noise import NoiseStream
from studio.engine import devices
from studio.engine.sampling import guided
from studio.models.registry import open_model

STEPS, REPEATS, GUIDANCE = 20, 7, 4.0


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


@torch.inference_mode()
def measure(name: str, model) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """Minima over interleaved repeats of the whole loop and of the same calls alone."""
    denoiser = guided(model, Settings("a teddy bear", guidance=GUIDANCE), 1)
    shape = model.latent_shape(256)
    calls: list[tuple[torch.Tensor, float, float]] = []

    def recorded(x: torch.Tensor, alpha: float, sigma: float) -> Denoised:
        calls.append((x, alpha, sigma))
        return denoiser(x, alpha, sigma)

    def loop(which=denoiser) -> None:  # type: ignore[no-untyped-def]
        stream = NoiseStream([1])
        for _ in samplers.find(name).sample(which, stream.initial(shape), STEPS, stream):
            pass

    def bare() -> None:
        for call in calls:
            denoiser(*call)

    loop(recorded)
    pairs = [(seconds(loop), seconds(bare)) for _ in range(REPEATS)]
    whole, alone = (min(times) for times in zip(*pairs, strict=True))
    return {"loop_s": whole, "bare_s": alone, "ratio": whole / alone}


def main() -> None:
    device = devices.choose("cpu")
    model = open_model("studio-256", device.name, device.precision)
    names = ("flow-euler", "flow-heun", "dpmpp-2m", "ddpm", "sde-euler")
    print(json.dumps({name: measure(name, model) for name in names}, indent=2))


if __name__ == "__main__":
    main()
