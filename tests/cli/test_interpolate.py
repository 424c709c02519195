"""`interpolate`: frames, film and figures; ends that are the pictures themselves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.gallery import film, png
from tests.tiny import SIDE

from .conftest import Bar, Run


@pytest.fixture
def quick(tiny: Path) -> tuple[object, ...]:
    return ("--model", tiny, "--size", SIDE, "--steps", 2, "--device", "cpu")


def pixels(path: object) -> np.ndarray:
    with Image.open(str(path)) as image:
        return np.asarray(image.convert("RGB"))


def test_between_prompts(run: Run, quick: tuple[object, ...], tmp_path: Path) -> None:
    out = tmp_path / "walk"
    asked = ("--from", "a red apple", "--to", "a blue bear", "--from-seed", 3, "--to-seed", 4)
    document = run("interpolate", *asked, "--frames", 4, *quick, "--out", out, "--json").document
    assert [frame["place"] for frame in document["frames"]] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert len(document["distances"]) == 3
    with Image.open(document["film"]) as moving:
        assert moving.n_frames == 4
    for prompt, seed, frame in (("a red apple", 3, 0), ("a blue bear", 4, -1)):
        alone = tmp_path / f"{seed}.png"
        run("generate", prompt, "--seed", seed, *quick, "--out", alone, "--json")
        assert (pixels(alone) == pixels(document["frames"][frame]["path"])).all()
    record = png.read_record(Path(document["frames"][1]["path"]))
    assert record.walk is not None and record.walk["place"] == [pytest.approx(1 / 3), 0.0]
    assert [end["settings"]["seed"] for end in record.walk["ends"]] == [3, 4]


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_between_seeds_there_and_back(
    run: Run, quick: tuple[object, ...], tmp_path: Path, suffix: str
) -> None:
    asked = ("--from", "bear", "--from-seed", 1, "--to-seed", 2, "--film", suffix, "--ping-pong")
    document = run(
        "interpolate", *asked, "--frames", 3, *quick, "--out", tmp_path, "--json"
    ).document
    assert Path(document["film"]).name == f"film{suffix}"
    assert Path(document["film"]).stat().st_size > 100


def test_a_seed_is_that_of_both_ends(run: Run, quick: tuple[object, ...], tmp_path: Path) -> None:
    def seeds(*asked: object) -> list[int]:
        options = ("--from", "bear", "--to", "cat", "--frames", 2, *quick)
        made = run("interpolate", *options, *asked, "--out", tmp_path, "--json").document
        walk = png.read_record(Path(made["frames"][0]["path"])).walk
        assert walk is not None
        return [end["settings"]["seed"] for end in walk["ends"]]

    assert seeds("--seed", 7) == [7, 7]
    assert seeds("--seed", 7, "--to-seed", 8) == [7, 8]
    assert seeds("--from-seed", 9) == [9, 9]


@pytest.mark.parametrize(("way", "total"), [((), 4), (("--even",), 6)])
def test_the_bar_ends_at_its_total(
    run: Run, quick: tuple[object, ...], tmp_path: Path, bars: list[Bar], way: tuple[str, ...],
    total: int,
) -> None:  # fmt: skip
    asked = ("--from", "bear", "--to", "cat", "--frames", 4, *way)
    assert run("interpolate", *asked, *quick, "--out", tmp_path).code == 0
    (bar,) = bars
    bar.check(total)


def test_between_pictures(run: Run, quick: tuple[object, ...], tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for name in ("a.png", "b.png"):
        Image.fromarray(rng.integers(0, 255, (SIDE, SIDE, 3), np.uint8)).save(tmp_path / name)
    asked = ("--from-image", tmp_path / "a.png", "--to-image", tmp_path / "b.png", "--frames", 2)
    through = run("interpolate", *asked, *quick, "--out", tmp_path / "w", "--json").document
    assert through["way"] == "latent" and through["inverted"] == []
    back = run(
        *("interpolate", *asked, "--way", "noise", "--guidance", 1, *quick),
        *("--out", tmp_path / "n", "--json"),
    ).document
    assert [each["end"] for each in back["inverted"]] == [0, 1]
    assert json.dumps(back)


def test_what_makes_no_sense_is_one_line(run: Run, quick: tuple[object, ...]) -> None:
    for asked in (
        (),
        ("--from", "x"),
        ("--from", "x", "--to", "y", "--frames", 1),
        ("--from-image", "nowhere.png"),
    ):
        ran = run("interpolate", *asked, *quick)
        assert ran.code in (1, 2) and ran.err.startswith("error:") and ran.err.count("\n") == 1


def test_the_films_options_are_checked_before_the_frames(
    run: Run, quick: tuple[object, ...], tmp_path: Path
) -> None:
    out = tmp_path / "walk"
    ran = run("interpolate", "--from", "a", "--to", "b", *quick, "--fps", 90, "--out", out)
    assert ran.code == 2 and "frames a second, not 90" in ran.error
    assert not out.exists()


def test_a_film_that_cannot_be_written_leaves_the_frames(
    run: Run, quick: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(film.LARGEST, ".webp", SIDE - 1)
    asked = ("--from", "a", "--to", "b", "--frames", 2, "--out", tmp_path)
    ran = run("interpolate", *asked, *quick, "--json")
    assert ran.document["film"] is None and "the film was left out" in ran.err
    assert all(Path(frame["path"]).exists() for frame in ran.document["frames"])
    assert run("interpolate", *asked, *quick).code == 0
