"""Fooocus's JSON under `parameters`: {"prompt": ..., "base_model": ..., "version": "Fooocus ..."}.

Must not import Qt or torch.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from studio.gallery.metadata.foreign import Foreign, nearest, quoted
from studio.gallery.metadata.found import Format, Found, Texts, object_in
from studio.gallery.metadata.texts import PARAMETERS

SOURCE = "Fooocus"
_MARKS = {"base_model", "performance", "metadata_scheme", "full_prompt"}
_CARRIED = {
    *("prompt", "negative_prompt", "seed", "steps", "guidance_scale", "resolution", "sampler"),
    *("scheduler", "base_model", "loras"),
}
_OF_NO_EFFECT = {  # or said by others of these
    *("version", "metadata_scheme", "base_model_hash", "full_prompt", "full_negative_prompt"),
    *("performance", "created_by"),
}


def find(texts: Texts, models: Collection[str]) -> Found | None:
    """From its JSON."""
    values = object_in(texts, PARAMETERS)
    if not (_MARKS & set(values)) and "Fooocus" not in str(values.get("version"))[:99]:
        return None
    return nearest(_foreign(values), models, SOURCE)


def _foreign(values: dict[str, Any]) -> Foreign:
    known = _CARRIED | _OF_NO_EFFECT
    sides = re.findall(r"\d{1,6}", str(values.get("resolution"))[:60])
    width, height = sides if len(sides) == 2 else (None, None)
    loras = values.get("loras")
    return Foreign(
        prompt=values.get("prompt"),
        negative=values.get("negative_prompt", ""),
        sampler=values.get("sampler", ""),
        schedule=values.get("scheduler", ""),
        steps=values.get("steps"),
        guidance=values.get("guidance_scale"),
        seed=values.get("seed"),
        width=width,
        height=height,
        model=values.get("base_model", ""),
        left_out=tuple(
            name.replace("_", " ")
            for name, value in values.items()
            if name not in known and value not in (None, "", "None", [], "[]", False)
        ),
        notes=tuple(
            f"LoRA '{quoted(each[0] if isinstance(each, list) and each else each)}' was left out."
            for each in (loras if isinstance(loras, list) else [])
        ),
    )


FORMAT = Format(SOURCE, 2, find)
