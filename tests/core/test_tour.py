"""Chapters of the tour: what a file may say, and that whatever else it says is one clear line."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.core import tour
from studio.core.errors import DataError
from studio.core.tour import Chapter, Figure

STOP = {
    "id": "a", "title": "A", "claim": "It is so.", "look": "Here.", "paper": "Some 1999",
    "workspace": "generate",
}  # fmt: skip
FIGURE = {"what": "Some, dB", "measure": "some", "between": [1, 2.5]}
VALUES = st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=4))
VALUES = st.one_of(VALUES, st.lists(VALUES, max_size=3))
NAMES = st.sampled_from((*STOP, *FIGURE, "view", "run", "picture", "odd"))
TABLES = st.dictionaries(NAMES, VALUES, max_size=3)


def toml(stop: dict[str, object], figure: dict[str, object], title: object = "T") -> str:
    """One stop's chapter; JSON's values are TOML's but for infinities."""
    lines = [f"title = {toml_value(title)}", "[[stop]]"]
    lines += [f"{name} = {toml_value(value)}" for name, value in stop.items()]
    lines += ["[stop.figure]", *(f"{name} = {toml_value(v)}" for name, v in figure.items())]
    return "\n".join(lines)


def toml_value(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(value).replace("\x7f", "\\u007f")


def read(folder: Path, text: str | bytes) -> Chapter:
    path = folder / "chapter.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return tour.read(path)


def test_a_chapter_is_read_as_it_is_written(tmp_path: Path) -> None:
    figure = FIGURE | {"with": {"prompts": ["a", "b"]}}
    text = toml(STOP, FIGURE) + '\nwith = {prompts = ["a", "b"]}\n[stop.set]\nsteps = 3\n'
    (stop,) = read(tmp_path, text).stops
    assert figure["with"]
    assert stop.figure == Figure("Some, dB", "some", 1, 2.5, (("prompts", ("a", "b")),))
    assert stop.set == (("steps", 3),) and stop.run and not stop.picture
    assert stop.figure.holds(1) and stop.figure.holds(2.5) and not stop.figure.holds(math.nan)


@pytest.mark.parametrize(
    ("between", "words"),
    [([1, 2.5], "1 to 2.5"), ([3, 3], "3"), ([2, math.inf], "at least 2"),
     ([-math.inf, 1234.5], "at most 1,234"), ([-1, 0.123456], "-1 to 0.1235")],
)  # fmt: skip
def test_a_range_in_words(tmp_path: Path, between: list[float], words: str) -> None:
    (stop,) = read(tmp_path, toml(STOP, FIGURE | {"between": between})).stops
    assert stop.figure.range == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'title' is missing"),
        ("title = 'T'", "[[stop]]"),
        ("title = 'T'\nstop = [1]", "[[stop]]"),
        (toml(STOP | {"od": 1}, FIGURE), "a stop has no 'od'"),
        (toml(STOP, FIGURE | {"between": [2, 1]}), "the lower one first"),
        (toml(STOP, FIGURE) + "\n" + toml(STOP, FIGURE).partition("\n")[2], "two stops are"),
        (b"title = '\xff'", "no chapter"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(DataError) as error:
        read(tmp_path, text)
    assert words in str(error.value) and "chapter.toml" in str(error.value)


def one_line(work: Callable[[], Chapter]) -> None:
    said = ""
    try:
        work()
    except DataError as error:
        said = str(error)
    assert "\n" not in said


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(TABLES, TABLES, VALUES)
def test_any_table_is_a_chapter_or_one_line(
    tmp_path: Path, stop: dict[str, object], figure: dict[str, object], title: object
) -> None:
    one_line(lambda: read(tmp_path, toml({**STOP, **stop}, {**FIGURE, **figure}, title)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.one_of(st.text(max_size=30), st.binary(max_size=30)))
def test_any_text_is_a_chapter_or_one_line(tmp_path: Path, text: str | bytes) -> None:
    one_line(lambda: read(tmp_path, text))


def test_a_folder_is_read_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("2.toml", "1.toml"):
        (tmp_path / name).write_text(toml(STOP, FIGURE, name))
    monkeypatch.setattr(tour, "BUNDLED", tmp_path)
    monkeypatch.setattr(tour, "user_data", lambda name: tmp_path / name)
    assert [chapter.title for chapter in tour.chapters()] == ["1.toml", "2.toml"]


def test_no_stop_of_the_bundled_tour_is_called_as_another() -> None:
    ids = [stop.id for chapter in tour.chapters() for stop in chapter.stops]
    assert len(ids) == len(set(ids))
