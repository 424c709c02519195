"""Thousands of damaged settings and pictures: read or refused in one sentence, quickly, in little
memory. LATENT_STUDIO_MUTATIONS=1 in the environment tries them all, else a share of them."""

from __future__ import annotations

import contextlib
import json
import os
import random
from functools import partial
from pathlib import Path

import pytest

from studio.core.errors import DataError
from studio.gallery.history import files
from studio.gallery.history.thumbnails import Thumbnails
from studio.gallery.metadata import read
from studio.pictures.reading import read_picture
from tests.gallery.metadata.mutations import (
    EXAMPLES,
    Watch,
    mutated,
    mutated_picture,
    outcome,
    own_bytes,
    pictures,
)

ALL = bool(os.environ.get("LATENT_STUDIO_MUTATIONS"))
BLOCKS, PICTURES = (1000, 200) if ALL else (300, 20)  # ten times each


@pytest.mark.parametrize("number", range(10))
def test_mutated_settings(number: int) -> None:
    chance, watch, read_any = random.Random(number), Watch(), 0
    for turn in range(BLOCKS):
        example = EXAMPLES[turn % len(EXAMPLES)]
        texts = {name: mutated(text, chance) for name, text in example.items()}
        with watch.once(str(texts)[:2000]):
            read_any += outcome(texts)
    print(f"{BLOCKS} settings, {read_any} read: {watch}")
    assert not watch.broken
    assert 0.2 < read_any / BLOCKS < 0.99  # the mutations neither break all nor spare all


@pytest.mark.parametrize("number", range(10))
def test_mutated_pictures(tmp_path: Path, number: int) -> None:
    chance, watch, read_any = random.Random(number), Watch(), 0
    sound, small, path = pictures(tmp_path), Thumbnails(tmp_path / "small"), tmp_path / "a.png"
    for turn in range(PICTURES):
        content = mutated_picture(chance.choice(sound), chance)
        path.write_bytes(content)
        for use in (read, read_picture, files.read, partial(small.jpeg, modified=turn, size=64)):
            with (
                watch.once(f"seed {number}, picture {turn}, {use}", own_bytes(content)),
                contextlib.suppress(DataError),
            ):
                use(path)
                read_any += 1
    print(f"{PICTURES} pictures, read {read_any} times: {watch}")
    assert not watch.broken
    assert 0.2 < read_any / PICTURES < 3.6


def sampler(**inputs: object) -> dict[str, object]:
    given = {"positive": ["t", 0], "seed": 1, "steps": 2, "cfg": 3.0} | inputs
    return {"class_type": "KSampler", "inputs": given}


def node(kind: str, inputs: dict[str, object]) -> dict[str, object]:
    return {"class_type": kind, "inputs": inputs}


MANY = 15_000
LARGE: dict[str, dict[str, object]] = {
    "nothing but places to save": {
        str(i): node("SaveImage", {"images": [str(i + 1), 0]}) for i in range(MANY)
    },
    "samplers one behind the other": {
        str(i): sampler(latent_image=[str(i + 1), 0]) for i in range(MANY)
    },
    "a text made of itself": {
        "t": node("Concat", {f"text_{i}": ["t", 0] for i in range(4 * MANY)})
    },
    "texts doubled a thousand times": {
        "t" if i == 0 else str(i): node(
            "Concat", {"a": [str(i + 1), 0], "b": [str(i + 1), 0], "delimiter": "x" * 99}
        )
        for i in range(1000)
    },
    "texts of nodes not known": {
        "t": node("Combine", {f"conditioning_{i}": [str(i), 0] for i in range(MANY)})
    }
    | {str(i): node(f"Unknown {i}", {"sides": 6}) for i in range(1, MANY)}
    | {"0": node("CLIPTextEncode", {"text": "a fox"})},
}


@pytest.mark.parametrize("name", LARGE)
def test_graphs_made_to_take_long(name: str) -> None:
    text, watch = json.dumps(LARGE[name] | {"s": sampler()}), Watch()
    with watch.once(name):
        assert outcome({"prompt": text})
    assert not watch.broken
