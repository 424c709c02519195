"""A capital at the beginning, a plural at the end."""

from __future__ import annotations

from studio.core.wording import capitalised, many


def test_only_the_first_letter_is_raised() -> None:
    assert capitalised("the LPIPS of it") == "The LPIPS of it"
    assert capitalised("") == "" and capitalised("3 pictures") == "3 pictures"


def test_one_is_no_plural() -> None:
    assert [many(n, "pair") for n in (0, 1, 2)] == ["0 pairs", "1 pair", "2 pairs"]
