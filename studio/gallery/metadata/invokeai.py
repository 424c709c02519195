"""InvokeAI's metadata: `invokeai_metadata` (3 and later), `sd-metadata` and `Dream` (2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from studio.core.errors import DataError
from studio.gallery.metadata.foreign import COMMON, Foreign, Format, loras, quoted
from studio.gallery.metadata.found import Texts, document, unused, words

CHUNK, OLDER, OLDEST = "invokeai_metadata", "sd-metadata", "dream"
_NAMES = COMMON | {"prompt": "positive_prompt", "guidance": "cfg_scale", "strength": "strength"}
_NAMES |= {"negative": "negative_prompt", "sampler": "scheduler"}
_NAMES |= {"rescale": "cfg_rescale_multiplier"}
_OF_NO_EFFECT = {  # or read in another way
    *("model", "loras"),
    *("app_version", "generation_mode", "rand_device", "metadata_version", "_canvas_objects"),
    *("init_image", "canvas_v2_metadata", "positive_style_prompt", "negative_style_prompt", "type"),
}
_OLD_NAMES = COMMON | {"guidance": "cfg_scale", "strength": "strength"}
_OLD_OF_NO_EFFECT = {
    *("type", "variations", "weight", "orig_hash", "init_image_path", "seam_size", "seam_blur")
}
_DREAM_NAMES = {"sampler": "A", "steps": "s", "guidance": "C", "seed": "S", "strength": "f"}
_DREAM_NAMES |= {"width": "W", "height": "H"}
_FLAG = re.compile(r"(?:^|\s)-([A-Za-z])\s*([^\s\"-][^\s\"]*)")
_DREAM_OF_NO_EFFECT = {"V", "I", "n", "N", "o"}


def read(texts: Texts) -> Foreign | None:
    """From the newest of its chunks that is there. Raises DataError."""
    plain = {name.lower(): text for name, text in texts.items()}
    if CHUNK in plain:
        return _modern(document(plain[CHUNK], "Its InvokeAI metadata"))
    if OLDER in plain:
        return _old(document(plain[OLDER], "Its InvokeAI metadata"))
    return _dream(plain[OLDEST]) if OLDEST in plain else None


def _modern(values: Mapping[str, Any]) -> Foreign:
    if not {"positive_prompt", "seed", "steps", "scheduler"} & set(values):
        raise DataError("Its InvokeAI metadata says nothing of how it was made.")
    return Foreign.of(
        values,
        _NAMES,
        sampler=words(values.get("scheduler")),
        model=_model(values.get("model")),
        left_out=unused(values, _NAMES.values(), _OF_NO_EFFECT),
        notes=(*_loras(values.get("loras")), *_styles(values)),
    )


def _old(values: Mapping[str, Any]) -> Foreign:
    image = values.get("image")
    if image is None and isinstance(images := values.get("images"), list) and images:
        image = images[0]
    if not isinstance(image, dict):
        raise DataError("Its InvokeAI metadata describes no image.")
    prompt, negative = _old_prompt(image.get("prompt"))
    seed, weight, notes = _variations(image.get("variations"))
    return Foreign.of(
        image,
        _OLD_NAMES,
        prompt=prompt,
        negative=negative,
        sampler=words(image.get("sampler")),
        model=words(values.get("model_weights")) or words(values.get("model_id")),
        variation=weight,
        variation_seed=seed,
        left_out=unused(image, _OLD_NAMES.values(), _OLD_OF_NO_EFFECT),
        notes=notes,
    )


def _dream(text: str) -> Foreign:
    """From '"a fox [blurry]" -s 50 -S 42 -W 512 -H 512 -C 7.5 -A k_lms'. Raises DataError."""
    quoted_part, flags = _dream_parts(text.strip())
    values = dict(_FLAG.findall(flags))
    if not values:
        raise DataError("Its Dream line has no values.")
    prompt, negative = _old_prompt(quoted_part)
    listed = [part.partition(":") for part in values.get("V", "").split(",") if part]
    variations = [{"seed": seed, "weight": weight} for seed, _, weight in listed]
    seed, weight, notes = _variations(variations)
    known = {*_DREAM_NAMES.values(), *_DREAM_OF_NO_EFFECT}
    return Foreign.of(
        values,
        _DREAM_NAMES,
        prompt=prompt,
        negative=negative,
        variation=weight,
        variation_seed=seed,
        left_out=tuple(f"-{name}" for name in values if name not in known),
        notes=notes,
    )


def _dream_parts(text: str) -> tuple[str, str]:
    """(the prompt, the flags). The prompt may hold quotation marks itself, escaped or not."""
    if text.startswith('"') and (end := text.rfind('"')) > 0:
        return text[1:end].replace('\\"', '"'), text[end + 1 :]
    first = re.search(r"\s-[A-Za-z]\s*\S", text)
    start = first.start() if first else len(text)
    return text[:start], text[start:]


def _old_prompt(value: object) -> tuple[str, str]:
    """(prompt, negative prompt): version 2 put what to avoid between square brackets."""
    parts = value if isinstance(value, list) else [value]
    texts = [words(part.get("prompt") if isinstance(part, dict) else part) for part in parts]
    text = ", ".join(filter(None, texts))
    negative = ", ".join(part.strip() for part in re.findall(r"\[([^\[\]]*)\]", text))
    return " ".join(re.sub(r"\[[^\[\]]*\]", " ", text).split()), negative


def _variations(value: object) -> tuple[object, object, tuple[str, ...]]:
    """(seed, weight, notes) of the first; ours has one."""
    entries = value if isinstance(value, list) else []
    known = [each for each in entries if isinstance(each, dict)]
    if not known:
        return None, None, ()
    notes = (f"Of {len(known)} variations only the first is here.",) if len(known) > 1 else ()
    return known[0].get("seed"), known[0].get("weight"), notes


def _loras(value: object) -> tuple[str, ...]:
    entries = value if isinstance(value, list) else []
    names = []
    for each in entries:
        if isinstance(each, dict):
            names.append(_model(each.get("lora")) or _model(each.get("model")) or "without a name")
    return loras(names)


def _styles(values: Mapping[str, Any]) -> list[str]:
    """SDXL's second prompts, where they say something of their own."""
    notes = []
    for sign in ("positive", "negative"):
        style = words(values.get(f"{sign}_style_prompt"))
        if style and style != words(values.get(f"{sign}_prompt")):
            notes.append(f"The {sign} style prompt '{quoted(style)}' was left out.")
    return notes


def _model(value: object) -> str:
    if isinstance(value, dict):
        return words(value.get("name")) or words(value.get("model_name"))
    return words(value)


FORMAT = Format("InvokeAI", 1, read)
