"""Prompts that leave a choice, drawn a picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.core.errors import DataError, UsageError
from studio.core.requests import Generate, Settings
from studio.gallery.word_lists import drawn, lines_in


def words(requests: tuple[Generate, ...]) -> list[str]:
    return [request.settings.prompt for request in requests]


def test_each_picture_draws_words_of_its_own_and_the_same_again(tmp_path: Path) -> None:
    request = Generate(Settings("", seed=5), count=16)
    made = drawn(request, "a {red|blue} car", lines_in(tmp_path))
    assert [each.settings.seed for each in made] == list(range(5, 21))
    assert all(each.count == 1 for each in made)
    assert set(words(made)) == {"a red car", "a blue car"}
    assert drawn(request, "a {red|blue} car", lines_in(tmp_path)) == made
    alone = drawn(Generate(made[7].settings), "a {red|blue} car", lines_in(tmp_path))
    assert words(alone) == [made[7].settings.prompt]  # by its own seed, not by its place


def test_lists_of_words_are_drawn_from(tmp_path: Path) -> None:
    (tmp_path / "animals.txt").write_text("a cat\na dog\n")
    made = drawn(Generate(Settings(""), count=9), "__animals__ face", lines_in(tmp_path))
    assert set(words(made)) == {"a cat face", "a dog face"}
    with pytest.raises(DataError, match=r"plants\.txt"):
        drawn(Generate(Settings("")), "__plants__", lines_in(tmp_path))


@pytest.mark.parametrize("prompt", ["a car", "", "a | b", r"C:\new"])
def test_one_prompt_stays_one_request(prompt: str, tmp_path: Path) -> None:
    request = Generate(Settings("", seed=5), count=3)
    assert drawn(request, prompt, lines_in(tmp_path)) == (Generate(Settings(prompt, seed=5), 3),)


def test_a_slip_is_said(tmp_path: Path) -> None:
    assert words(drawn(Generate(Settings("")), r"\{a|b\}", lines_in(tmp_path))) == ["{a|b}"]
    with pytest.raises(UsageError, match="has no }"):
        drawn(Generate(Settings("")), "a {red", lines_in(tmp_path))
