"""How far a preparation is, where no terminal can show a bar."""

import time

import pytest

from studio.cli import preparation
from studio.cli.preparation import Preparation
from studio.training.task import Stage


def test_lines_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "EVERY", 0.02)
    lines: list[str] = []
    with Preparation(lines.append) as shown:
        shown.saw(Stage("encoding scenes", 0, 64))
        shown.saw(Stage("encoding scenes", 32, 64))
        deadline = time.monotonic() + 5
        while len(lines) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        shown.saw(Stage("compiling"))
        shown.saw(Stage("ready", 1, 1))
    assert lines[0] == "encoding scenes: 0 of 64"
    assert "encoding scenes: 32 of 64, 0 s left" in lines
    assert lines[-2:] == ["compiling", "ready"]
    said = len(lines)
    shown._heart.join(5)
    assert not shown._heart.is_alive() and len(lines) == said  # over


def test_a_long_silent_stage_says_how_long() -> None:
    assert preparation._line(Stage("compiling"), 71.6) == "compiling, 72 s"
    assert preparation._line(Stage("composing scenes", 10, 40), 5.0).endswith("15 s left")


def test_it_ends_with_an_error() -> None:
    lines: list[str] = []

    def failing() -> None:
        with Preparation(lines.append) as shown:
            shown.saw(Stage("reading pictures", 0, 2))
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        failing()
    assert lines == ["reading pictures: 0 of 2"]
