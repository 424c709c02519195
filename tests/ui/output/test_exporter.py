"""The exporter: where things go, that they went there, and what is said if not."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from studio.core.errors import OutputError
from studio.ui.output.exporter import Exporter


def spell(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def refuse(path: Path) -> None:
    raise OutputError(f"{path.name} cannot be written.")


@pytest.fixture
def exporter(qtbot: QtBot, tmp_path: Path) -> Exporter:
    return Exporter(tmp_path / "Letters")


def test_a_name_is_never_taken_twice(exporter: Exporter, qtbot: QtBot) -> None:
    written = []
    for number in range(2):
        path = exporter.new_path("a/b: c", ".txt")
        with qtbot.waitSignal(exporter.written) as told:
            exporter.write(path, spell, str(number))
        assert told.args == [path] and exporter.busy == 0
        written.append(path)
    assert len(set(written)) == 2 and all("a b c" in path.name for path in written)
    assert [path.read_text() for path in written] == ["0", "1"]


def test_what_cannot_be_written_is_said(exporter: Exporter, qtbot: QtBot) -> None:
    with qtbot.waitSignal(exporter.failed) as told:
        exporter.write(exporter.new_path("a", ".txt"), refuse)
        assert exporter.busy == 1
    assert "cannot be written" in told.args[0] and exporter.busy == 0
