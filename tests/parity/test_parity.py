"""Whole trajectories beside diffusers' schedulers: docs/samplers.md is the table of these."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

pytest.importorskip("diffusers", reason="compares with diffusers: pip install '.[test]'")

from diffusers import DDIMPipeline, DDIMScheduler, DDPMPipeline, DDPMScheduler

from studio.diffusion.denoiser import NetworkDenoiser
from studio.diffusion.paths import DiscreteDDPM
from studio.diffusion.predictions import V
from studio.diffusion.samplers import find
from studio.diffusion.schedules import Leading, Trailing
from tests.parity.cases import CASES
from tests.parity.harness import SEED, Case, Recorded, as_network, compare, tiny_network

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers")
TOLERANCE = 1e-5


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tensors this small are slower on more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("tiny", [False, True], ids=["analytic", "tiny"])
def test_the_trajectory_is_theirs(case: Case, tiny: bool) -> None:
    assert compare(case, tiny) < TOLERANCE


CHAINS = {
    "linear": (DiscreteDDPM.linear(), {"beta_schedule": "linear"}),
    "scaled_linear": (
        DiscreteDDPM.scaled_linear(),
        {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
    ),
    "cosine": (DiscreteDDPM.cosine(), {"beta_schedule": "squaredcos_cap_v2"}),
}


@pytest.mark.parametrize("name", CHAINS)
def test_the_chain_is_theirs(name: str) -> None:
    """To the rounding of their product of 1000 float32 factors; the cosine's last, 2e-9, more."""
    ours, settings = CHAINS[name]
    theirs = DDPMScheduler(**settings).alphas_cumprod.double()
    gaps = (torch.tensor(ours.alphas_bar, dtype=torch.float64) / theirs - 1.0).abs()
    assert float(gaps[:-1].max()) < 5e-6 and float(gaps[-1]) < 1e-4


PIPELINES = {
    "ddim": ("ddim", (), Trailing, DDIMPipeline, DDIMScheduler, {}),
    "ddim, eta 1": ("ddim", (("eta", 1.0),), Trailing, DDIMPipeline, DDIMScheduler, {"eta": 1.0}),
    "ddpm": ("ddpm", (), Leading, DDPMPipeline, DDPMScheduler, {}),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_the_pictures_of_a_pipeline_are_theirs(name: str) -> None:
    """From the seed to the picture in 0..1: their pipeline; our chain, schedule and sampler."""
    sampler, options, schedule, pipeline, scheduler, extra = PIPELINES[name]
    pipe = pipeline(
        tiny_network(),
        scheduler(
            prediction_type="v_prediction",
            timestep_spacing=schedule.__name__.lower(),
            clip_sample=False,
        ),
    )
    pipe.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(SEED)
    theirs = pipe(2, generator, num_inference_steps=10, output_type="np", **extra).images

    stream, chain = Recorded(), DiscreteDDPM.linear()
    with torch.inference_mode():
        noise = stream.like(torch.empty(2, 3, 8, 8))
        denoiser = NetworkDenoiser(as_network(1.0), chain, V())
        *_, last = find(sampler).run(denoiser, noise, 10, stream, schedule(chain), options)
    ours = (last.x / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()
    assert ((ours > 0) & (ours < 1)).mean() > 0.5, "too much is clipped to tell them apart"
    assert abs(ours - theirs).max() < TOLERANCE
