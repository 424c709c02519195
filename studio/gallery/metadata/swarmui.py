"""SwarmUI's JSON under `parameters`: {"sui_image_params": {"prompt": ..., ...}, ...}."""

from __future__ import annotations

from studio.core.errors import DataError
from studio.gallery.metadata.foreign import COMMON, Foreign, Format, loras
from studio.gallery.metadata.found import Texts, object_in, unused
from studio.gallery.metadata.texts import PARAMETERS

PARAMS = "sui_image_params"
_NAMES = COMMON | {"negative": "negativeprompt", "guidance": "cfgscale", "schedule": "scheduler"}
_NAMES |= {"variation": "variationseedstrength", "variation_seed": "variationseed"}
_NAMES |= {"model": "model", "shift": "sigmashift"}
_OF_NO_EFFECT = {  # or told about in another way
    *("swarm_version", "date", "images", "aspectratio", "loraweights", "batchsize"),
    *("loras", "initimage", "initimagecreativity"),
}


def read(texts: Texts) -> Foreign | None:
    """From its JSON. Raises DataError where it describes no picture."""
    document = object_in(texts, PARAMETERS)
    if PARAMS not in document:
        return None
    values = document[PARAMS]
    if not isinstance(values, dict):
        raise DataError("Its SwarmUI metadata describes no picture.")
    listed = values.get("loras")
    return Foreign.of(
        values,
        _NAMES,
        strength=values.get("initimagecreativity") if "initimage" in values else None,
        left_out=unused(values, _NAMES.values(), _OF_NO_EFFECT),
        notes=loras(listed if isinstance(listed, list) else [listed]),
    )


FORMAT = Format("SwarmUI", 2, read)
