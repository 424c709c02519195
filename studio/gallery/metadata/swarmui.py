"""SwarmUI's JSON under `parameters`: {"sui_image_params": {"prompt": ..., ...}, ...}.

Must not import Qt or torch.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from studio.core.errors import DataError
from studio.gallery.metadata.foreign import Foreign, nearest, quoted
from studio.gallery.metadata.found import Format, Found, Texts, object_in
from studio.gallery.metadata.texts import PARAMETERS

SOURCE = "SwarmUI"
PARAMS = "sui_image_params"
_CARRIED = {
    *("prompt", "negativeprompt", "seed", "steps", "cfgscale", "width", "height", "model"),
    *("sampler", "scheduler", "sigmashift", "variationseed", "variationseedstrength", "loras"),
    *("initimagecreativity", "initimage"),
}
_OF_NO_EFFECT = {"swarm_version", "date", "images", "aspectratio", "loraweights", "batchsize"}


def find(texts: Texts, models: Collection[str]) -> Found | None:
    """From its JSON. Raises DataError where it describes no picture."""
    document = object_in(texts, PARAMETERS)
    if PARAMS not in document:
        return None
    values = document[PARAMS]
    if not isinstance(values, dict):
        raise DataError("Its SwarmUI metadata describes no picture.")
    return nearest(_foreign(values), models, SOURCE)


def _foreign(values: dict[str, Any]) -> Foreign:
    known = _CARRIED | _OF_NO_EFFECT
    listed = values.get("loras")
    loras = listed if isinstance(listed, list) else [listed]
    return Foreign(
        prompt=values.get("prompt"),
        negative=values.get("negativeprompt", ""),
        sampler=values.get("sampler", ""),
        schedule=values.get("scheduler", ""),
        steps=values.get("steps"),
        guidance=values.get("cfgscale"),
        seed=values.get("seed"),
        width=values.get("width"),
        height=values.get("height"),
        model=values.get("model", ""),
        shift=values.get("sigmashift"),
        variation=values.get("variationseedstrength"),
        variation_seed=values.get("variationseed"),
        strength=values.get("initimagecreativity") if "initimage" in values else None,
        left_out=tuple(name for name in values if name not in known),
        notes=tuple(f"LoRA '{quoted(name)}' was left out." for name in loras if name),
    )


FORMAT = Format(SOURCE, 2, find)
