"""Other people's generators: a folder as diffusers keeps it, model_index.json and a folder a part.

Recognised before its autoencoder alone is (formats are asked by name). Needs the packages diffusers
and transformers, and those only to be opened. Nothing is ever downloaded or unpickled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core.errors import ModelError, no_such
from studio.models import eight_bits
from studio.models.families import family_of
from studio.models.families.adapter import Adapter
from studio.models.format import Check
from studio.models.model import ModelInfo
from studio.models.network_folder import read_document
from studio.models.probe.probe import probe
from studio.models.state_files import count, shapes

if TYPE_CHECKING:
    from studio.models.checkpoint import Checkpoint

INDEX, CONFIG, AUTOENCODER = "model_index.json", "config.json", "vae"
VARIANT = re.compile(r"\.(fp16|bf16)[.-]")  # in the names of files in half precision
FILES = (".safetensors", ".sft", ".gguf", ".ckpt")  # how single files end
LEVELS = "block_out_channels", "encoder_block_out_channels", "dim_mult"  # one an autoencoder
MOST_SIDE, MOST_LEVELS = 1024, 8  # far beyond any published one


class CheckpointFormat:
    """A pipeline's folder of a family in `families/`."""

    name = "checkpoint"

    def recognises(self, path: Path) -> bool:
        if not (path / INDEX).is_file() or family_of(read_document(path / INDEX)) is None:
            return False
        beside = (path.with_name(path.name + ending).is_file() for ending in FILES)
        return any(path.glob("*/*.safetensors")) or not any(beside)  # else that file's settings

    def describe(self, path: Path) -> ModelInfo:
        index = read_document(path / INDEX)
        family = family_of(index)
        assert family is not None  # recognised
        present = parts_of(path, family, index)
        parameters = sum(
            count(shapes(file))
            for part in (*present, AUTOENCODER)
            for file in weights_in(path / part)
        )
        found = probe(path)
        told = {"family": found.family, "variant": found.variant}
        size = size_in(path, family)
        told |= {each.topic: each.value for each in found.prefilled}
        own = family.defaults(told, index)
        return ModelInfo(path.name, "generator", self.name, parameters, path, told, size, own)

    def open(
        self, path: Path, device: str, precision: str, check: Check,
        chosen: Mapping[str, str] | None = None, mapped: bool = True,
    ) -> Checkpoint:  # fmt: skip
        """`chosen` may name another autoencoder, and how weights are kept; a folder has all the
        other parts."""
        from studio.models.checkpoint import open_checkpoint

        packed, places = eight_bits.kind_of(chosen or {})
        eight_bits.check(path, packed, device, precision)
        autoencoder = places.pop(AUTOENCODER, "")
        for name in places:
            raise no_such("choice for a folder", name, [AUTOENCODER, eight_bits.WEIGHTS])
        how = device, precision, check, autoencoder, mapped, packed
        return open_checkpoint(self.describe(path), *how)


def size_in(path: Path, family: type[Adapter]) -> int:
    """The height and width in pixels of the pictures that it was trained on."""
    side = read_document(path / family.asked / CONFIG).get("sample_size", family.latent_side)
    coder = read_document(path / AUTOENCODER / CONFIG)
    levels = next((coder[key] for key in LEVELS if key in coder), None)
    if type(side) is not int or not isinstance(levels, list) or not 0 < side <= MOST_SIDE:
        raise ModelError(f"{path / family.asked / CONFIG} does not say for which size it is.")
    return side * int(2 ** (min(len(levels), MOST_LEVELS) - 1))


def weights_in(folder: Path) -> tuple[Path, ...]:
    """A part's files of weights; those in half precision only where there are no others."""
    files = sorted(folder.glob("*.safetensors"))
    return tuple([file for file in files if not VARIANT.search(file.name)] or files)


def parts_of(path: Path, family: type[Adapter], index: Mapping[str, Any]) -> tuple[str, ...]:
    """The family's parts that a folder has. Raises ModelError for one that is missing, or is of a
    class that the family does not have."""
    found = []
    for name, part in family.parts.items():
        library, kind = _entry(index.get(name))
        if not kind and part.optional:
            continue
        if not kind or not (path / name).is_dir():
            raise ModelError(f"{path / name} is missing: {path.name} cannot be opened without it.")
        if library != part.library or kind not in part.classes:
            raise ModelError(f"{path / INDEX} has {kind} as its {name}, which is not known here.")
        found.append(name)
    return tuple(found)


def _entry(entry: object) -> tuple[str, str]:
    match entry:
        case [str(library), str(kind)]:
            return library, kind
    return "", ""


FORMAT = CheckpointFormat()
