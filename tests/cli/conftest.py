"""A tiny model, and two ways to run the command line: in this process, and as a program."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tqdm import tqdm

from studio import cli

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as exactly one JSON document."""
        assert self.code == 0, self.err
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one line of a failure, nothing having been printed as a result."""
        assert self.out == ""
        (line,) = self.err.splitlines()
        assert line.startswith("error: ")
        return line


Run = Callable[..., Outcome]


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """In the background a shell makes its children deaf to Ctrl-C; theirs would be too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """`studio.cli.main` in this process."""

    def call(*argv: object) -> Outcome:
        capfd.readouterr()
        code = cli.main([str(word) for word in argv])
        return Outcome(code, *capfd.readouterr())

    return call


class Bar(tqdm):
    """A verb's bar, shown wherever it is, with every number that it went through."""

    def __init__(self, **options: Any) -> None:
        self.seen: list[float] = []
        super().__init__(**{**options, "disable": False, "file": io.StringIO()})

    def update(self, n: float | None = 1) -> bool | None:
        done = super().update(n)
        self.seen.append(self.n)
        return done

    def check(self, total: int) -> None:
        """It grew from step to step up to its total."""
        assert self.total == total
        assert self.seen == sorted(self.seen) and self.seen[-1] == total


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[Bar]:
    """The bars of the verbs that run in this process."""
    made: list[Bar] = []

    def bar(**options: Any) -> Bar:
        made.append(Bar(**options))
        return made[-1]

    monkeypatch.setattr("studio.cli.bars.tqdm", bar)
    return made


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment, here and for programs, of a user who owns nothing yet."""
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return dict(os.environ)


@pytest.fixture
def program(home: dict[str, str]) -> Run:
    """`python main.py ...` as a user runs it."""

    def call(*argv: object) -> Outcome:
        command = [sys.executable, "main.py", *map(str, argv)]
        ran = subprocess.run(
            command, cwd=ROOT, env=home, capture_output=True, text=True, check=False
        )
        return Outcome(ran.returncode, ran.stdout, ran.stderr)

    return call


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of random weights; do not write to it."""
    from tests.tiny import bundle

    return bundle(tmp_path_factory.mktemp("models") / "tiny")
