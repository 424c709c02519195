"""The headers of safetensors and GGUF files: names, types and shapes, read within bounds.

https://github.com/huggingface/safetensors#format, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
At most 16 MB are read and 50,000 tensors listed, whatever the file says of itself.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from studio.core.errors import ModelError
from studio.core.files import must_be_regular, read_regular
from studio.core.tables import shortened
from studio.models.state_files import DAMAGE, damaged

LARGEST_JSON = 6 * 2**20  # bytes; the header of a 20 B model is below one megabyte
LARGEST_GGUF = 2**24  # bytes; a language model's holds its vocabulary
MOST_TENSORS = 50_000  # the longest LoRA have ten thousand
MOST_STRINGS = 600_000  # in a GGUF header: a vocabulary and its merges
LARGEST_TENSOR = 2**50  # numbers: beyond any file

BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F4": 4,
    "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32, "U16": 16, "U8": 8, "BOOL": 8,
}  # fmt: skip
#: A GGUF type's number: its name, the numbers in a block, the bytes of a block.
GGUF_TYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 36),
    10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292), 16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136), 24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4),
    27: ("I64", 1, 8), 28: ("F64", 1, 8), 29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2),
    39: ("MXFP4", 32, 17),
}  # fmt: skip
GGUF_ALIGNMENT = 32  # bytes, where the file does not say
GGUF_NUMBERS = "BbHhIif?..Qqd"  # a value's type -> struct's letter


class Tensor(NamedTuple):
    """Type in safetensors' or GGUF's words; shape as torch has it, None where only names are known
    (the index of a sharded folder whose shards are elsewhere); at which byte of its file it is."""

    dtype: str
    shape: tuple[int, ...] | None
    place: int = 0


@dataclass(frozen=True)
class Header:
    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str] = field(default_factory=dict)
    format: str = "safetensors"


def read(path: Path) -> Header:
    """Of one file. Raises ModelError, one line, for what is damaged or neither format."""
    try:
        must_be_regular(path, 2**50)
        with path.open("rb") as file:
            return parse(file, path.stat().st_size)
    except (*DAMAGE, struct.error) as error:
        raise damaged(path, error) from error


def parse(file: BinaryIO, size: int) -> Header:
    """Of `size` bytes. Raises one of DAMAGE, or struct.error."""
    start = file.read(8)
    if start[:4] == b"GGUF":
        return _gguf(start + file.read(LARGEST_GGUF - 8), size)
    if len(start) < 8:
        raise ValueError("it has no header" if start else "it is empty")
    length = int.from_bytes(start, "little")
    if not 2 <= length <= size - 8:
        raise ValueError("it has no safetensors or GGUF header, or is cut short")
    if length > LARGEST_JSON:
        raise ValueError(f"its header claims {length >> 20} MB")
    return _safetensors(file.read(length), 8 + length, size)


def read_index(path: Path) -> Header:
    """Of a sharded folder: every shard's header where the shards are, else the names alone."""
    document = read_json(path)
    try:
        names = {str(name): str(shard) for name, shard in document["weight_map"].items()}
        _check_names(names)
        shards = [path.parent / Path(shard).name for shard in sorted(set(names.values()))]
        if len(shards) > 256:
            raise ValueError("it has more than 256 shards")
    except DAMAGE as error:
        raise damaged(path, error) from error
    if not all(shard.is_file() for shard in shards):
        return Header(dict.fromkeys(names, Tensor("", None)))
    headers = [read(shard) for shard in shards]
    tensors = {name: tensor for header in headers for name, tensor in header.tensors.items()}
    if missing := names.keys() - tensors.keys():
        raise ModelError(f"{path}: no shard holds {shortened(min(missing))}.")
    return Header(tensors, headers[0].metadata if headers else {})


def read_json(path: Path) -> Mapping[str, Any]:
    """An object in a small file. Raises ModelError."""
    try:
        document = _parsed(read_regular(path, LARGEST_JSON))
        if not isinstance(document, dict):
            raise ValueError("it is no JSON object")
        return document
    except DAMAGE as error:
        raise damaged(path, error) from error


def _parsed(data: bytes) -> Any:
    if data.count(b"[") + data.count(b"{") > 3 * MOST_TENSORS or data.count(b":") > 2**18:
        raise ValueError("it lists too many tensors")
    return json.loads(data, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _check_names(names: Iterable[str]) -> None:
    """A name is printed and matched line by line."""
    for name in names:
        if len(name) > 512 or not name.isprintable():
            raise ValueError(f"{shortened(name)} is no tensor's name")


def _safetensors(data: bytes, begin: int, size: int) -> Header:
    document, room = _parsed(data), size - begin
    metadata = document.pop("__metadata__", {})
    if len(document) > MOST_TENSORS:
        raise ValueError("it lists too many tensors")
    _check_names(document)
    tensors, spans = {}, []
    for name, entry in document.items():
        dtype, shape = str(entry["dtype"]), tuple(entry["shape"])
        start, stop = entry["data_offsets"]
        if len(shape) > 8 or not all(type(n) is int and n >= 0 for n in (*shape, start, stop)):
            raise ValueError(f"{shortened(name)} has an impossible shape or place")
        if dtype in BITS and math.prod(shape) * BITS[dtype] != 8 * (stop - start):
            raise ValueError(f"{shortened(name)} does not fit its shape")
        tensors[name] = Tensor(dtype, shape, begin + start)
        spans.append((start, stop))
    spans.sort()
    if any(stop > start for (_, stop), (start, _) in pairwise(spans)):
        raise ValueError("two tensors share bytes")
    if spans and max(stop for _, stop in spans) != room:
        raise ValueError(f"it holds {room} bytes of weights, not {max(s for _, s in spans)}")
    return Header(tensors, {str(k): str(v) for k, v in metadata.items()})


class _Reader:
    """Walks over a GGUF header. What lies beyond its end raises struct.error or ValueError."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.strings = data, 4, 0

    def number(self, letter: str) -> Any:
        form = struct.Struct("<" + letter)
        (value,) = form.unpack_from(self.data, self.at)
        self.at += form.size
        return value

    def skip(self, size: int) -> None:
        if size > len(self.data) - self.at:
            raise ValueError("its header is cut short or too long")
        self.at += size

    def skip_strings(self, count: int) -> None:
        length, at = struct.Struct("<Q").unpack_from, self.at
        for _ in range(count):
            at += 8 + length(self.data, at)[0]
        self.at = at

    def string(self) -> str:
        length = self.number("Q")
        self.skip(length)
        return self.data[self.at - length : self.at].decode()

    def value(self, kind: int) -> str:
        """As text; a list as nothing."""
        if kind == 8:
            return self.string()
        if kind == 9:
            inner, count = self.number("I"), self.number("Q")
            if inner == 8:
                self.strings += count
                if self.strings > MOST_STRINGS:
                    raise ValueError("its lists are too long")
                self.skip_strings(count)
            else:
                self.skip(count * struct.calcsize("<" + self.letter(inner)))
            return ""
        return str(self.number(self.letter(kind)))

    @staticmethod
    def letter(kind: int) -> str:
        if kind >= len(GGUF_NUMBERS) or kind in (8, 9):
            raise ValueError(f"it holds a value of unknown type {kind}")
        return GGUF_NUMBERS[kind]


def _gguf(data: bytes, size: int) -> Header:
    reader = _Reader(data)
    version, count, facts = (reader.number(letter) for letter in "IQQ")
    if version not in (2, 3):
        raise ValueError(f"its GGUF version is {version}")
    if count > MOST_TENSORS or facts > MOST_TENSORS:
        raise ValueError("it lists too many tensors")
    metadata = {}
    for _ in range(facts):
        key = reader.string()
        metadata[key] = reader.value(reader.number("I"))
    tensors, end = {}, 0
    for _ in range(count):
        name = reader.string()
        if name in tensors:
            raise ValueError("a name occurs twice")
        rank = reader.number("I")
        if rank > 8:
            raise ValueError(f"{shortened(name)} has an impossible shape")
        shape = tuple(reader.number("Q") for _ in range(rank))[::-1]
        kind, offset = reader.number("I"), reader.number("Q")
        dtype, block, width = GGUF_TYPES.get(kind, (f"type {kind}", 1, 0))
        if math.prod(shape) > LARGEST_TENSOR:
            raise ValueError(f"{shortened(name)} has an impossible shape")
        end = max(end, offset + math.prod(shape) // block * width)
        tensors[name] = Tensor(dtype, shape, offset)
    _check_names(tensors)
    if reader.at + end > size:
        raise ValueError(f"it has {size} bytes, not {reader.at + end} or more")
    step = int(metadata.get("general.alignment", GGUF_ALIGNMENT))
    if step < 1:
        raise ValueError("its alignment is impossible")
    begin = -(-reader.at // step) * step
    placed = {name: each._replace(place=begin + each.place) for name, each in tensors.items()}
    return Header(placed, metadata, "GGUF")
