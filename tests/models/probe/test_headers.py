"""Headers of real files, of hostile ones, and of a thousand damaged ones."""

from __future__ import annotations

import io
import json
import os
import random
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import ModelError
from studio.models.probe.header import DAMAGE, Header, Tensor, damaged, parse, read
from studio.models.probe.probe import judge, probe
from tests.models.probe import files
from tests.models.probe.stubs import STUBS, Stub
from tests.models.test_mutations import peak

SMALL = Header({"a.weight": Tensor("F16", (4, 4)), "b": Tensor("F32", (2,))}, {"title": "x"})
GGUF = Header({"a.weight": Tensor("Q8_0", (4, 32)), "b": Tensor("F32", (2,))}, {"k": "v"}, "GGUF")


@pytest.mark.parametrize("stub", STUBS[::12], ids=lambda stub: stub.name)
def test_read_back(stub: Stub, tmp_path: Path) -> None:
    path = files.write(tmp_path / stub.name, stub.header)
    assert judge(read(path), path).reasons == judge(stub.header, path).reasons


def test_gguf_read_back(tmp_path: Path) -> None:
    path = files.write(tmp_path / "a.gguf", GGUF)
    found = read(path)
    plain = {name: tensor._replace(place=0) for name, tensor in found.tensors.items()}
    assert plain == GGUF.tensors and found.metadata["k"] == "v"
    assert all(tensor.place % 32 == 0 for name, tensor in found.tensors.items() if name[0] == "a")
    flux = next(stub for stub in STUBS if stub.name == "flux1-dev-Q4_K_S.gguf")
    assert probe(files.write(tmp_path / flux.name, flux.header)).precision == "Q4_K"


def entry(shape: object = (1,), offsets: object = (0, 2), dtype: str = "F16") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def said(document: object) -> bytes:
    return files.framed(json.dumps(document).encode())


def many() -> bytes:
    one = json.dumps(entry((), (0, 0))).encode()
    keys = b",".join(b'"%d":%s' % (n, one) for n in range(100_000))
    return files.framed(b"{" + keys + b"}")


def numbers() -> bytes:
    return files.framed(b"{" + b",".join(b'"%x":0' % n for n in range(500_000)) + b"}")


def brackets() -> bytes:
    return files.framed(b'{"a":[' + b"[]," * 1_900_000 + b"[]]}")


def strings() -> bytes:
    key = struct.pack("<Q", 1) + b"k"
    start = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + key
    return start + struct.pack("<IIQ", 9, 8, 2**20) + bytes(2**23 - 64)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "zero bytes": lambda: b"",
    "three bytes": lambda: b"abc",
    "a length of 100 GB": lambda: (100 * 10**9).to_bytes(8, "little") + b"{}",
    "a length of 2^64": lambda: b"\xff" * 8 + b"{}",
    "ten million keys": lambda: (7 * 10**8).to_bytes(8, "little") + b'{"a":0,' * 1000,
    "100,000 keys": many,
    "1,900,000 brackets": brackets,
    "half a million keys": numbers,
    "deep": lambda: files.framed(b"[" * 1_000_000),
    "overlapping": lambda: said({"a": entry((2,), (0, 4)), "b": entry((2,), (2, 6))}) + bytes(6),
    "backwards": lambda: said({"a": entry((1,), (4, 2))}) + bytes(4),
    "a negative length": lambda: said({"a": entry((-1,), (0, 2))}) + bytes(2),
    "a negative offset": lambda: said({"a": entry((1,), (-2, 0))}) + bytes(2),
    "a shape of text": lambda: said({"a": entry("12", (0, 2))}) + bytes(2),
    "a shape too large": lambda: said({"a": entry((2**60, 2**60), (0, 2))}) + bytes(2),
    "control characters": lambda: said({"a\x1b[2J\n": entry()}) + bytes(2),
    "a surrogate": lambda: files.framed(b'{"\\ud800": {}}'),
    "a long name": lambda: said({"a" * 10**6: entry()}) + bytes(2),
    "a name twice": lambda: files.framed(b'{"a": {}, "a": {}}'),
    "no object": lambda: said([1, 2]),
    "no entries": lambda: said({"a": 1}),
    "metadata of numbers": lambda: said({"__metadata__": 3}),
    "no UTF-8": lambda: files.framed(b'{"\xff": 1}'),
    "no JSON": lambda: files.framed(b"<html>"),
    "cut short": lambda: said({"a": entry((8,), (0, 16))}) + bytes(4),
    "cut in its header": lambda: files.safetensors(SMALL)[:-7],
    "GGUF cut short": lambda: files.gguf(GGUF)[:-5],
    "GGUF without weights": lambda: files.gguf(GGUF),
    "GGUF and nothing": lambda: b"GGUF",
    "GGUF of 2^60 tensors": lambda: b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0) + bytes(64),
    "GGUF of version 9": lambda: b"GGUF" + struct.pack("<IQQ", 9, 0, 0) + bytes(64),
    "GGUF of a million strings": strings,
    "GGUF with a text of 2^63": lambda: b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**63) + bytes(64),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_headers_are_one_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(HOSTILE[name]())
    if name == "ten million keys":
        os.truncate(path, 8 * 10**8)  # a hole: all of them would take long to write
    began = time.process_time()
    with pytest.raises(ModelError) as caught:
        read(path)
    assert time.process_time() - began < 1
    text = str(caught.value)
    assert text.isprintable() and len(text) < 400 and "a.safetensors" in text


def test_hostile_headers_take_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    for name in ("100,000 keys", "1,900,000 brackets", "half a million keys"):
        path.write_bytes(HOSTILE[name]())
        before = peak()
        with pytest.raises(ModelError):
            read(path)
        assert peak() - before < 200 * 2**20


@settings(max_examples=1000, deadline=None, database=None)
@given(number=st.integers(0, 2**32))
def test_a_thousand_damaged_headers(number: int) -> None:
    """An answer or one line. Where the length is kept right, the rest is looked into."""
    chance = random.Random(number)
    header = chance.choice(STUBS).header
    framed = header.format != "GGUF" and chance.random() < 0.7
    sound = files.gguf(header) if header.format == "GGUF" else files.safetensors(header)
    data = bytearray(sound[8:] if framed else sound)
    for _ in range(chance.choice((1, 2, 5))):
        at = chance.randrange(len(data) or 1)
        match chance.randrange(3):
            case 0 if data:
                data[at] = chance.choice(b'0123456789-[]{}",x\x00\xff')
            case 1:
                del data[at : at + chance.choice((1, 4, 30))]
            case _:
                data.insert(at, chance.randrange(256))
    whole = files.framed(bytes(data)) if framed else bytes(data)
    path = Path("a.safetensors")
    try:
        found = parse(io.BytesIO(whole), len(whole) + files.room(header))
    except (*DAMAGE, struct.error) as error:
        line = str(damaged(path, error))
        assert line.isprintable() and len(line) < 400
    else:
        assert judge(found, path).reasons
