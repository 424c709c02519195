"""What nobody foresaw: a line that names a file, and the file that says where."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio.core import accidents

ROOT = Path(__file__).parents[2]
BROKEN = """
import sys, threading
from studio import __main__ as program
import studio.cli, studio.app
def breaks(arguments):
    if arguments == ["thread"]:
        for target in (sys.exit, lambda: breaks(None)):
            thread = threading.Thread(target=target)
            thread.start(), thread.join()
        return 0
    raise ValueError("math domain error")
studio.cli.main = studio.app.main = breaks
raise SystemExit(program.main())
"""


@pytest.mark.parametrize(("words", "code"), [(["generate"], 1), ([], 1), (["thread"], 0)])
def test_a_program_that_breaks_says_one_line(words: list[str], code: int, tmp_path: Path) -> None:
    """A verb, the window, and a thread of either."""
    home = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    ran = subprocess.run(
        [sys.executable, "-c", BROKEN, *words],
        cwd=ROOT,
        env=home,
        capture_output=True,
        text=True,
        check=False,
    )
    (line,) = ran.stderr.splitlines()
    assert (ran.returncode, ran.stdout) == (code, "")
    assert line.startswith("error: Something went wrong") and "math domain error" in line
    (log,) = (tmp_path / "state").rglob("errors.log")
    assert str(log) in line
    assert "in breaks" in log.read_text() and "Traceback" in log.read_text()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "new" / "errors.log"
    monkeypatch.setattr(accidents, "log_file", lambda: path)
    return path


def test_errors_are_added_until_the_file_is_long(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for word in ("one", "two"):
        assert str(log) in accidents.noted(ValueError(f"{word}\nmore"))
    assert "one" in log.read_text() and "two" in log.read_text()
    monkeypatch.setattr(accidents, "MOST_BYTES", 10)
    accidents.noted(ValueError("three"))
    assert "one" not in log.read_text() and "three" in log.read_text()


def test_a_log_that_cannot_be_written_is_said(log: Path) -> None:
    log.parent.write_text("a file")
    said = accidents.noted(ValueError("why"))
    assert "ValueError: why" in said and "cannot be written" in said and "\n" not in said
