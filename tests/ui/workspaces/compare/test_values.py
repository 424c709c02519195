"""Lists of numbers as people type them."""

from __future__ import annotations

import pytest

from studio.core.errors import UsageError
from studio.ui.workspaces.compare.values import lines, real_numbers, spelled, whole_numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("5, 10, 25", (5, 10, 25)),
        ("1-4", (1, 2, 3, 4)),
        (" 7 ; 1 – 3 ", (7, 1, 2, 3)),
        ("5 10", (5, 10)),
        ("", ()),
        (str(2**63 - 1), (2**63 - 1,)),
    ],
)
def test_whole_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert whole_numbers(text) == numbers


@pytest.mark.parametrize("text", ["1.5", "five", "-3", "4-1", "1-", "٣", "1-1000000000000"])
def test_what_is_no_list_of_whole_numbers(text: str) -> None:
    with pytest.raises(UsageError):
        whole_numbers(text)


def test_real_numbers() -> None:
    assert real_numbers("0, 1.5, 2-4") == (0.0, 1.5, 2.0, 3.0, 4.0)
    with pytest.raises(UsageError, match="“much” is not a number"):
        real_numbers("1, much")


def test_spelled_is_what_would_be_typed() -> None:
    for numbers in ((5, 10, 25), (0, 2**63 - 1), (123456789,)):
        assert whole_numbers(spelled(numbers)) == numbers
    assert real_numbers(spelled((0.0, 1.5, 7.25))) == (0.0, 1.5, 7.25)


def test_lines_of_prompts() -> None:
    assert lines(" a cat \n\n a dog, 3d\n") == ("a cat", "a dog, 3d")
