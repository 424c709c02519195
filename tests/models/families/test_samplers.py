"""Every sampler that diffusers has too, on tiny Stable Diffusion: their pipelines' latents."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from torch import Tensor

pytest.importorskip("transformers")

from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.diffusion import samplers
from studio.models import registry
from studio.models.checkpoint import Checkpoint
from studio.models.plan import Plan
from tests.models.families.pipelines import sd1, sdxl
from tests.parity.harness import SEED, Recorded, grid_of

DPM = "DPMSolverMultistepScheduler"
#: ours, its options, theirs, its settings, steps
CASES: tuple[tuple[str, dict[str, Any], str, dict[str, Any], int], ...] = (
    ("ddim", {}, "DDIMScheduler", {"set_alpha_to_one": True}, 5),
    ("ddpm", {}, "DDPMScheduler", {"variance_type": "fixed_small"}, 5),
    ("ddim", {}, "EulerDiscreteScheduler", {}, 5),
    ("euler-ancestral", {}, "EulerAncestralDiscreteScheduler", {}, 5),
    ("edm-heun", {"s_churn": 0.0}, "HeunDiscreteScheduler", {}, 5),
    ("dpmpp-2m", {}, DPM, {}, 8),
    ("dpmpp-2m-sde", {}, DPM, {"algorithm_type": "sde-dpmsolver++"}, 8),
    ("unipc", {}, "UniPCMultistepScheduler", {}, 8),
    ("pndm", {}, "PNDMScheduler", {"skip_prk_steps": True, "set_alpha_to_one": True}, 20),
)
PIPELINES = {
    "epsilon": sd1,
    "v": lambda place: sd1(place, "v_prediction"),
    "xl": sdxl,
}
NOISE = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(3))
SQUARE = Size.square(64)
Opened = tuple[Any, Checkpoint]


@pytest.fixture(scope="module", params=PIPELINES)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder: Path = tmp_path_factory.mktemp("pipelines")
    pipeline = PIPELINES[request.param](folder / "parts")
    pipeline.save_pretrained(folder / "saved")
    pipeline.set_progress_bar_config(disable=True)
    model = registry.open_model(str(folder / "saved"))
    assert isinstance(model, Checkpoint)
    return pipeline, model


def theirs(pipeline: Any, settings: Settings) -> tuple[Tensor, list[float]]:
    """Latents, and the sigmas of their grid; from noise at our scale, which is theirs but where
    a grid is trailing."""
    pipeline.scheduler.set_timesteps(settings.steps)
    sigmas = grid_of(pipeline.scheduler)
    sigma = hasattr(pipeline.scheduler, "sigmas") and pipeline.scheduler.init_noise_sigma != 1.0
    scale = math.hypot(1.0, sigmas[0]) if sigma else 1.0
    found = pipeline(
        settings.prompt, guidance_scale=settings.guidance, num_inference_steps=settings.steps,
        latents=NOISE * scale / pipeline.scheduler.init_noise_sigma, height=64, width=64,
        generator=torch.Generator().manual_seed(SEED), output_type="latent",
    )  # fmt: skip
    return found.images, sigmas


@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[2]}")
def test_latents_are_those_of_diffusers(opened: Opened, case: Any, guidance: float) -> None:
    pipeline, model = opened
    name, options, kind, more, steps = case
    if name == "pndm" and model.prediction.name == "v":
        pytest.skip("theirs averages v of several times; ours, as the paper has it, epsilon")
    config = pipeline.scheduler.config
    pipeline.scheduler = getattr(diffusers, kind).from_config(config, clip_sample=False, **more)
    settings = Settings(
        "a red bear", sampler=name, steps=steps, guidance=guidance, size=Size.square(64)
    )
    expected, sigmas = theirs(pipeline, settings)
    times = tuple(sigma / (1.0 + sigma) for sigma in sigmas)
    states = samplers.find(name).sample(
        Plan.of(settings).guided(model), NOISE, len(times) - 1, Recorded(), lambda steps: times,
        **options,
    )  # fmt: skip
    with torch.inference_mode():
        found = list(states)[-1].x
    assert torch.isfinite(expected).all()
    # theirs keeps x at a scale of up to 15, where float32 rounds by 1e-6 at every noise added
    most = 2e-5 if name == "euler-ancestral" else 1e-5
    assert (found - expected).abs().max() / expected.abs().max() < most
