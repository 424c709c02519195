"""`--install-desktop-entry`: what it writes, twice the same, and where it cannot."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from studio.core.installation import ASSETS
from tests.cli.conftest import ROOT, Run

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux desktops only")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


def test_it_says_what_it_wrote(run: Run, data: Path) -> None:
    ran = run("--install-desktop-entry")
    assert ran.code == 0, ran.err
    entry, icon = [Path(line.removeprefix("wrote ")) for line in ran.out.splitlines()]
    assert entry == data / "applications" / "latent-studio.desktop"
    assert icon.read_bytes() == (ASSETS / "icons" / "latent-studio.svg").read_bytes()
    text = entry.read_text(encoding="utf-8")
    head, *lines = text.splitlines()
    keys = dict(line.split("=", 1) for line in lines)
    assert (head, keys["Type"]) == ("[Desktop Entry]", "Application")
    assert keys["Icon"] == icon.stem == entry.stem
    assert shlex.split(keys["Exec"]) == [sys.executable, str(ROOT / "main.py")]

    assert run("--install-desktop-entry") == ran
    assert entry.read_text(encoding="utf-8") == text


def test_odd_paths_are_quoted(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = '/opt/my "$apps" `100%`/back\\slash/python'
    monkeypatch.setattr(sys, "executable", odd)
    assert run("--install-desktop-entry").code == 0
    text = (data / "applications" / "latent-studio.desktop").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("Exec=")]
    string = line.removeprefix("Exec=").replace("\\\\", "\\")
    quoted = re.findall(r'"((?:\\.|[^"\\])*)"', string)
    words = [re.sub(r"\\(.)", r"\1", word).replace("%%", "%") for word in quoted]
    assert words == [odd, str(ROOT / "main.py")]


def test_where_nothing_can_be_written(run: Run, data: Path) -> None:
    data.write_text("a file")
    ran = run("--install-desktop-entry")
    assert ran.code == 1
    assert str(data) in ran.error


def test_elsewhere_it_says_so(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    ran = run("--install-desktop-entry")
    assert ran.code == 1
    assert "Linux" in ran.error
    assert not data.exists()
