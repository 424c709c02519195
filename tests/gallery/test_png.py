"""Settings inside PNG files: whole round trips, damaged files, writes that fail."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from studio.core.errors import DataError, OutputError
from studio.core.generating import Score
from studio.core.prompts import one_phrase
from studio.core.settings import MAX_GUIDANCE, MAX_SEED, MAX_STEPS, Settings
from studio.core.sizes import Size
from studio.gallery import png

PIXELS = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
GIVEN = Settings("a teddy bear, 3d", negative="blurry", seed=2**40, guidance=3.5, steps=7)

unicode = st.text(st.characters(), max_size=80)  # with half surrogate pairs and NUL
some_settings = st.builds(
    Settings,
    prompt=unicode,
    negative=unicode,
    model=unicode,
    sampler=unicode,
    steps=st.integers(1, MAX_STEPS),
    guidance=st.floats(0, MAX_GUIDANCE),
    guidance_interval=st.tuples(st.floats(0, 0.5), st.floats(0.5, 1, exclude_min=True)),
    seed=st.integers(0, MAX_SEED),
    size=st.builds(Size, st.integers(1, 4096), st.integers(1, 4096)),
)


@given(settings=some_settings)
@tries(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_setting_comes_back(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    png.write(path, PIXELS, settings)
    assert png.read_settings(path) == settings


def test_pixels_and_what_was_measured_come_back(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "picture.png"
    png.write(path, PIXELS, GIVEN, nfe=13, seconds=1.5)
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), PIXELS)
    record = png.read_record(path)
    assert (record.settings, record.nfe, record.seconds) == (GIVEN, 13, 1.5)
    assert record.created.endswith("+00:00")


def test_a_score_comes_back_with_the_tower_that_gave_it(tmp_path: Path) -> None:
    scores = Score(0.3125, "siglip 1a2b3c4d"), Score(-0.5, "clip 00ff00ff"), None
    for number, score in enumerate(scores):
        path = tmp_path / f"{number}.png"
        png.write(path, PIXELS, GIVEN, score=score)
        assert png.read_record(path).score == score
    (path,) = (png.write_new(tmp_path / "new", PIXELS, GIVEN, score=scores[0]),)
    assert png.read_record(path).score == scores[0]


def test_pictures_of_before_there_were_scores_have_none(tmp_path: Path) -> None:
    path = rewritten(tmp_path / "old.png", stored(seed=3))
    assert png.read_record(path).score is None and png.read_settings(path).seed == 3


@pytest.mark.parametrize(
    "score",
    [{"value": 0.3}, {"value": "0.3", "tower": "siglip"}, {"value": 0.3, "tower": None}, 0.3],
)
def test_a_score_without_its_tower_is_damage(tmp_path: Path, score: object) -> None:
    document = {**json.loads(stored(seed=3)), "score": score}
    with pytest.raises(DataError, match="damaged"):
        png.read_record(rewritten(tmp_path / "odd.png", json.dumps(document)))


@pytest.mark.parametrize(("alias", "name"), [("flow-2m", "dpmpp-2m"), ("flow-unipc", "unipc")])
def test_a_sampler_of_an_older_version_comes_back_under_its_one_name(
    alias: str, name: str, tmp_path: Path
) -> None:
    path = rewritten(tmp_path / "old.png", stored(sampler=alias, steps=9))
    assert png.read_settings(path) == Settings("a", sampler=name, steps=9)


def test_brackets_of_before_they_meant_something_still_mean_nothing(tmp_path: Path) -> None:
    path = rewritten(tmp_path / "old.png", stored(prompt="a (red:2) [b] AND :)", negative="(x)"))
    found = png.read_settings(path)
    assert (found.prompt, found.negative) == (r"a \(red:2\) \[b\] \AND :\)", r"\(x\)")
    assert one_phrase(found.prompt).text == "a (red:2) [b] AND :)"
    png.write(path, PIXELS, found)
    assert png.read_settings(path) == found


def test_other_studios_find_their_line(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    png.write(path, PIXELS, replace(GIVEN, prompt="un ourson 🧸\nassis", sampler="flow-heun"))
    with Image.open(path) as image:
        lines = image.info["parameters"].split("\n")
    assert lines[:3] == ["un ourson 🧸", "assis", "Negative prompt: blurry"]
    assert lines[3].startswith("Steps: 7, Sampler: flow-heun, CFG scale: 3.5, Seed: 1099511627776")


def rewritten(path: Path, text: str | None) -> Path:
    info = PngImagePlugin.PngInfo()
    if text is not None:
        info.add_text(png.CHUNK, text)
    Image.fromarray(PIXELS).save(path, pnginfo=info)
    return path


def stored(**changes: object) -> str:
    settings = {"prompt": "a", "guidance_interval": [0, 1]} | changes
    return json.dumps({"format": 1, "settings": settings, "nfe": 1, "seconds": 1, "created": ""})


def test_whole_numbers_may_stand_for_decimals(tmp_path: Path) -> None:
    settings = png.read_settings(rewritten(tmp_path / "a.png", stored(guidance=4)))
    assert settings == Settings("a", guidance=4.0)
    assert type(settings.guidance) is float


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps({"format": 2}),
        json.dumps({"format": 1, "settings": {"prompt": "a"}}),
        stored(prompt=3),
        stored(steps="20"),
        stored(steps=True),
        stored(steps=0),
        stored(guidance=float("nan")),
        stored(seed=-1),
        stored(seed=1.0),
        stored(size=0),
        stored(size=10**9),
        stored(guidance_interval=[0, 1, 2]),
        stored(guidance_interval=3),
        stored(guidance_interval=[1, 0]),
        stored(unheard_of=1),
    ],
)
def test_damaged_settings_are_data_errors(tmp_path: Path, text: str | None) -> None:
    with pytest.raises(DataError, match=r"a\.png"):
        png.read_settings(rewritten(tmp_path / "a.png", text))


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n", b"GIF89a"])
def test_files_that_are_no_png_are_data_errors(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(DataError):
        png.read_settings(path)


def test_missing_files_and_folders_are_data_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        png.read_settings(tmp_path / "none.png")
    with pytest.raises(DataError):
        png.read_settings(tmp_path)


@given(cut=st.integers(0, 400))
@tries(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cut_file_gives_its_settings_or_a_data_error(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    png.write(path, PIXELS, GIVEN)
    path.write_bytes(path.read_bytes()[:cut])
    with contextlib.suppress(DataError):
        assert png.read_settings(path) == GIVEN


def test_a_full_disk_leaves_the_older_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "picture.png"
    png.write(path, PIXELS, GIVEN)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        png.write(path, PIXELS, replace(GIVEN, prompt="another"))
    with pytest.raises(OutputError):
        png.write_new(tmp_path, PIXELS, GIVEN)
    assert [each.name for each in tmp_path.iterdir()] == ["picture.png"]
    assert png.read_settings(path) == GIVEN


def test_a_folder_that_is_a_file_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(OutputError):
            png.write(folder / "a.png", PIXELS, GIVEN)
        with pytest.raises(OutputError):
            png.write_new(folder, PIXELS, GIVEN)


def test_writing_onto_a_folder_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OutputError):
        png.write(tmp_path / "a.png", PIXELS, GIVEN)
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("links", [True, False])
def test_new_files_never_overwrite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    if not links:  # as on a memory card
        monkeypatch.setattr(os, "link", refuse)
    paths = [png.write_new(tmp_path, PIXELS, replace(GIVEN, seed=seed)) for seed in range(5)]
    assert [png.read_settings(path).seed for path in paths] == list(range(5))
    # another process takes the name between choosing it and writing
    names = iter([paths[0], paths[1], tmp_path / "free.png"])
    monkeypatch.setattr(png, "new_path", lambda folder, settings: next(names))
    assert png.write_new(tmp_path, PIXELS, GIVEN) == tmp_path / "free.png"
    assert png.read_settings(paths[0]).seed == 0
