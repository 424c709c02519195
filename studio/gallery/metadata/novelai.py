"""NovelAI's texts: `Description` is the prompt, `Comment` JSON of everything else."""

from __future__ import annotations

from studio.gallery.metadata.foreign import COMMON, Foreign, Format
from studio.gallery.metadata.found import Texts, object_in
from studio.gallery.metadata.texts import PARAMETERS

SOURCE = "NovelAI"
COMMENT, DESCRIPTION, SOFTWARE, MODEL = "Comment", "Description", "Software", "Source"
_NAMES = COMMON | {"negative": "uc", "guidance": "scale", "schedule": "noise_schedule"}
_NAMES |= {"rescale": "cfg_rescale"}
_LEFT_OUT = {
    "sm": "SMEA",
    "sm_dyn": "SMEA DYN",
    "dynamic_thresholding": "decrisper",
    "skip_cfg_above_sigma": "variety",
    "reference_image_multiple": "vibe transfer",
    "controlnet_model": "ControlNet",
}


def read(texts: Texts) -> Foreign | None:
    """From its texts, which may lie as one JSON in a comment or in the pixels."""
    within = object_in(texts, PARAMETERS)
    if COMMENT in within:
        texts = {name: value for name, value in within.items() if isinstance(value, str)}
    values = object_in(texts, COMMENT)
    if texts.get(SOFTWARE) != SOURCE and not {"uc", "scale", "sampler"} <= set(values):
        return None
    from_image = values.get("request_type") != "PromptGenerateRequest" and "strength" in values
    return Foreign.of(
        {"prompt": texts.get(DESCRIPTION)} | values,
        _NAMES,
        model=texts.get(MODEL, ""),
        strength=values.get("strength") if from_image else None,
        left_out=tuple(label for name, label in _LEFT_OUT.items() if values.get(name)),
    )


FORMAT = Format(SOURCE, 2, read)
