"""Measures of chapters 7 and 8 against what they must be able to see: each range has its foil."""

from __future__ import annotations

from functools import cache

import pytest

from studio.core.errors import UsageError
from studio.dataset.catalogue import Catalogue
from studio.engine.measures import Means, reading, seeing
from studio.engine.worker import Worker
from studio.report.encoders.measures import STYLE


@cache
def means() -> Means:
    return Means(Worker("cpu"), lambda: None)


def test_a_tokenizer_makes_as_many_tokens_as_itself() -> None:
    assert reading.tokens_over(means(), "bpe", "bpe") == 1
    assert reading.compared("word", ("a bear", "a zyx")).unknown == 0.5


def test_a_head_that_looks_everywhere_alike_is_no_head_on_one_place() -> None:
    found, mask = reading.weights(means())
    for each in found:
        assert float((each.sum(-1) - 1).abs().amax(1)[mask].max()) < 1e-5
    assert reading.one_place(means(), 3, 1) < 4 < reading.one_place(means(), 1, 3)


def test_the_vector_of_the_whole_is_blind_too_without_positions() -> None:
    blind, told = (reading.order(means(), "pooled", positions) for positions in (False, True))
    assert blind < 1e-5 and told > 0.03


def test_learnt_positions_know_no_distances() -> None:
    assert reading.unevenness(means(), learned=True) > 0.1


def test_no_held_out_thing_has_a_label_to_get() -> None:
    classes, by_code = means().worker.encoders.classes("vit"), Catalogue().by_code
    held = {by_code[code].label for code in seeing.pictures().codes(STYLE, "held-out")}
    assert not held & set(classes) and len(classes) == 1530


@pytest.mark.parametrize(
    "ask",
    [
        lambda: reading.tokens_over(means(), "caracter", "bpe"),
        lambda: reading.order(means(), "state"),
        lambda: seeing.group_of_label(means(), "held-ou"),
    ],
)
def test_what_is_not_there_is_said(ask: object) -> None:
    with pytest.raises(UsageError, match="did you mean"):
        ask()  # type: ignore[operator]


def test_a_head_that_is_not_there_is_said() -> None:
    with pytest.raises(UsageError, match="no head 9 in a layer 1"):
        reading.one_place(means(), 1, 9)
