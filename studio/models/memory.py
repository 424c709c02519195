"""What a model takes of a device's memory, from headers alone: nothing is opened, no torch."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from studio.core.device import Device
from studio.core.sizes import Size
from studio.core.wording import size_text
from studio.models.chosen import split
from studio.models.eight_bits import kind_of, packed_bytes
from studio.models.formats.checkpoint import AUTOENCODER, weights_in
from studio.models.inventory import inventory
from studio.models.known import bytes_of
from studio.models.probe import header
from studio.models.registry import find, find_generator
from studio.models.single_file.layout import answer_of
from studio.models.single_file.parts import TOKENIZER, Located
from studio.models.state_files import Shapes, pickled_count, shapes

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}  # a number
TILE = 512  # pixels a side that go through an autoencoder at once
#: Numbers a pixel that are held at once beside the weights, at most, by a denoiser (asked for two
#: predictions) and by an autoencoder; measured with those of Stable Diffusion 1.5.
DENOISING, DECODING = 400, 1050
EXACT = re.compile(r"\.wo\.weight$")  # of T5, which transformers does not put into fp16
Held = tuple[dict[str, int], set[Path]]  # bytes of each part in memory, and its files
LEAVING = {
    "none": "",
    "encoders": "; the text encoders leave the GPU once they have read",
    "sequential": "; the denoiser is brought block by block, which is slow",
}


@dataclass(frozen=True)
class Need:
    """In bytes: the weights of each part in memory, what else one picture takes at the most, and
    the files that are read; and whether linear layers are kept in eight bits."""

    parts: Mapping[str, int]
    working: int
    stored: int
    packed: bool = False

    @property
    def weights(self) -> int:
        return sum(self.parts.values())

    @property
    def encoders(self) -> int:
        """What is not needed once the prompts are read."""
        return sum(size for part, size in self.parts.items() if part.startswith("text_encoder"))

    @property
    def denoiser(self) -> int:
        return self.weights - self.encoders - self.parts.get(AUTOENCODER, 0)

    @property
    def total(self) -> int:
        return self.weights + self.working


@dataclass(frozen=True)
class Fit:
    """A need, and what is `free` for it, 0 where nobody knows."""

    name: str
    need: Need
    free: int
    device: Device

    @property
    def words(self) -> str:
        """The rest of a sentence that begins with the model."""
        about = f"needs about {size_text(self.need.total)}"
        if not self.free:
            return f"{about}."
        if not self.tight:
            return f"{about}, {size_text(self.free)} are free{LEAVING[self.offload]}."
        return f"{about}, but only {size_text(self.free)} are free; {self._advice}."

    @property
    def offload(self) -> str:
        """What leaves the device: what was asked for, else as little as has to. Only a GPU with
        memory of its own has a place to bring it back from."""
        if self.device.name != "cuda":
            return "none"
        if self.device.offload != "auto":
            return self.device.offload
        if not self.free or self.need.total <= self.free:
            return "none"
        enough = self.need.total - self.need.encoders <= self.free
        return "encoders" if enough or self.need.packed else "sequential"

    @property
    def refused(self) -> bool:
        """The weights that are there all the time are alone too large."""
        return 0 < self.free < self._staying

    @property
    def tight(self) -> bool:
        return 0 < self.free < self._staying + self.need.working

    @property
    def _staying(self) -> int:
        need = self.need
        gone = {"none": 0, "encoders": need.encoders, "sequential": need.encoders + need.denoiser}
        return need.weights - gone[self.offload]

    @property
    def _advice(self) -> str:
        close = "close other programs"
        if not self.refused:
            return f"make smaller pictures, or {close}"
        if self.device.precision == "float32":
            return f"--precision bfloat16 takes half as much; or {close}"
        return f"{close}, or choose a smaller model"


def need_of(model: str, precision: str, size: Size | None = None) -> Need:
    """Of a generator's name or path, with the parts chosen for it, for a picture of this size (its
    own by default). Raises ModelError, UsageError."""
    info, (_, chosen) = find_generator(model), split(model)
    width, size = BYTES[precision], size or Size.square(info.size or TILE)
    wide = 4 if precision == "float16" else width  # of what would overflow
    if info.format not in ("checkpoint", "checkpoint-file"):  # the studio's own are small
        weights = info.parameters * width
        return Need({"model": weights}, weights, bytes_of(info.path))
    parts, files = _parts(info.path, chosen, width, wide)
    pixels = size.width * size.height
    working = max(DENOISING * pixels * width, DECODING * min(pixels, TILE**2) * wide)
    return Need(parts, working, sum(map(bytes_of, files)), bool(kind_of(chosen)[0]))


def _parts(path: Path, chosen: Mapping[str, str], width: int, wide: int) -> Held:
    """Of a .ckpt, whose names cannot be read without its weights, all at once."""
    if path.suffix == ".ckpt":
        return {"model": pickled_count(path) * width}, {path}
    told = set() if path.is_dir() else {each.topic for each in answer_of(path).prefilled}
    kind, others = kind_of(chosen)
    places = {name: value for name, value in others.items() if name not in told}
    found, files = dict[str, int](), set[Path]()
    for part in inventory(path, places):
        if part.path is None or part.part.startswith(TOKENIZER):
            continue
        coder = part.part == AUTOENCODER
        own = weights_in(part.path) if part.path.is_dir() and not coder else [part.path]
        files.update(own)
        if coder and part.path != path:
            found[part.part] = find(str(part.path)).parameters * wide
        elif part.path.is_dir():
            found[part.part] = sum(_held(shapes(file), width, wide, kind) for file in own)
        elif coder:
            found[part.part] = part.numbers * wide
        else:
            found[part.part] = _held(_shapes(part), width, wide, kind)
    return {part: count for part, count in found.items() if count}, files


def _shapes(part: Located) -> Shapes:
    assert part.path is not None
    tensors = header.read(part.path).tensors.items()
    return {name: each.shape or () for name, each in tensors if re.match(part.inside, name)}


def _held(shapes: Shapes, width: int, wide: int, kind: str) -> int:
    return sum(
        packed_bytes(name, shape, kind)
        or (wide if EXACT.search(name) else width) * math.prod(shape)
        for name, shape in shapes.items()
    )
