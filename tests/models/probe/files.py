"""Small files with headers as they are asked for, or as nobody should write them."""

from __future__ import annotations

import json
import math
import os
import struct
from pathlib import Path
from typing import Any

from studio.models.probe.header import BITS, GGUF_TYPES, Header


def safetensors(header: Header) -> bytes:
    """The length and the header; `write` adds the weights, which take no room on the disk."""
    entries: dict[str, Any] = {"__metadata__": dict(header.metadata)} if header.metadata else {}
    end = 0
    for name, tensor in header.tensors.items():
        start, end = end, end + math.prod(tensor.shape or ()) * BITS[tensor.dtype] // 8
        entries[name] = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": [start, end]}
    return framed(json.dumps(entries).encode())


def framed(text: bytes) -> bytes:
    return len(text).to_bytes(8, "little") + text


def gguf(header: Header) -> bytes:
    numbers = {name: (kind, block, width) for kind, (name, block, width) in GGUF_TYPES.items()}

    def string(text: str) -> bytes:
        return struct.pack("<Q", len(text.encode())) + text.encode()

    data = b"GGUF" + struct.pack("<IQQ", 3, len(header.tensors), len(header.metadata) + 1)
    for key, value in header.metadata.items():
        data += string(key) + struct.pack("<I", 8) + string(value)
    data += string("tokens") + struct.pack("<IIQ", 9, 8, 2) + string("a") + string("b")
    end = 0
    for name, tensor in header.tensors.items():
        kind, block, width = numbers[tensor.dtype]
        shape = (tensor.shape or ())[::-1]
        data += string(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        data += struct.pack("<IQ", kind, end)
        end += math.prod(shape) // block * width
    return data


def write(path: Path, header: Header) -> Path:
    """With room for its weights, which stay a hole in the file."""
    data = gguf(header) if header.format == "GGUF" else safetensors(header)
    path.write_bytes(data)
    os.truncate(path, len(data) + room(header))
    return path


def room(header: Header) -> int:
    total = 0
    for tensor in header.tensors.values():
        numbers = math.prod(tensor.shape or ())
        if header.format == "GGUF":
            _, block, width = next(t for t in GGUF_TYPES.values() if t[0] == tensor.dtype)
            total += numbers // block * width
        else:
            total += numbers * BITS[tensor.dtype] // 8
    return total
