"""Measures of chapters 9 and 10 against what they must be able to see: each range has its foil."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from studio.core.errors import UsageError
from studio.engine.measures import Means, pairs, self_distillation
from studio.engine.measures.self_distillation import each, known, together
from studio.engine.worker import Worker


@cache
def means() -> Means:
    return Means(Worker("cpu"), lambda: None)


def test_a_collapse_is_told_from_answers() -> None:
    kinds = torch.arange(self_distillation.KINDS).repeat(5)
    own, one = (torch.eye(self_distillation.ANSWERS)[k] for k in (kinds, 0 * kinds))
    uniform = torch.full_like(own, 1 / self_distillation.ANSWERS)
    assert known(own, kinds) == pytest.approx(1, abs=1e-5) and known(one, kinds) == pytest.approx(
        0, abs=1e-5
    )
    assert together(one, kinds) == pytest.approx(0, abs=1e-5) and together(
        own, kinds
    ) == pytest.approx(0.75, abs=1e-5)
    assert each(uniform, kinds) == pytest.approx(1, abs=1e-5) and each(own, kinds) == pytest.approx(
        0, abs=1e-5
    )


def test_with_both_the_toy_collapses_neither_way() -> None:
    together_, each_ = (self_distillation.learnt(means(), name) for name in ("together", "each"))
    assert together_ > 0.5 and each_ < 0.7


def test_a_softmax_is_not_the_sum_of_its_pieces() -> None:
    assert pairs.in_pieces(means(), "clip") > 1.5


def test_chance_falls_with_the_batch() -> None:
    found = [pairs.among(means(), count) for count in (1, 2, 8, 32, 111)]
    assert found[0] == 1 and found == sorted(found, reverse=True) and found[-1] > 1 / 111
    assert found[-1] == pytest.approx(pairs.recall(means(), 1, "clip"))


def test_the_first_loss_without_a_bias_is_nearly_ln_2_a_pair() -> None:
    assert pairs.untrained("siglip", 96, 0.0) / 96 == pytest.approx(0.693, rel=0.1)


def test_all_texts_are_in_play_at_a_high_temperature() -> None:
    assert pairs.in_play(means(), temperature=1e3) == pytest.approx(111, rel=1e-3)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: self_distillation.learnt(means(), "knwon"),
        lambda: pairs.in_pieces(means(), "siglop"),
        lambda: pairs.reported(means(), "zeroshot", "by label, top-5"),
        lambda: pairs.reported(means(), "unsaid", "word to picture hit@6"),
    ],
)
def test_what_is_not_there_is_said(ask: object) -> None:
    with pytest.raises(UsageError, match="did you mean"):
        ask()  # type: ignore[operator]
