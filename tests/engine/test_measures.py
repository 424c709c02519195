"""The tour's claims are true of what is shipped: every stop's figure falls into its range."""

from __future__ import annotations

from functools import cache

import pytest

from studio.core import tour
from studio.core.errors import UsageError
from studio.core.tour import Figure, Measure, Measured, Stop
from studio.engine.worker import Worker

STOPS = [stop for chapter in tour.chapters() for stop in chapter.stops]


@cache
def worker() -> Worker:
    """One for all, which keeps what it has loaded."""
    return Worker("cpu")


def measured(figure: Figure) -> float:
    (value,) = (e.value for e in worker().run(Measure(figure)) if isinstance(e, Measured))
    return value


@pytest.mark.parametrize("stop", STOPS, ids=[stop.id for stop in STOPS])
def test_the_figure_bears_out_the_claim(stop: Stop) -> None:
    value = measured(stop.figure)
    assert stop.figure.holds(value), (value, stop.figure.range)


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (Figure("", "pixel-number", 0, 1), "did you mean 'pixel-numbers'?"),
        (Figure("", "pixel-numbers", 0, 1, (("sides", 3),)), "'sides'"),
        (Figure("", "pixel-neighbours", 0, 1), "'prompt'"),
    ],
)
def test_a_wrong_measure_is_said(figure: Figure, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        measured(figure)
