"""Other people's U-Nets: the pictures are those of diffusers' own pipelines from the same noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from studio.core import prompts
from studio.core.errors import ModelError, UsageError
from studio.core.settings import Settings
from studio.diffusion import samplers
from studio.diffusion.noise import NoiseStream
from studio.diffusion.paths import DiscreteDDPM, rf_time
from studio.diffusion.schedules import Leading, Schedule, Trailing
from studio.engine.worker import Worker, run_now
from studio.core.generating import Generate
from studio.models import registry
from studio.models.checkpoint import Checkpoint
from studio.models.plan import Plan
from tests.models.families.pipelines import PIPELINES, saved

pytest.importorskip("transformers")
STEPS, SIDE = 5, 64  # a divisor of 1000: their trailing grid is off by one otherwise
NOISE = torch.randn(1, 4, SIDE // 2, SIDE // 2, generator=torch.Generator().manual_seed(3))
Opened = tuple[Any, Checkpoint]


@pytest.fixture(scope="module", params=PIPELINES)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder = tmp_path_factory.mktemp("pipelines") / request.param
    pipeline = saved(request.param, folder)
    model = registry.open_model(str(folder))
    assert isinstance(model, Checkpoint)
    return pipeline, model


def grid(pipeline: Any, model: Checkpoint) -> Schedule:
    """Theirs, which ends at the chain's first index (set_alpha_to_one is off), not at clean data."""
    assert isinstance(model.path, DiscreteDDPM)
    trailing = pipeline.scheduler.config.timestep_spacing == "trailing"
    times = (Trailing(model.path) if trailing else Leading(model.path, 1))(STEPS)
    return lambda steps: (*times[:-1], rf_time(model.path.lambda_from_t(0.0)))


def ours(pipeline: Any, model: Checkpoint, settings: Settings) -> Tensor:
    denoiser = Plan.of(settings).guided(model)
    states = samplers.find("ddim").sample(
        denoiser, NOISE, settings.steps, NoiseStream((0,)), grid(pipeline, model)
    )
    with torch.inference_mode():
        return list(states)[-1].x


def theirs(pipeline: Any, settings: Settings, form: str = "latent") -> Any:
    given = {
        "prompt": settings.prompt,
        "negative_prompt": settings.negative or None,
        "guidance_scale": settings.guidance,
        "num_inference_steps": settings.steps,
        "latents": NOISE.clone(),
        "height": SIDE,
        "width": SIDE,
    }
    return pipeline(**given, output_type=form).images


@pytest.mark.parametrize("guidance", [1.0, 5.0])
@pytest.mark.parametrize("negative", ["", "blue"])
def test_latents_are_those_of_diffusers(opened: Opened, guidance: float, negative: str) -> None:
    settings = Settings(
        "a red bear", negative, sampler="ddim", steps=STEPS, guidance=guidance, size=SIDE
    )
    pipeline, model = opened
    expected = theirs(pipeline, settings)
    assert torch.isfinite(expected).all()
    error = (ours(pipeline, model, settings) - expected).abs().max() / expected.abs().max()
    assert error < 1e-5


def test_pictures_are_those_of_diffusers(opened: Opened) -> None:
    pipeline, model = opened
    settings = Settings("a red bear", sampler="ddim", steps=STEPS, guidance=3.0, size=SIDE)
    expected = theirs(pipeline, settings, "np")
    found = model.decode(ours(pipeline, model, settings))
    assert np.abs(found / 255.0 - expected).max() <= 1e-3 + 0.5 / 255
