"""A cache forgets what was not looked at longest."""

from __future__ import annotations

from studio.ui.recent import Recent


def test_what_was_looked_at_stays() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.keep("a", 1)
    recent.keep("b", 2)
    assert recent.look("a") == 1
    recent.keep("c", 3)
    assert list(recent) == ["a", "c"]
    assert recent.look("b") is None


def test_a_smaller_limit_holds_from_the_next_one_on() -> None:
    recent: Recent[int, int] = Recent(9)
    for number in range(9):
        recent.keep(number, number)
    recent.most = 3
    assert recent.keep(9, 9) == 9
    assert list(recent) == [7, 8, 9]
