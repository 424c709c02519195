"""Tiny pipelines of the families of flow matching, with random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from tests.models.families.pipelines import WIDTH, clip, clip_tokenizer

TALK = (
    "{{ bos_token }}{% for m in messages %}[{{ m['role'] }}]{{ m['content'] if m['content'] is"
    " string else m['content'][0]['text'] }}{% endfor %}{% if add_generation_prompt %}[answer]"
    "{% endif %}"
)


def t5_tokenizer() -> Any:
    letters = [(letter, -5.0) for letter in "▁abcdefghijklmnopqrstuvwxyz,.()"]
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *letters, ("▁bear", -2.0)]
    return transformers.T5Tokenizer(vocab=pieces, extra_ids=0)


def t5(width: int) -> Any:
    config = transformers.T5Config(
        vocab_size=40, d_model=width, d_kv=8, d_ff=48, num_layers=2, num_heads=4,
        feed_forward_proj="gated-gelu",
    )  # fmt: skip
    return transformers.T5EncoderModel(config).eval()


def vae(channels: int = 4) -> Any:
    return diffusers.AutoencoderKL(
        block_out_channels=[16, 32], norm_num_groups=8, latent_channels=channels,
        down_block_types=["DownEncoderBlock2D"] * 2, up_block_types=["UpDecoderBlock2D"] * 2,
        scaling_factor=0.36, shift_factor=0.12, use_quant_conv=False, use_post_quant_conv=False,
        sample_size=64,
    )  # fmt: skip


def scheduler(**more: Any) -> Any:
    return diffusers.FlowMatchEulerDiscreteScheduler(**more)


def sd3(place: Path, with_t5: bool = True, **more: Any) -> Any:
    torch.manual_seed(4)
    words = clip_tokenizer(place / "words")
    width = 2 * WIDTH + 8
    return diffusers.StableDiffusion3Pipeline(
        transformer=diffusers.SD3Transformer2DModel(
            sample_size=32, patch_size=2, in_channels=4, out_channels=4, num_layers=2,
            attention_head_dim=8, num_attention_heads=4, joint_attention_dim=width,
            caption_projection_dim=32, pooled_projection_dim=2 * WIDTH, pos_embed_max_size=32,
        ),
        scheduler=scheduler(**{"shift": 3.0, **more}), vae=vae(),
        text_encoder=clip(projection=True), tokenizer=words,
        text_encoder_2=clip(projection=True), tokenizer_2=words,
        text_encoder_3=t5(width) if with_t5 else None,
        tokenizer_3=t5_tokenizer() if with_t5 else None,
    )  # fmt: skip


DYNAMIC = {"use_dynamic_shifting": True, "shift": 3.0, "max_shift": 1.3}
SHAPE = {
    "in_channels": 16, "num_layers": 1, "num_single_layers": 1, "attention_head_dim": 16,
    "num_attention_heads": 2, "axes_dims_rope": (4, 4, 8),
}  # fmt: skip


def flux(place: Path, told: bool = True, channels: int = 4) -> Any:
    torch.manual_seed(5)
    return diffusers.FluxPipeline(
        transformer=diffusers.FluxTransformer2DModel(
            **{**SHAPE, "in_channels": 4 * channels}, joint_attention_dim=WIDTH,
            pooled_projection_dim=WIDTH, guidance_embeds=told,
        ),
        scheduler=scheduler(**DYNAMIC) if told else scheduler(), vae=vae(channels),
        text_encoder=clip(), tokenizer=clip_tokenizer(place / "words"),
        text_encoder_2=t5(WIDTH), tokenizer_2=t5_tokenizer(),
    )  # fmt: skip


def schnell(place: Path) -> Any:
    return flux(place, told=False)


def chroma(place: Path) -> Any:
    torch.manual_seed(6)
    return diffusers.ChromaPipeline(
        transformer=diffusers.ChromaTransformer2DModel(
            **SHAPE, joint_attention_dim=WIDTH, approximator_num_channels=16,
            approximator_hidden_dim=16, approximator_layers=1,
        ),
        scheduler=scheduler(), vae=vae(), text_encoder=t5(WIDTH), tokenizer=t5_tokenizer(),
    )  # fmt: skip


def flux2_vae() -> Any:
    found = diffusers.AutoencoderKLFlux2(
        block_out_channels=[32, 32], latent_channels=4, layers_per_block=1,
        down_block_types=["DownEncoderBlock2D"] * 2, up_block_types=["UpDecoderBlock2D"] * 2,
        sample_size=64,
    )  # fmt: skip
    found.bn.running_mean.normal_(0.0, 0.3)
    found.bn.running_var.uniform_(0.5, 2.0)
    return found


def flux2_transformer(text: int, told: bool) -> Any:
    return diffusers.Flux2Transformer2DModel(
        **{**SHAPE, "axes_dims_rope": (4, 4, 4, 4)}, joint_attention_dim=text, guidance_embeds=told
    )


def letters_tokenizer(kind: Any, begin: str, pad: str) -> Any:
    """A tokenizer of letters."""
    special = {begin: 0, pad: 1, "[IMG]": 2}
    vocabulary = special | {chr(code): code - 29 for code in range(32, 127)}
    plain = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token=pad))
    plain.pre_tokenizer, plain.decoder = pre_tokenizers.Split("", "isolated"), decoders.Fuse()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=plain, bos_token=begin, pad_token=pad, chat_template=TALK,
        additional_special_tokens=["[IMG]"],
    )  # fmt: skip


def klein(place: Path, distilled: bool = False) -> Any:
    torch.manual_seed(7)
    words = transformers.Qwen2Tokenizer(
        vocab={**{letter: n for n, letter in enumerate(letters())}, "<|endoftext|>": 256},
        merges=[], pad_token="<|endoftext|>", chat_template=TALK.removeprefix("{{ bos_token }}"),
    )  # fmt: skip
    config = transformers.Qwen3Config(
        vocab_size=300, hidden_size=16, intermediate_size=16, num_hidden_layers=28,
        num_attention_heads=2, num_key_value_heads=1, head_dim=8, tie_word_embeddings=True,
    )  # fmt: skip
    return diffusers.Flux2KleinPipeline(
        transformer=flux2_transformer(48, told=False), scheduler=scheduler(**DYNAMIC),
        vae=flux2_vae(), text_encoder=transformers.Qwen3ForCausalLM(config).eval(), tokenizer=words,
        is_distilled=distilled,
    )  # fmt: skip


def klein_distilled(place: Path) -> Any:
    return klein(place, distilled=True)


def letters() -> list[str]:
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    return list(bytes_to_unicode().values())


def flux2(place: Path) -> Any:
    torch.manual_seed(8)
    words = letters_tokenizer(None, "<s>", "<pad>")
    text = transformers.MistralConfig(
        vocab_size=300, hidden_size=16, intermediate_size=16, num_hidden_layers=31,
        num_attention_heads=2, num_key_value_heads=1, head_dim=8,
    )  # fmt: skip
    vision = transformers.PixtralVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        image_size=16, patch_size=8,
    )  # fmt: skip
    config = transformers.Mistral3Config(
        text_config=text, vision_config=vision, image_token_index=2
    )
    processor = transformers.PixtralProcessor(
        image_processor=transformers.PixtralImageProcessor(), tokenizer=words, chat_template=TALK
    )
    return diffusers.Flux2Pipeline(
        transformer=flux2_transformer(48, told=True), scheduler=scheduler(**DYNAMIC),
        vae=flux2_vae(), tokenizer=processor,
        text_encoder=transformers.Mistral3ForConditionalGeneration(config).eval(),
    )  # fmt: skip


def sd3_without_t5(place: Path) -> Any:
    return sd3(place, with_t5=False)


PIPELINES: dict[str, Callable[[Path], Any]] = {
    "sd3": sd3,
    "sd3-without-t5": sd3_without_t5,
    "flux-dev": flux,
    "flux-schnell": schnell,
    "chroma": chroma,
    "flux2-dev": flux2,
    "flux2-klein": klein_distilled,
    "flux2-klein-base": klein,
}


def saved(name: str, folder: Path) -> Any:
    """The pipeline, and its folder written."""
    pipeline = PIPELINES[name](folder.with_suffix(".parts"))
    pipeline.save_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
