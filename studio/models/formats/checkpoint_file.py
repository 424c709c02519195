"""Other people's generators in one file, .safetensors, .gguf or .ckpt: whole, or a denoiser whose
other parts lie in files of their own.

Asked before the autoencoder inside a file is. Needs the packages diffusers, transformers and
accelerate, and those only to be opened. Nothing is ever downloaded or unpickled.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import ModelError
from studio.models.format import Check
from studio.models.model import ModelInfo
from studio.models.probe.header import read
from studio.models.probe.probe import Answer
from studio.models.single_file.layout import answer_of, is_known, layout_of
from studio.models.state_files import count, pickled_count

if TYPE_CHECKING:
    from studio.models.checkpoint import Checkpoint


class CheckpointFileFormat:
    """A file of a family in `single_file/layouts.toml`, or with its configurations beside it."""

    name = "checkpoint-file"

    def recognises(self, path: Path) -> bool:
        return path.is_file() and _is_known(path, path.stat().st_mtime_ns, path.stat().st_size)

    def describe(self, path: Path) -> ModelInfo:
        return _info(path, answer_of(path))

    def open(
        self, path: Path, device: str, precision: str, check: Check,
        chosen: Mapping[str, str] | None = None, mapped: bool = True,
    ) -> Checkpoint:  # fmt: skip
        from studio.models.single_file.opening import Opening

        opening = Opening(path, device, precision, check, chosen or {}, mapped)
        return opening.checkpoint(_info(path, opening.answer))


@lru_cache(maxsize=1024)
def _is_known(path: Path, modified: int, size: int) -> bool:
    """Models are listed often. `modified` and `size` are there for the cache."""
    del modified, size
    try:
        return is_known(path)
    except ModelError:  # what is cut short may still be told by another format
        return False


def _info(path: Path, answer: Answer) -> ModelInfo:
    layout = layout_of(path, answer)
    told = {"family": answer.family, "variant": answer.variant}
    told |= {each.topic: each.value for each in answer.prefilled}
    parameters = (
        pickled_count(path)
        if path.suffix == ".ckpt"
        else count({name: tensor.shape or () for name, tensor in read(path).tensors.items()})
    )
    name = CheckpointFileFormat.name
    own = layout.family.defaults(told, layout.index)
    return ModelInfo(path.stem, "generator", name, parameters, path, told, layout.size, own)


FORMAT = CheckpointFileFormat()
