"""The encoders of pictures and words: what is opened by which name, and what comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from studio.core import installation
from studio.core.errors import ModelError
from studio.models import registry
from studio.models.encoders import PART, Encoders
from tests import tiny


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoders(tmp_path_factory.mktemp("assets"))


@pytest.fixture
def encoders(assets: Path, monkeypatch: pytest.MonkeyPatch) -> Encoders:
    monkeypatch.setattr(installation, "ASSETS", assets)
    return Encoders("cpu")


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("pair", ["", "clip", "siglip"])
def test_texts_and_pictures_are_unit_vectors_of_one_space(encoders: Encoders, pair: str) -> None:
    texts = encoders.texts(["a red apple", "two bears"], pair)
    pictures = encoders.pictures([picture(20, 30), picture(7, 5), picture(8, 8)], pair)
    assert texts.shape == (2, tiny.TEXT.output) and pictures.shape == (3, tiny.TEXT.output)
    for vectors in (texts, pictures):
        assert vectors.norm(dim=1).numpy() == pytest.approx(1, abs=1e-5)
    assert encoders.towers(pair) is encoders.towers(pair)  # opened once


def test_nothing_is_no_vectors(encoders: Encoders) -> None:
    assert encoders.texts(()).shape == encoders.pictures(()).shape == (0, tiny.TEXT.output)


def test_parts_do_not_matter(encoders: Encoders) -> None:
    many = [picture(8, 8, seed) for seed in range(PART + 3)]
    alone = encoders.pictures(many[-1:])
    assert encoders.pictures(many)[-1].numpy() == pytest.approx(alone[0].numpy(), abs=1e-5)


def test_whole_pictures_lie_on_a_white_square(encoders: Encoders) -> None:
    black = np.zeros((4, 16, 3), np.uint8)
    seen = encoders.prepared([black, np.zeros((2, 2, 3), np.uint8)], 8)
    assert seen.shape == (2, 3, 8, 8)
    assert seen[0, 0, :, 4].tolist() == [1, 1, 1, -1, -1, 1, 1, 1]
    assert seen[1].unique().tolist() == [-1]  # a smaller one is enlarged


@pytest.mark.parametrize("shape", [(70, 90), (90, 31), (1, 80)])
def test_a_large_picture_is_read_in_rows_to_the_same_end(
    encoders: Encoders, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int]
) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    whole = encoders.prepared([picture], 8)
    monkeypatch.setattr("studio.models.encoders.LARGE", 2)
    assert torch.equal(encoders.prepared([picture], 8), whole)


def test_towers_and_transformers_are_looked_through_alike(encoders: Encoders) -> None:
    assert encoders.vision("siglip") is encoders.towers("siglip").vision
    assert encoders.vision("dino").head is None
    assert encoders.classes("vit") == tiny.ENCODED
    captioner = encoders.captioner("captioner")
    decoder, vision = captioner.decoder, captioner.vision
    assert vision is encoders.vision("siglip")
    assert decoder.config.memory_width == vision.config.width


def test_a_path_is_as_good_as_a_name(encoders: Encoders, assets: Path) -> None:
    by_path = encoders.pictures([picture(8, 8)], str(assets / "encoders" / "clip"))
    assert by_path.tolist() == encoders.pictures([picture(8, 8)], "clip").tolist()


@pytest.mark.parametrize(
    ("name", "said"),
    [("vit", "not a pair of towers"), ("owl", "owl/model.json is missing"), ("captioner", "pair")],
)
def test_what_is_no_pair_is_said(encoders: Encoders, name: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        encoders.towers(name)


def test_the_registry_lists_them_by_their_names(
    assets: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(registry, "ASSETS", assets)
    monkeypatch.setattr(registry, "user_folder", lambda: tmp_path)
    models, damaged = registry.survey()
    kinds = {info.name: info.kind for info in models}
    for name, kind in (("vit", "vision"), ("clip", "towers"), ("captioner", "decoder")):
        assert kinds[name] == registry.find(name).kind == kind
    assert not damaged
    tiny.bundle(tmp_path / "encoders" / "odd")
    assert registry.find("odd").path == tmp_path / "encoders" / "odd"
