"""Scores of pictures by the towers of words and pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from studio.core import installation
from studio.dataset.catalogue import Catalogue
from studio.engine.scoring import fits, scores
from studio.models.encoders import Encoders, shared


@pytest.fixture(scope="module")
def encoders() -> Encoders:
    return Encoders("cpu")


def test_scores_are_cosines_of_each_picture(encoders: Encoders) -> None:
    images = np.random.default_rng(0).integers(0, 256, (70, 8, 8, 3), dtype=np.uint8)
    found = scores(encoders, [*images], "a (red:2) bear")
    assert len(found) == 70
    assert all(abs(each) <= 1 + 1e-6 for each in found)
    (alone,) = scores(encoders, [images[3]], "a red bear")
    assert alone == pytest.approx(found[3], abs=1e-5)


def test_the_right_words_fit_better(encoders: Encoders) -> None:
    catalogue = Catalogue()
    codes = {concept.label: concept.code for concept in catalogue.concepts}
    shown = [catalogue.on_white(codes[each], "fluent-3d") for each in ("teddy bear", "rocket")]
    bear, rocket = scores(encoders, shown, "a teddy bear")
    assert bear > rocket


def test_what_cannot_be_judged_has_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    images = [np.zeros((8, 8, 3), np.uint8)]
    assert fits(images, " ") == [None] and fits([], "a bear") == []
    (found,) = fits(images, "a bear")
    assert found is not None and found.tower.startswith("siglip ") and len(found.tower) == 15
    assert [found.value] == scores(shared(), images, "a bear")
    monkeypatch.setattr(installation, "ASSETS", Path("nowhere"))
    assert fits(images, "a bear") == [None]
