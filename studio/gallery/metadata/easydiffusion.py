"""Easy Diffusion's settings: a text each in PNG files, one JSON in the comment of others."""

from __future__ import annotations

from collections.abc import Mapping

from studio.gallery.metadata.foreign import COMMON, Foreign, Format
from studio.gallery.metadata.found import OFF, Texts, file_name, object_in
from studio.gallery.metadata.texts import PARAMETERS

_SHOWN = {  # names as its interface shows them, which it can write instead
    "negative prompt": "negative_prompt",
    "steps": "num_inference_steps",
    "inference steps": "num_inference_steps",
    "guidance scale": "guidance_scale",
    "sampler": "sampler_name",
    "stable diffusion model": "use_stable_diffusion_model",
    "prompt strength": "prompt_strength",
    "lora model": "use_lora_model",
}
_NAMES = COMMON | {"negative": "negative_prompt", "guidance": "guidance_scale"}
_NAMES |= {"sampler": "sampler_name", "steps": "num_inference_steps"}
_MARKS = {"num_inference_steps", "use_stable_diffusion_model", "sampler_name"}
_LEFT_OUT = {
    "use_lora_model": "LoRA",
    "use_vae_model": "VAE",
    "use_hypernetwork_model": "hypernetwork",
    "use_controlnet_model": "ControlNet",
    "use_embeddings_model": "embeddings",
    "clip_skip": "clip skip",
    "tiling": "tiling",
    "use_face_correction": "face correction",
    "use_upscale": "upscaling",
}


def read(texts: Texts) -> Foreign | None:
    """From its texts or its JSON."""
    found: Mapping[str, object] = object_in(texts, PARAMETERS) or texts
    values = {_SHOWN.get(name.lower(), name.lower()): value for name, value in found.items()}
    if "prompt" not in values or not _MARKS & set(values):
        return None
    return Foreign.of(
        values,
        _NAMES,
        model=file_name(values.get("use_stable_diffusion_model")),
        strength=values.get("prompt_strength") if "init_image" in values else None,
        left_out=tuple(label for n, label in _LEFT_OUT.items() if values.get(n) not in OFF),
    )


FORMAT = Format("Easy Diffusion", 3, read)
