"""`generate` from a picture, under a mask, with varied noise, from lists of prompts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.cli.pictures import read_mask
from studio.core.errors import UsageError
from studio.gallery import inputs, png
from tests.tiny import SIDE

from .conftest import Run

DATA = Path(__file__).parent / "data"
Capture = pytest.CaptureFixture[str]


def source(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), 90, np.uint8)


@pytest.fixture
def quick(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    """The options of a picture that takes no time; data of the user's own in `tmp_path`."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return ("--model", tiny, "--size", SIDE, "--steps", 2, "--device", "cpu", "--seed", 5)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def pixels(path: object) -> np.ndarray:
    with Image.open(str(path)) as image:
        return np.asarray(image)


def test_a_picture_to_start_from(
    run: Run, quick: tuple[object, ...], photo: Path, tmp_path: Path
) -> None:
    out = tmp_path / "made.png"
    document = run("generate", "bear", *quick, "--image", photo, "--out", out, "--json").document
    settings = png.read_settings(out)
    assert settings.strength == document["settings"]["strength"] == 0.6
    kept = inputs.find(settings, inputs.inputs_folder())
    assert kept is not None and kept.source.shape == (20, 30, 3)
    weak = tmp_path / "weak.png"
    more = ("--image", photo, "--strength", 0.01, "--out", weak)
    run("generate", "bear", *quick, *more, "--json")
    assert (pixels(out) != pixels(weak)).any()


def test_a_mask_keeps_the_rest(
    run: Run, quick: tuple[object, ...], photo: Path, tmp_path: Path
) -> None:
    mask = tmp_path / "mask.png"
    black = np.zeros((20, 30), np.uint8)
    Image.fromarray(black).save(mask)
    out = tmp_path / "made.png"
    document = run(
        "generate", "bear", *quick, "--image", photo, "--mask", mask, "--out", out, "--json"
    ).document
    assert document["settings"]["strength"] == 1.0
    middle = np.asarray(Image.open(photo).convert("RGB").crop((5, 0, 25, 20)).resize((SIDE, SIDE)))
    assert np.abs(pixels(out).astype(int) - middle).mean() < 20


def test_a_mask_with_transparency_repaints_what_is_white(tmp_path: Path, capsys: Capture) -> None:
    """White on transparent, as drawing programs save a stroke; and what was done to it is said."""
    mask = read_mask(DATA / "mask-white-on-transparent.png", source(256, 256))
    alpha = np.asarray(Image.open(DATA / "mask-white-on-transparent.png").getchannel("A"))
    assert 0 < (mask == 255).mean() < 0.5
    assert ((mask == 255) == (alpha > 127)).all()
    assert "transparency was laid over black" in capsys.readouterr().err
    stroke = np.zeros((20, 30, 2), np.uint8)  # black on transparent
    stroke[:5, :, 1] = 255
    Image.fromarray(stroke, "LA").save(tmp_path / "black.png")
    assert not read_mask(tmp_path / "black.png", source(30, 20)).any()
    assert "nothing is repainted" in capsys.readouterr().err


def test_a_mask_is_scaled_to_its_picture_but_never_stretched(
    tmp_path: Path, capsys: Capture
) -> None:
    half = np.zeros((10, 15), np.uint8)
    half[:, 9:] = 255
    Image.fromarray(half).save(tmp_path / "small.png")
    mask = read_mask(tmp_path / "small.png", source(301, 200))
    assert mask.shape == (200, 301) and mask.mean() / 255 == pytest.approx(0.4, abs=0.01)
    assert "scaled from 15 × 10 to 301 × 200" in capsys.readouterr().err
    with pytest.raises(UsageError, match=r"15 × 10.*200 × 200.*shape"):
        read_mask(tmp_path / "small.png", source(200, 200))


def test_what_was_done_to_a_picture_is_said(
    run: Run, quick: tuple[object, ...], photo: Path, tmp_path: Path
) -> None:
    frames = [Image.fromarray(source(20, 20) + n) for n in (0, 9)]
    moving = tmp_path / "moving.gif"
    frames[0].save(moving, save_all=True, append_images=frames[1:])
    for path, word in ((moving, "Only the first frame is used."), (photo, "Only its middle")):
        ran = run("generate", "bear", *quick, "--image", path, "--out", tmp_path / "a.png")
        assert ran.code == 0 and f"{path}: {word}" in ran.err


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--strength", 0.5), "--image"),
        (("--mask", "x.png"), "--image"),
        (("--image", "nowhere.png"), "nowhere.png"),
        (("--variation", 2), "variation"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    run: Run, quick: tuple[object, ...], options: tuple[object, ...], word: str
) -> None:
    ran = run("generate", "bear", *quick, *options)
    assert ran.code in (1, 2) and ran.err.startswith("error:") and ran.err.count("\n") == 1
    assert word in ran.err


def test_variations_keep_the_seed(run: Run, quick: tuple[object, ...], tmp_path: Path) -> None:
    more = ("--variation", 0.2, "--variation-seed", 9, "--count", 2, "--out", tmp_path / "v")
    document = run("generate", "bear", *quick, *more, "--json").document
    found = [png.read_settings(Path(each["path"])) for each in document["images"]]
    assert [(s.seed, s.variation_seed) for s in found] == [(5, 9), (5, 10)]


def test_lists_of_prompts(run: Run, quick: tuple[object, ...], tmp_path: Path) -> None:
    listed = tmp_path / "prompts.txt"
    listed.write_text("# mine\na {red|blue} bear\n\napple\n", encoding="utf-8")
    out = tmp_path / "all"
    document = run(
        "generate", "--prompts", listed, "--all", *quick, "--out", out, "--json"
    ).document
    assert [each["prompt"] for each in document["images"]] == [
        "a red bear",
        "a blue bear",
        "apple",
    ]
    assert {Path(each["path"]).parent for each in document["images"]} == {out}
    drawn = run(
        "generate", "a {red|blue|two} bear", "--count", 3, *quick, "--out", out, "--json"
    ).document
    again = run(
        "generate", "a {red|blue|two} bear", "--count", 3, *quick, "--out", out, "--json"
    ).document
    assert [each["seed"] for each in drawn["images"]] == [5, 6, 7]
    assert [each["prompt"] for each in drawn["images"]] == [
        each["prompt"] for each in again["images"]
    ]
    assert run("generate", "x", "--prompts", listed, *quick).code == 2
    assert run("generate", "a {red", *quick).code == 2
