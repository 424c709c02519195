"""Tiny pipelines of transformers that read T5, Gemma or Qwen, with random weights, as folders."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

import diffusers
import torch
import transformers
from tokenizers.processors import TemplateProcessing
from transformers.convert_slow_tokenizer import bytes_to_unicode

from tests.models.families.pipelines import WIDTH, vae

LETTERS = string.ascii_letters + string.digits + string.punctuation
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SMALL: dict[str, Any] = {
    "hidden_size": WIDTH, "intermediate_size": 48, "num_hidden_layers": 3, "head_dim": 8,
    "num_attention_heads": 4, "num_key_value_heads": 2,
}  # fmt: skip


def t5_tokenizer() -> Any:
    pieces = ["<pad>", "</s>", "<unk>", "▁", *LETTERS, "re"]
    scored = [(piece, -float(number)) for number, piece in enumerate(pieces)]
    return transformers.T5Tokenizer(vocab=scored, extra_ids=0)


def t5() -> Any:
    config = transformers.T5Config(
        vocab_size=128, d_model=WIDTH, d_kv=8, d_ff=48, num_layers=2, num_heads=4,
        feed_forward_proj="gated-gelu",
    )  # fmt: skip
    return transformers.T5EncoderModel(config).eval()


def gemma_tokenizer() -> Any:
    """Its "▁a" makes one token of the end of a template and the beginning of a prompt."""
    pieces = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", "\n", *LETTERS, "▁a"]
    tokenizer = transformers.GemmaTokenizer(
        vocab={piece: number for number, piece in enumerate(pieces)}, merges=[("▁", "a")]
    )
    beginning = TemplateProcessing("<bos> $A", special_tokens=[("<bos>", 2)])
    tokenizer.backend_tokenizer.post_processor = beginning
    return tokenizer


def gemma() -> Any:
    config = transformers.Gemma2Config(vocab_size=128, query_pre_attn_scalar=8, **SMALL)
    return transformers.Gemma2Model(config).eval()


def qwen_tokenizer() -> Any:
    pieces = [*bytes_to_unicode().values(), "re", "<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = transformers.Qwen2Tokenizer(
        vocab={piece: number for number, piece in enumerate(pieces)}, merges=[("r", "e")]
    )
    tokenizer.add_special_tokens({"additional_special_tokens": pieces[-2:]})
    tokenizer.chat_template = CHAT
    return tokenizer


def qwen3() -> Any:
    return transformers.Qwen3Model(transformers.Qwen3Config(vocab_size=300, **SMALL)).eval()


def qwen25() -> Any:
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 1e4}
    ends = {"bos_token_id": 0, "eos_token_id": 0}
    config = transformers.Qwen2_5_VLConfig(
        text_config={**SMALL, **ends, "vocab_size": 300, "rope_parameters": rope},
        vision_config={"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2,
                       "out_hidden_size": WIDTH},
        **ends,
    )  # fmt: skip
    return transformers.Qwen2_5_VLForConditionalGeneration(config).eval()


def pixart(pipeline: Any, sample_size: int) -> Any:
    torch.manual_seed(4)
    return pipeline(
        tokenizer=t5_tokenizer(), text_encoder=t5(), vae=vae(),
        transformer=diffusers.PixArtTransformer2DModel(
            num_attention_heads=4, attention_head_dim=12, cross_attention_dim=48, num_layers=2,
            sample_size=sample_size, caption_channels=WIDTH,
        ),
        scheduler=diffusers.DPMSolverMultistepScheduler(),
    )  # fmt: skip


def alpha() -> Any:
    return pixart(diffusers.PixArtAlphaPipeline, 128)


def sigma() -> Any:
    return pixart(diffusers.PixArtSigmaPipeline, 32)


def sana(**more: Any) -> Any:
    torch.manual_seed(5)
    return diffusers.SanaPipeline(
        tokenizer=gemma_tokenizer(), text_encoder=gemma(),
        vae=diffusers.AutoencoderDC(
            latent_channels=4, attention_head_dim=8, scaling_factor=0.41407,
            encoder_block_types=("ResBlock", "EfficientViTBlock"),
            decoder_block_types=("ResBlock", "EfficientViTBlock"),
            encoder_block_out_channels=(16, 32), decoder_block_out_channels=(16, 32),
            encoder_layers_per_block=(1, 1), decoder_layers_per_block=(1, 1),
            encoder_qkv_multiscales=((), (5,)), decoder_qkv_multiscales=((), (5,)),
        ),
        transformer=diffusers.SanaTransformer2DModel(
            in_channels=4, out_channels=4, num_attention_heads=4, attention_head_dim=8,
            num_layers=2, num_cross_attention_heads=4, cross_attention_head_dim=8,
            cross_attention_dim=WIDTH, caption_channels=WIDTH, sample_size=32, **more,
        ),
        scheduler=diffusers.DPMSolverMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
        ),
    )  # fmt: skip


def qwen_image() -> Any:
    torch.manual_seed(6)
    return diffusers.QwenImagePipeline(
        tokenizer=qwen_tokenizer(), text_encoder=qwen25(),
        vae=diffusers.AutoencoderKLQwenImage(
            base_dim=8, z_dim=4, dim_mult=[1, 2], num_res_blocks=1, temperal_downsample=[False],
            latents_mean=[0.1, -0.2, 0.3, -0.4], latents_std=[0.5, 1.5, 2.5, 3.5],
        ),
        transformer=diffusers.QwenImageTransformer2DModel(
            in_channels=16, out_channels=4, num_layers=2, attention_head_dim=8,
            num_attention_heads=4, joint_attention_dim=WIDTH, axes_dims_rope=(4, 2, 2),
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(
            use_dynamic_shifting=True, base_shift=0.5, max_shift=0.9, max_image_seq_len=8192,
            shift_terminal=0.02,
        ),
    )  # fmt: skip


def z_image() -> Any:
    torch.manual_seed(7)
    transformer = diffusers.ZImageTransformer2DModel(
        in_channels=4, dim=WIDTH, n_layers=2, n_refiner_layers=1, n_heads=4, n_kv_heads=4,
        cap_feat_dim=WIDTH, axes_dims=[4, 2, 2], axes_lens=[1024, 64, 64],
    )  # fmt: skip
    for token in (transformer.x_pad_token, transformer.cap_pad_token):
        torch.nn.init.normal_(token)
    return diffusers.ZImagePipeline(
        tokenizer=qwen_tokenizer(), text_encoder=qwen3(), vae=vae(scale=0.3611, shift=0.1159),
        transformer=transformer, scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
    )  # fmt: skip


def lumina2() -> Any:
    torch.manual_seed(8)
    return diffusers.Lumina2Pipeline(
        tokenizer=gemma_tokenizer(), text_encoder=gemma(), vae=vae(scale=0.3611, shift=0.1159),
        transformer=diffusers.Lumina2Transformer2DModel(
            sample_size=32, in_channels=4, hidden_size=WIDTH, num_layers=2, num_refiner_layers=1,
            num_attention_heads=4, num_kv_heads=2, multiple_of=16, axes_dim_rope=(4, 2, 2),
            axes_lens=(300, 64, 64), cap_feat_dim=WIDTH,
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=6.0),
    )  # fmt: skip


READERS: dict[str, Callable[[], Any]] = {
    "pixart-alpha": alpha,
    "pixart-sigma": sigma,
    "sana": sana,
    "qwen-image": qwen_image,
    "z-image": z_image,
    "lumina2": lumina2,
}
