"""Prompts that leave a choice, drawn a picture."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from studio.core.errors import DataError, UsageError
from studio.core.generating import Generate
from studio.core.settings import Settings
from studio.gallery import word_lists
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
    with pytest.raises(UsageError, match=r"unmatched \{"):
        drawn(Generate(Settings("")), "a {red", lines_in(tmp_path))


def test_a_file_is_read_once_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    usual = word_lists.read_lines
    monkeypatch.setattr(
        word_lists, "read_lines", lambda path: (read.append(path.name), usual(path))[1]
    )
    file = tmp_path / "colours.txt"
    file.write_text("red\n")
    assert [lines_in(tmp_path)("colours") for _ in range(3)] == [("red",)] * 3
    assert read == ["colours.txt"]
    file.write_text("blue\n")
    os.utime(file, (1e9, 1e9))
    assert lines_in(tmp_path)("colours") == ("blue",)
    file.unlink()
    with pytest.raises(DataError, match=r"colours\.txt"):
        lines_in(tmp_path)("colours")


def test_what_is_kept_of_files_is_bounded(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"list{number}.txt").write_text("x\n" * (word_lists.MOST_BYTES // 4))
        assert set(lines_in(tmp_path)(f"list{number}")) == {"x"}
    kept = [path for path in word_lists._KEPT.files if path.parent == tmp_path]
    assert [path.stem for path in kept] == ["list4", "list5", "list6", "list7"]
    (tmp_path / "large.txt").write_text("x\n" * word_lists.MOST_BYTES)
    with pytest.raises(DataError, match="larger than 4 MB"):
        lines_in(tmp_path)("large")


def test_a_hundred_thousand_lines_are_drawn_from_quickly(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("".join(f"{{a|b}} word {n}\n" for n in range(100_000)))
    lines = lines_in(tmp_path)
    began = time.process_time()
    drawn(Generate(Settings("")), "__words__", lines)
    first = time.process_time() - began
    for seed in range(1000):
        drawn(Generate(Settings("", seed=seed)), "__words__", lines)
    assert first < 1 and time.process_time() - began < 2
