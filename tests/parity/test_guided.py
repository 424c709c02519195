"""Classifier-free guidance beside diffusers, on its conditional networks: both sides' own loops."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import Tensor

pytest.importorskip("diffusers", reason="compares with diffusers: pip install '.[test]'")

from diffusers import SD3Transformer2DModel, UNet2DConditionModel

from studio.diffusion.denoiser import Network, NetworkDenoiser
from studio.diffusion.guidance import find as find_rule
from studio.diffusion.samplers import find
from tests.parity.cases import FLOW, NO_CLIP, TRAILING, case
from tests.parity.harness import (
    Case,
    Recorded,
    difference,
    grid_of,
    path_of,
    prediction_of,
    run_theirs,
    scheduler_of,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers")
SCALE = 4.0
SCALED_LINEAR: dict[str, Any] = {
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
}


@dataclass(frozen=True)
class Words:
    """A prompt's embeddings, (B, tokens, 8)."""

    embeddings: Tensor

    def joined(self, other: Words) -> Words:
        return Words(torch.cat([self.embeddings, other.embeddings]))


def conditional_unet() -> Network:
    """A random U-Net with cross-attention, as in Stable Diffusion."""
    torch.manual_seed(0)
    model = UNet2DConditionModel(
        sample_size=8,
        layers_per_block=1,
        block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=4,
        attention_head_dim=4,
        cross_attention_dim=8,
    ).eval()
    return lambda x, t, words: model(x, t, words.embeddings).sample


def flow_transformer() -> Network:
    """A random MMDiT, as in Stable Diffusion 3; theirs counts time to 1000."""
    torch.manual_seed(0)
    model = SD3Transformer2DModel(
        sample_size=8,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        joint_attention_dim=8,
        caption_projection_dim=16,
        pooled_projection_dim=8,
        pos_embed_max_size=8,
    ).eval()

    def network(x: Tensor, t: Tensor, words: Words) -> Tensor:
        pooled = words.embeddings.mean(1)
        return model(x, words.embeddings, pooled, 1000.0 * t).sample

    return network


def theirs_guided(network: Network, words: Words, none: Words) -> Network:
    """The pipelines' lines: one call for both, then noise_u + scale (noise_c - noise_u)."""

    def guided(x: Tensor, t: Tensor, _: object) -> Tensor:
        both = network(torch.cat([x, x]), torch.cat([t, t]), none.joined(words))
        unconditional, conditional = both.chunk(2)
        return unconditional + SCALE * (conditional - unconditional)

    return guided


VP: dict[str, Any] = {**TRAILING, **SCALED_LINEAR}
GUIDED = (
    (conditional_unet, case("ddim", "DDIMScheduler", **NO_CLIP, **VP)),
    (conditional_unet, case("dpmpp-2m", "DPMSolverMultistepScheduler", "vp", **VP)),
    (flow_transformer, case("flow-euler", "FlowMatchEulerDiscreteScheduler", "flow", shift=3.0)),
    (flow_transformer, case("dpmpp-2m", "DPMSolverMultistepScheduler", **FLOW)),
)


@pytest.mark.parametrize(("build", "of"), GUIDED, ids=lambda value: getattr(value, "name", ""))
@torch.inference_mode()
def test_guided_latents_are_theirs(build: Any, of: Case) -> None:
    network, scheduler = build(), scheduler_of(of)
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn((2, 4, 8, 8), generator=generator)
    words = Words(torch.randn((2, 5, 8), generator=generator))
    none = Words(torch.zeros(2, 5, 8))

    sigmas = grid_of(scheduler)
    times = tuple(s if of.frame == "flow" else s / (1.0 + s) for s in sigmas)
    denoiser = NetworkDenoiser(network, path_of(of, scheduler), prediction_of(of), words)
    guided = find_rule("cfg").guide(denoiser, replace(denoiser, condition=none), SCALE)
    states = find(of.ours).run(guided, noise, of.steps, Recorded(), lambda steps: times)
    ours = [state.x / math.hypot(state.alpha, state.sigma) for state in states]
    theirs = run_theirs(of, theirs_guided(network, words, none), scheduler, noise)
    assert difference(ours, theirs) < 1e-5

    plain = run_theirs(of, lambda x, t, _: network(x, t, words), scheduler_of(of), noise)
    assert difference(plain, theirs) > 1e-3, "guidance changes too little to be tested"
