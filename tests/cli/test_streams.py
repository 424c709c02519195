"""Standard streams that are closed or full, a folder that is gone, too little memory: one line."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Outcome
from tests.tiny import SIDE

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")


def shell(script: str, home: dict[str, str], *words: object) -> Outcome:
    """`script`, in which $@ is main.py with `words`, as a shell runs it."""
    command = (sys.executable, str(ROOT / "main.py"), *map(str, words))
    ran = subprocess.run(
        ["bash", "-c", script, "bash", *command],
        env={name: value for name, value in home.items() if name != "PYTHONUNBUFFERED"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Outcome(ran.returncode, ran.stdout, ran.stderr)


@pytest.mark.parametrize(
    ("words", "streams", "reason"),
    [
        (("samplers",), ">/dev/full", "No space left on device"),
        (("samplers", "--json"), ">&-", "it is closed"),
        (("--help",), ">/dev/full", "No space left on device"),
        (("--version",), ">&- <&-", "it is closed"),
    ],
)
def test_a_result_that_cannot_be_written_is_one_line(
    words: tuple[str, ...], streams: str, reason: str, home: dict[str, str]
) -> None:
    ran = shell(f'"$@" {streams}', home, *words)
    assert ran.code == 1
    assert ran.error == f"error: standard output cannot be written ({reason})."


@pytest.mark.parametrize("streams", ["2>/dev/full", "<&- 2>&-"])
def test_a_standard_error_that_takes_nothing_stops_nothing(
    streams: str, home: dict[str, str], tiny: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bear.png"
    quick = ("--model", tiny, "--size", SIDE, "--steps", 2, "--device", "cpu", "--seed", 3)
    ran = shell(f'"$@" {streams}', home, "generate", "bear", *quick, "--out", out)
    assert (ran.code, ran.err) == (0, "")
    assert out.is_file() and ran.out.startswith(f"{out}  (seed 3)\n")
    assert shell(f'"$@" {streams}', home, "samplers", "--no").code == 2


def test_a_picture_is_kept_though_the_reader_goes_away(
    home: dict[str, str], tiny: Path, tmp_path: Path
) -> None:
    quick = ("--model", tiny, "--size", SIDE, "--steps", 1, "--device", "cpu", "--count", 9)
    script = '"$@" | head -c 1; exit "${PIPESTATUS[0]}"'
    prompt = "bear " * 2000  # the document is larger than a pipe holds
    ran = shell(script, home, "generate", prompt, *quick, "--out", f"{tmp_path}/", "--json")
    (note,) = ran.err.splitlines()
    assert (ran.code, ran.out) == (141, "{") and note.startswith("note: The prompt is too long")
    assert len(list(tmp_path.glob("*.png"))) == 9


def test_a_folder_that_is_gone_is_one_line(home: dict[str, str], tmp_path: Path) -> None:
    gone = shlex.quote(str(tmp_path / "gone"))
    script = f'mkdir {gone} && cd {gone} && rmdir {gone} && "$@"'
    for words in (("generate", "bear"), ()):
        ran = shell(script, home, *words)
        assert ran.code == 1
        assert "the folder you are in is gone" in ran.error


@pytest.mark.skipif(sys.platform != "linux", reason="limits address space as Linux does")
@pytest.mark.parametrize(
    ("words", "megabytes"), [(("samplers",), 40), (("generate", "bear"), 600), ((), 100)]
)
def test_too_little_memory_for_a_library_is_one_line(
    words: tuple[str, ...], megabytes: int, home: dict[str, str]
) -> None:
    ran = shell(f'ulimit -v {megabytes * 1024}; "$@"', home, *words)
    assert ran.code == 1
    assert "a library cannot be loaded (" in ran.error and "ulimit -v" in ran.error


def test_files_that_are_opened_later_do_not_get_the_streams(home: dict[str, str]) -> None:
    code = (
        "from studio.core import streams; streams.mend(results=False); import os, sys;"
        "print('lost'); print('lost', file=sys.stderr);"
        "os._exit(open(os.devnull).fileno())"
    )
    script = f'cd {shlex.quote(str(ROOT))}; "$1" -c {shlex.quote(code)} <&- >&- 2>&-'
    ran = shell(script, {**home, **os.environ})
    assert (ran.code, ran.out) == (3, "")
