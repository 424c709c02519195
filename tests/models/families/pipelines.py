"""Tiny pipelines of diffusers with random weights, as folders: real in everything but size."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
import transformers

from studio.core.errors import ModelError
from studio.models import registry

ENDS = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>"}
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
CHAIN = {"clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1, **BETAS}
WIDTH = 32


def clip_tokenizer(folder: Path) -> Any:
    """CLIP's tokenizer over bytes, with no merges but one."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters = list(bytes_to_unicode().values())
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), "re", *ENDS.values()]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\nr e\n")
    return transformers.CLIPTokenizer(
        str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77
    )


def clip(projection: bool = False) -> Any:
    config = transformers.CLIPTextConfig(
        vocab_size=515, hidden_size=WIDTH, intermediate_size=48, projection_dim=WIDTH,
        num_hidden_layers=3, num_attention_heads=4, bos_token_id=513, eos_token_id=514,
        pad_token_id=514,
    )  # fmt: skip
    kind = transformers.CLIPTextModelWithProjection if projection else transformers.CLIPTextModel
    encoder = kind(config).eval()
    for name, bias in encoder.named_parameters():
        if name.endswith("final_layer_norm.bias"):  # a trained one's states have a mean, not 0
            torch.nn.init.normal_(bias, 0.2, 0.1)
    return encoder


def vae(channels: int = 4, scale: float = 0.18215, shift: float | None = None) -> Any:
    return diffusers.AutoencoderKL(
        block_out_channels=[16, 32], norm_num_groups=8, latent_channels=channels,
        down_block_types=["DownEncoderBlock2D"] * 2, up_block_types=["UpDecoderBlock2D"] * 2,
        scaling_factor=scale, shift_factor=shift, sample_size=64,
    )  # fmt: skip


def unet(width: int, **more: Any) -> Any:
    return diffusers.UNet2DConditionModel(
        block_out_channels=[16, 32], layers_per_block=1, sample_size=32, norm_num_groups=8,
        down_block_types=["DownBlock2D", "CrossAttnDownBlock2D"],
        up_block_types=["CrossAttnUpBlock2D", "UpBlock2D"],
        cross_attention_dim=width, attention_head_dim=4, **more,
    )  # fmt: skip


def sd1(place: Path, prediction: str = "epsilon", **more: Any) -> Any:
    torch.manual_seed(1)
    return diffusers.StableDiffusionPipeline(
        vae=vae(), text_encoder=clip(), tokenizer=clip_tokenizer(place / "words"),
        unet=unet(WIDTH), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
        scheduler=diffusers.DDIMScheduler(prediction_type=prediction, **CHAIN, **more),
    )  # fmt: skip


def sd2(place: Path) -> Any:
    return sd1(place, "v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing")


def sdxl(place: Path) -> Any:
    torch.manual_seed(2)
    words = clip_tokenizer(place / "words")
    return diffusers.StableDiffusionXLPipeline(
        vae=vae(scale=0.13025), text_encoder=clip(), text_encoder_2=clip(projection=True),
        tokenizer=words, tokenizer_2=words,
        unet=unet(2 * WIDTH, addition_embed_type="text_time", addition_time_embed_dim=8,
                  projection_class_embeddings_input_dim=WIDTH + 6 * 8),
        scheduler=diffusers.DDIMScheduler(**CHAIN),
    )  # fmt: skip


PIPELINES: dict[str, Callable[[Path], Any]] = {"sd1": sd1, "sd2-v": sd2, "sdxl": sdxl}


def saved(name: str, folder: Path) -> Any:
    """The pipeline, and its folder written."""
    return written(PIPELINES[name](folder.with_suffix(".parts")), folder)


def written(pipeline: Any, folder: Path) -> Any:
    pipeline.save_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def refused_in_a_line(folder: Path) -> None:
    """A damaged one: what is wrong with it is said, and where."""
    with pytest.raises(ModelError) as error:
        registry.open_model(str(folder))
    assert str(folder) in str(error.value) and "\n" not in str(error.value)
