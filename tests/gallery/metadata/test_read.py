"""Our own settings through real files, and 10,000 damaged examples of every format."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st
from PIL import Image

from studio.core.errors import DataError
from studio.core.settings import MAX_SEED, Settings
from studio.gallery import png
from studio.gallery.metadata import formats, read
from tests.gallery.metadata.examples import (
    A1111,
    written,
)
from tests.gallery.metadata.mutations import EXAMPLES, outcome
from tests.gallery.metadata.strategies import some_settings

PIXELS = np.zeros((4, 4, 3), np.uint8)


def test_every_format_is_found() -> None:
    assert [each.source for each in formats()] == [
        *("Latent Studio", "InvokeAI", "Fooocus", "NovelAI", "SwarmUI"),
        *("Easy Diffusion", "A1111", "ComfyUI"),
    ]


@given(settings=some_settings())
@tries(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_our_own_settings_come_back(settings: Settings, tmp_path: Path) -> None:
    png.write(tmp_path / "a.png", PIXELS, settings)
    found = read(tmp_path / "a.png")
    assert (found.settings, found.source) == (settings, "Latent Studio")
    assert bool(found.notes) == bool(settings.source)


@pytest.mark.parametrize(
    "prompt", ["\ud83e alone", "a\0b", "a\n\nb\r\n", "a\nNegative prompt: b\nSteps: 3, Seed: 1", ""]
)
def test_awkward_prompts_come_back(tmp_path: Path, prompt: str) -> None:
    settings = Settings(prompt, negative=prompt)
    png.write(tmp_path / "a.png", PIXELS, settings)
    assert read(tmp_path / "a.png").settings == settings


def test_damage_in_our_own_leaves_the_line_for_others(tmp_path: Path) -> None:
    settings = Settings("a bear", sampler="flow-rk4", seed=9)
    chunks = {png.CHUNK: '{"format": 2}', "parameters": png.parameters(settings)}
    found = read(written(tmp_path / "a.png", **chunks))
    assert (found.settings, found.source) == (settings, "Latent Studio")
    assert found.notes[0].startswith("The settings inside are damaged")


def test_files_without_settings_are_data_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.png has no settings"):
        read(written(tmp_path / "a.png"))
    with pytest.raises(DataError, match="does not exist"):
        read(tmp_path / "none.png")
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path)
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff\xe1\0\x10Exif\0\0II*\0")
    with pytest.raises(DataError, match=r"b\.jpg"):
        read(tmp_path / "b.jpg")


def test_a_text_without_end_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        read(written(tmp_path / "a.png", parameters="a" * 2**23 + A1111["2022"]))


def test_values_of_every_type_in_every_place() -> None:
    """Each value of each JSON example replaced by each of what JSON can say."""
    odd: list[object] = [
        None,
        True,
        -1,
        10**400,
        float("nan"),
        "",
        "x" * 99,
        [],
        [[]],
        ["3", 0],
        {},
    ]
    odd.append("\ud83e")
    for example in EXAMPLES:
        for name, text in example.items():
            if text.startswith("{"):
                for changed in replaced_everywhere(json.loads(text), odd):
                    outcome({name: json.dumps(changed)})


def replaced_everywhere(value: object, odd: list[object]) -> list[object]:
    every: list[object] = list(odd)
    if isinstance(value, dict):
        for key, held in value.items():
            every += [value | {key: other} for other in replaced_everywhere(held, odd)]
    elif isinstance(value, list):
        for place, held in enumerate(value):
            every += [
                [*value[:place], other, *value[place + 1 :]]
                for other in replaced_everywhere(held, odd)
            ]
    return every


@given(st.integers(0, 3000), st.lists(st.integers(0, 3000), max_size=4), st.booleans())
@tries(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_are_read_or_data_errors(
    tmp_path: Path, cut: int, flips: list[int], webp: bool
) -> None:
    path = tmp_path / ("a.webp" if webp else "a.png")
    if webp:
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + A1111["1.10"].encode("utf-16-be")
        Image.new("RGB", (8, 8)).save(path, exif=exif)
    else:
        png.write(path, PIXELS, replace(Settings("a"), seed=MAX_SEED))
    content = bytearray(path.read_bytes())
    for place in flips:
        content[place % len(content)] ^= 0x55
    path.write_bytes(content[: max(len(content) - cut, 0)] if cut % 2 else content)
    with contextlib.suppress(DataError):
        read(path).settings.check()
