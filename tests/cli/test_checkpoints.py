"""Models that others trained: every verb that draws, on a tiny Stable Diffusion and a tiny FLUX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from studio.core.sizes import Size
from studio.gallery import png

from .conftest import Run

pytest.importorskip("transformers")

from tests.models.families import flow_pipelines, pipelines

MODELS = {"sd1": pipelines.saved, "flux-dev": flow_pipelines.saved}


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("models") / request.param
    MODELS[request.param](request.param, folder)
    return folder


@pytest.fixture
def quick(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    """Few steps of a small picture that is not square; data of the user's own in `tmp_path`."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = "--steps", 2, "--device", "cpu", "--json", "--out", tmp_path / "out"
    return ("--model", model, "--size", "96x64", *made)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.linear_gradient("L").resize((60, 40)).convert("RGB").save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def pixels(path: object) -> np.ndarray:
    with Image.open(str(path)) as image:
        return np.asarray(image.convert("RGB"))


def test_families_compared_and_filmed(run: Run, quick: tuple[Any, ...]) -> None:
    asked = "--samplers", "ddpm,sde-euler,flow-heun", "--film", ".gif", "--seed", 1
    made = run("compare", "a bear", *quick, *asked, "--no-distances").document
    cells = [pixels(cell["path"]) for cell in made["cells"]]
    assert [cell.shape for cell in cells] == [(64, 96, 3)] * 3
    assert len({cell.tobytes() for cell in cells}) == 3
    with Image.open(made["film"]) as film:
        assert film.n_frames > 2  # type: ignore[attr-defined]


def test_walked_to_an_inverted_picture(run: Run, quick: tuple[Any, ...], photo: Path) -> None:
    ends = "--from", "a bear", "--to-image", photo, "--frames", 3, "--way", "noise", "--seed", 1
    how = "--sampler", "ddim", "--guidance", 1
    made = run("interpolate", *quick, *ends, *how).document
    assert {pixels(frame["path"]).shape for frame in made["frames"]} == {(64, 96, 3)}
    assert [each["end"] for each in made["inverted"]] == [1]


@pytest.mark.parametrize("kind", ["int8", "fp8"])
def test_weights_in_eight_bits_from_files_that_are_not_mapped(
    run: Run, quick: tuple[Any, ...], model: Path, kind: str
) -> None:
    """The picture's settings say how its weights were kept, not how they were read."""
    pytest.importorskip("torchao")
    how = "a bear", *quick, "--seed", 1
    made = run("generate", *how, "--weights", kind, "--no-mmap").document["images"][0]["path"]
    assert png.read_settings(Path(made)).model == f"{model}|weights={kind}"
    again = run("generate", *how, "--with", f"weights={kind}").document["images"][0]["path"]
    full = run("generate", *how).document["images"][0]["path"]
    assert (pixels(made) == pixels(again)).all() and (pixels(made) != pixels(full)).any()


def test_repainted_under_a_mask(run: Run, quick: tuple[Any, ...], photo: Path) -> None:
    mask = photo.with_name("mask.png")
    Image.fromarray(np.repeat(np.array([[0, 255]], np.uint8), 30, 1).repeat(40, 0)).save(mask)
    given = "--image", photo, "--mask", mask, "--strength", 0.7
    made = run("generate", "a bear", *quick, *given).document
    settings = png.read_settings(path := Path(made["images"][0]["path"]))
    assert settings.size == Size(96, 64) and (settings.strength, bool(settings.mask)) == (0.7, True)
    with Image.open(photo) as image:
        wanted = np.asarray(image.resize((96, 64), Image.Resampling.BICUBIC)).astype(int)
    difference = np.abs(pixels(path) - wanted).max(2)
    assert difference[:, :40].max() <= 1 < difference[:, 56:].max()


def test_reconstructed_by_its_own_autoencoder(
    run: Run, model: Path, photo: Path, tmp_path: Path
) -> None:
    given = "--autoencoders", model, "--device", "cpu", "--out", tmp_path / "out", "--json"
    made = run("reconstruct", photo, *given).document
    (each,) = made["results"]
    assert each["autoencoder"] == str(model) and pixels(each["path"]).shape == (40, 60, 3)
