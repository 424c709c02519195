"""Scores of pictures by the towers of words and pictures."""

from __future__ import annotations

import numpy as np
import pytest

from studio.core.errors import UsageError
from studio.core.word_maps import Score, Scored
from studio.dataset.catalogue import Catalogue
from studio.engine.language import on_white
from studio.engine.scoring import score
from studio.models.encoders import Encoders


@pytest.fixture(scope="module")
def encoders() -> Encoders:
    return Encoders("cpu")


def test_scores_are_cosines_of_each_picture(encoders: Encoders) -> None:
    images = np.random.default_rng(0).integers(0, 256, (70, 8, 8, 3), dtype=np.uint8)
    (scored,) = score(encoders, Score("a (red:2) bear", images))
    assert isinstance(scored, Scored) and len(scored.scores) == 70
    assert all(abs(each) <= 1 + 1e-6 for each in scored.scores)
    (alone,) = score(encoders, Score("a red bear", images[3:4]))
    assert alone.scores[0] == pytest.approx(scored.scores[3], abs=1e-5)


def test_the_right_words_fit_better(encoders: Encoders) -> None:
    catalogue = Catalogue()
    codes = {concept.label: concept.code for concept in catalogue.concepts}
    images = np.stack(
        [
            on_white(catalogue.picture(codes[label], "fluent-3d"))
            for label in ("teddy bear", "rocket")
        ]
    )
    (bear,) = score(encoders, Score("a teddy bear", images))
    assert bear.scores[0] > bear.scores[1]


def test_what_is_no_stack_of_pictures_is_refused() -> None:
    with pytest.raises(UsageError, match="have the shape"):
        Score("a", np.zeros((8, 8, 3), np.uint8)).check()
