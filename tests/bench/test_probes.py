"""A probe that fails, dies or makes nothing is no figure: the bench ends with one clear line."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.bench import probes
from studio.bench.bench import Conditions
from studio.core.errors import StudioError
from studio.core.sizes import Size
from tests.tiny import SIDE, bundle


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "failed: ended by SIGSEGV$"),
        ("print('a\\nb', file=sys.stderr, flush=True); os.abort()", "failed: ended by SIGABRT; b$"),
        ("sys.exit('no picture')", "failed: no picture$"),
        ("sys.exit(1)", "failed: it said nothing$"),
    ],
)
def test_how_a_probe_ended_is_said(monkeypatch: pytest.MonkeyPatch, code: str, words: str) -> None:
    usual = subprocess.run

    def run(command: list[str], **options: Any) -> Any:
        return usual([sys.executable, "-c", f"import os, signal, sys; {code}"], **options)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(StudioError, match=words):
        probes.run("cycles", Conditions())


@pytest.mark.parametrize(
    ("probe", "doing"),
    [("cycles", "picture 1"), ("window", "generating"), ("workspaces", "loading")],
)
def test_pictures_that_fail_are_no_figure(tmp_path: Path, probe: str, doing: str) -> None:
    tiny = str(bundle(tmp_path / "tiny"))
    settings = replace(Conditions().settings, model=tiny, size=Size.square(SIDE + 1))
    with pytest.raises(StudioError, match=f"failed: .*{doing}.*: .*{SIDE + 1}"):
        probes.run(probe, Conditions(settings=settings, quick=True), cycles=4)


def test_a_probe_begins_with_no_more_than_the_studio() -> None:
    command = "import sys, studio.bench.probes.stage; print('numpy' in sys.modules)"
    run = [sys.executable, "-c", command]
    ran = subprocess.run(run, capture_output=True, text=True, check=True, cwd=probes.ROOT)
    assert ran.stdout.split() == ["False"]
