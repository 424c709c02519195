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
from studio.models.families import family_of
from studio.models.formats.checkpoint import AUTOENCODER, INDEX, parts_of, weights_in
from studio.models.known import bytes_of
from studio.models.network_folder import read_document
from studio.models.probe import header
from studio.models.registry import find, find_generator
from studio.models.single_file.layout import WHOLE, answer_of, layout_of
from studio.models.single_file.parts import TOKENIZER, Located, located
from studio.models.state_files import Shapes, pickled_count, shapes

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}  # a number
CODER = r"(first_stage_model|vae)\."  # how the names of an autoencoder inside a file begin
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
    the files that are read."""

    parts: Mapping[str, int]
    working: int
    stored: int

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
        return "encoders" if self.need.total - self.need.encoders <= self.free else "sequential"

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
    if info.format == "checkpoint":
        parts, files = _in_folder(info.path, chosen, width, wide)
    elif info.format == "checkpoint-file":
        parts, files = _in_files(info.path, chosen, width, wide)
    else:  # the studio's own are small
        weights = info.parameters * width
        return Need({"model": weights}, weights, bytes_of(info.path))
    pixels = size.width * size.height
    working = max(DENOISING * pixels * width, DECODING * min(pixels, TILE**2) * wide)
    return Need(parts, working, sum(map(bytes_of, files)))


def _in_folder(path: Path, chosen: Mapping[str, str], width: int, wide: int) -> Held:
    index = read_document(path / INDEX)
    family = family_of(index)
    assert family is not None  # described
    files = {part: weights_in(path / part) for part in parts_of(path, family, index)}
    found = {
        part: sum(_held(shapes(file), width, wide) for file in each) for part, each in files.items()
    }
    coder = Path(chosen[AUTOENCODER]) if AUTOENCODER in chosen else path / AUTOENCODER
    found[AUTOENCODER] = find(str(coder)).parameters * wide
    every = {file for each in files.values() for file in each}
    return {part: n for part, n in found.items() if n}, {*every, coder}


def _in_files(path: Path, chosen: Mapping[str, str], width: int, wide: int) -> Held:
    """Each part in the file that it is in; of a .ckpt, whose names cannot be read without its
    weights, all at once."""
    if path.suffix == ".ckpt":
        return {"model": pickled_count(path) * width}, {path}
    answer, own = answer_of(path), _numbers(path)
    layout, told = layout_of(path, answer), {each.topic for each in answer.prefilled}
    places = {name: value for name, value in chosen.items() if name not in told}
    inside = {name: re.escape(layout.parts[name]["inside"]) for name in layout.encoders()}
    inside |= {AUTOENCODER: CODER}
    whole = any(name.startswith(WHOLE) for name in own)
    found: dict[str, int] = {}

    def numbers(part: Located) -> int:
        if part.part == layout.family.asked:
            others = "|".join(inside.values())
            mine = [n for n in own if (n.startswith(WHOLE) if whole else not re.match(others, n))]
            return sum(own[name] for name in mine)
        if part.path == path:
            return sum(n for name, n in own.items() if re.match(inside[part.part], name))
        if part.part == AUTOENCODER:
            return find(str(part.path)).parameters
        return sum(_numbers(Path(str(part.path))).values())

    files = {path}
    for part in located(path, own, layout, answer, places):
        if part.path is not None and not part.part.startswith(TOKENIZER):
            found[part.part] = numbers(part) * (wide if part.part == AUTOENCODER else width)
            files.add(part.path)
    return found, files


def _held(shapes: Shapes, width: int, wide: int) -> int:
    return sum(
        (wide if EXACT.search(name) else width) * math.prod(shape) for name, shape in shapes.items()
    )


def _numbers(path: Path) -> Mapping[str, int]:
    """How many each tensor of a file holds."""
    tensors = header.read(path).tensors
    return {name: math.prod(tensor.shape or ()) for name, tensor in tensors.items()}
