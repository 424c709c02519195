"""Fooocus's JSON under `parameters`: {"prompt": ..., "base_model": ..., "version": ...}."""

from __future__ import annotations

import re

from studio.gallery.metadata.foreign import COMMON, Foreign, Format, loras
from studio.gallery.metadata.found import Texts, object_in, unused
from studio.gallery.metadata.texts import PARAMETERS

_MARKS = {"base_model", "performance", "metadata_scheme", "full_prompt"}
_NAMES = COMMON | {"negative": "negative_prompt", "guidance": "guidance_scale"}
_NAMES |= {"schedule": "scheduler", "model": "base_model"}
_OF_NO_EFFECT = {  # or said by others of these
    *("version", "metadata_scheme", "base_model_hash", "full_prompt", "full_negative_prompt"),
    *("performance", "created_by", "resolution", "loras"),
}


def read(texts: Texts) -> Foreign | None:
    """From its JSON."""
    values = object_in(texts, PARAMETERS)
    if not (_MARKS & set(values)) and "Fooocus" not in str(values.get("version"))[:99]:
        return None
    sides = re.findall(r"\d{1,6}", str(values.get("resolution"))[:60])
    width, height = sides if len(sides) == 2 else (None, None)
    listed = values.get("loras")
    return Foreign.of(
        values,
        _NAMES,
        width=width,
        height=height,
        left_out=unused(values, _NAMES.values(), _OF_NO_EFFECT),
        notes=loras(
            each[0] if isinstance(each, list) and each else each
            for each in (listed if isinstance(listed, list) else [])
        ),
    )


FORMAT = Format("Fooocus", 2, read)
