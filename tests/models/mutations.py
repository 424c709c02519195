"""Model files with something wrong in them: bytes, descriptions, headers, names."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: What a value may become.
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2, 7, 65536, 2**63, 10**4000, 0.5, 1e308, float("nan"), float("inf"), "",
    "x", "a" * 300, "9" * 5000, "../x", "\0", "\ud800", [], {}, [[]], [0], [1], [65536], [None],
    ["x"], {"x": 1}, [2**40] * 8,
)  # fmt: skip

Mutate = Callable[[random.Random, Path], None]


def flipped(chance: random.Random, path: Path) -> None:
    """A few bits, most of them near the beginning, where the descriptions are."""
    data = bytearray(path.read_bytes())
    reach = chance.choice((64, 2048, len(data)))
    for _ in range(chance.choice((1, 4, 40))):
        if data:
            data[chance.randrange(min(reach, len(data)))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def cut(chance: random.Random, path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(len(data) + 1)])


def grown(chance: random.Random, path: Path) -> None:
    with path.open("ab") as file:
        file.write(chance.randbytes(chance.choice((1, 8, 4096))))


def redescribed(chance: random.Random, path: Path) -> None:
    """A value of a JSON document, at any depth, is another, or missing."""
    if path.suffix == ".json":
        path.write_text(json.dumps(altered(chance, json.loads(path.read_text()))))
    elif path.suffix == ".safetensors":
        data = path.read_bytes()
        length = int.from_bytes(data[:8], "little")
        header = json.dumps(altered(chance, json.loads(data[8 : 8 + length]))).encode()
        path.write_bytes(len(header).to_bytes(8, "little") + header + data[8 + length :])
    else:
        flipped(chance, path)


def altered(chance: random.Random, document: Any) -> Any:
    keys = list(document) if isinstance(document, dict) else list(range(len(document)))
    key = chance.choice(keys)
    inner = document[key]
    if isinstance(inner, dict | list) and inner and chance.random() < 0.7:
        document[key] = altered(chance, inner)
    elif isinstance(document, dict) and chance.random() < 0.2:
        value = document.pop(key)
        if chance.random() < 0.5:
            document[chance.choice(("x", key * 2, "decoder.up." + "9" * 5000))] = value
    elif isinstance(document, list) and chance.random() < 0.3:
        del document[key]
    else:
        document[key] = chance.choice(ODD)
    return document


MUTATIONS: tuple[Mutate, ...] = (flipped, cut, grown, redescribed, redescribed, redescribed)


def mutated(number: int, sound: Path, target: Path) -> Path:
    """Copy number `number` of the models in `sound`, with one file changed; returns it."""
    chance = random.Random(number)
    shutil.copytree(sound, target)
    files = sorted(path for path in target.rglob("*") if path.is_file())
    # descriptions and headers as often as all the rest
    chosen = chance.choice(files)
    chance.choice(MUTATIONS)(chance, chosen)
    return chosen
