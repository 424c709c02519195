"""TAESD's files: an encoder and a decoder (taesd_encoder.pth, ...), or both in one file.

Safetensors, or PyTorch's own format through its restricted unpickler.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import ModelError
from studio.models.format import Check
from studio.models.model import ModelInfo
from studio.models.state_files import (
    count,
    header_shapes,
    pickle_mentions,
    pickled_count,
    read,
    shapes,
)

if TYPE_CHECKING:
    from torch import nn

    from studio.networks.tiny_autoencoder import TinyAutoencoder

HALVES = ("_encoder", "_decoder")  # how the names of two files that are one autoencoder end
ENDINGS = (".safetensors", ".pth")  # of a pair in both, the first counts
FIRST = re.compile(r"(.*\.)?\w*encoder\.(layers\.)?0\.weight")  # of both halves in one file


class TaesdFormat:
    """A folder with one pair of files, either file of a pair, or a file with both halves."""

    name = "taesd"

    def recognises(self, path: Path) -> bool:
        if path.is_dir():
            return len(_pairs(path)) == 1
        if path.suffix not in ENDINGS or not path.is_file():
            return False
        if path.stem.endswith(HALVES):
            return True
        if path.suffix == ".pth":
            return pickle_mentions(path, b"encoder.0.weight")
        return any(FIRST.fullmatch(name) for name in header_shapes(path))

    def describe(self, path: Path) -> ModelInfo:
        files = _files(path)
        for file in files:
            if not file.is_file():
                raise ModelError(f"{file} is missing; an encoder and its decoder belong together.")
        parameters = sum(_parameters(file) for file in files)
        trained = {"scaling": "none: these latents are as the large model's denoiser sees them"}
        return ModelInfo(path.name, "autoencoder", self.name, parameters, path, trained)

    def open(self, path: Path, device: str, precision: str, check: Check) -> nn.Module:
        from studio.models.formats.network import in_precision

        return in_precision(_open(path, check), device, precision)


def _open(path: Path, check: Check) -> TinyAutoencoder:
    from studio.models.tiny_autoencoder import halves, tiny_autoencoder

    states = []
    for file in _files(path):
        check()
        states.append(read(file))
    encoder, decoder = states if len(states) == 2 else halves(path, states[0])
    return tiny_autoencoder(path, encoder, decoder)


def _files(path: Path) -> tuple[Path, ...]:
    """The two files that hold the encoder and the decoder, or the one with both."""
    if path.is_dir():
        return next(iter(_pairs(path).values()))
    for half in HALVES:
        if path.stem.endswith(half):
            stem = path.stem.removesuffix(half)
            return _pair(path.parent, stem, (path.suffix, *ENDINGS))
    return (path,)


def _pairs(folder: Path) -> dict[str, tuple[Path, ...]]:
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix in ENDINGS)
    except OSError:
        return {}
    half = HALVES[0]
    stems = {file.stem.removesuffix(half) for file in files if file.stem.endswith(half)}
    return {stem: _pair(folder, stem, ENDINGS) for stem in sorted(stems)}


def _pair(folder: Path, stem: str, endings: Iterable[str]) -> tuple[Path, ...]:
    """Each half in the first of these endings that is there."""
    tried = tuple(endings)
    halves = []
    for half in HALVES:
        files = [folder / f"{stem}{half}{ending}" for ending in tried]
        halves.append(next((file for file in files if file.is_file()), files[0]))
    return tuple(halves)


def _parameters(file: Path) -> int:
    return pickled_count(file) if file.suffix == ".pth" else count(shapes(file))


FORMAT = TaesdFormat()
