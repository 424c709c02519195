"""SwarmUI's JSON under `parameters`: {"sui_image_params": {"prompt": ..., ...}, ...}."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from studio.core.errors import DataError
from studio.gallery.metadata.foreign import COMMON, Foreign, loras, nearest
from studio.gallery.metadata.found import Format, Found, Texts, object_in, unused
from studio.gallery.metadata.texts import PARAMETERS

SOURCE = "SwarmUI"
PARAMS = "sui_image_params"
_NAMES = COMMON | {"negative": "negativeprompt", "guidance": "cfgscale", "schedule": "scheduler"}
_NAMES |= {"variation": "variationseedstrength", "variation_seed": "variationseed"}
_NAMES |= {"model": "model", "shift": "sigmashift"}
_OF_NO_EFFECT = {  # or told about in another way
    *("swarm_version", "date", "images", "aspectratio", "loraweights", "batchsize"),
    *("loras", "initimage", "initimagecreativity"),
}


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
    listed = values.get("loras")
    return Foreign.of(
        values,
        _NAMES,
        strength=values.get("initimagecreativity") if "initimage" in values else None,
        left_out=unused(values, _NAMES.values(), _OF_NO_EFFECT),
        notes=loras(listed if isinstance(listed, list) else [listed]),
    )


FORMAT = Format(SOURCE, 2, find)
