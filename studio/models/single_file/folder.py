"""A network in a folder of its own, read as those in single files are: tensor by tensor, nothing of
it mapped. Imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from studio.models.families.adapter import Part
from studio.models.format import Check, reading
from studio.models.formats.checkpoint import CONFIG, weights_in
from studio.models.network_folder import read_document
from studio.models.single_file.filling import Filling
from studio.models.single_file.tensors import empty, encoder_tensors
from studio.models.single_file.weights import Shards


def read_network(
    library: str, kind: str, folder: Path, device: str, precision: str, check: Check, packed: str
) -> Any:
    """`packed`: how its linear layers are kept, "": in `precision`. Raises ModelError, Cancelled,
    and what libraries raise of what is damaged."""
    network = empty(Part((kind,), library), kind, read_document(folder / CONFIG), folder)
    shards = Shards(folder, weights_in(folder), reading(check).add)
    if library == "diffusers":
        found = shards.deferred(shards.names)
        network._fix_state_dict_keys_on_load(found)
    else:
        found = encoder_tensors(shards, network, {"inside": ""})
    filling = Filling(folder, device, getattr(torch, precision), check, packed)
    return filling(network, found, strict=False)
