"""Easy Diffusion's settings: a text each in PNG files, one JSON in the comment of others.

Must not import Qt or torch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from studio.gallery.metadata.foreign import Foreign, nearest
from studio.gallery.metadata.found import Format, Found, Texts, object_in
from studio.gallery.metadata.texts import PARAMETERS

SOURCE = "Easy Diffusion"
_NAMES = {  # as its interface shows them, which it can write instead
    "negative prompt": "negative_prompt",
    "steps": "num_inference_steps",
    "inference steps": "num_inference_steps",
    "guidance scale": "guidance_scale",
    "sampler": "sampler_name",
    "stable diffusion model": "use_stable_diffusion_model",
    "prompt strength": "prompt_strength",
    "lora model": "use_lora_model",
}
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


def find(texts: Texts, models: Collection[str]) -> Found | None:
    """From its texts or its JSON."""
    found: Mapping[str, object] = object_in(texts, PARAMETERS) or texts
    values = {_NAMES.get(name.lower(), name.lower()): value for name, value in found.items()}
    if "prompt" not in values or not _MARKS & set(values):
        return None
    foreign = Foreign(
        prompt=values["prompt"],
        negative=values.get("negative_prompt", ""),
        sampler=values.get("sampler_name", ""),
        steps=values.get("num_inference_steps"),
        guidance=values.get("guidance_scale"),
        seed=values.get("seed"),
        width=values.get("width"),
        height=values.get("height"),
        model=_stem(values.get("use_stable_diffusion_model")),
        strength=values.get("prompt_strength") if "init_image" in values else None,
        left_out=tuple(
            label
            for name, label in _LEFT_OUT.items()
            if values.get(name) not in (None, "", "None", "none", False, "False", [], "[]")
        ),
    )
    return nearest(foreign, models, SOURCE)


def _stem(model: object) -> str:
    return model.replace("\\", "/").rsplit("/", 1)[-1] if isinstance(model, str) else ""


FORMAT = Format(SOURCE, 3, find)
