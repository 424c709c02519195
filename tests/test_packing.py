"""The source archive and the wheel hold everything once; installed, it works from any folder."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from studio import __version__

ROOT = Path(__file__).parents[1]
NEEDED = ("pyproject.toml", "README.md", "LICENSE", "studio", "assets")
LICENCES = {"LICENSE", "assets/NOTICE", "assets/LICENSE-Apache-2.0", "assets/fonts/OFL.txt"}
BUILD = "import sys; from setuptools import build_meta as b; getattr(b, sys.argv[1])(sys.argv[2])"
RECIPE = """
task = "classifier"

[run]
steps = 2
batch = 2

[settings]
bundle = "studio-256"
pool = 32
held_out = 32

[data]
p_single = 1.0
p_pair = 0.0
p_count = 0.0
"""

Installed = Callable[..., subprocess.CompletedProcess[str]]


def files(folder: Path) -> set[str]:
    """What is in it, except for what Python keeps for itself."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


def build(hook: str, source: Path, into: Path) -> Path:
    """What a front end asks of the project's build backend; the one file that it makes."""
    command = [sys.executable, "-c", BUILD, hook, str(into)]
    ran = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    (made,) = into.iterdir()
    return made


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")
    kept = shutil.ignore_patterns("__pycache__")  # other tests' programs write there meanwhile
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=kept)
        else:
            shutil.copyfile(ROOT / name, source / name)
    return build("build_sdist", source, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made from the source archive, in a folder where a verb since removed was built before."""
    work = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(work, filter="data")
    (source,) = work.iterdir()
    stale = source / "build" / "lib" / "studio" / "cli" / "verbs" / "removed.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    return build("build_wheel", source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def target(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The wheel, installed where nobody may write."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--no-deps", "--no-index", "--no-compile", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True)
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o555)
    yield folder
    for path in folders:
        path.chmod(0o755)


@pytest.fixture
def installed(target: Path, tmp_path: Path) -> Installed:
    """Runs a command in a folder and for a user that own nothing but what the test put there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    env = {**kept, "PYTHONPATH": str(target), "HOME": str(tmp_path)}

    def call(*argv: str) -> subprocess.CompletedProcess[str]:
        before = files(target)
        ran = subprocess.run(
            argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        assert files(target) == before  # root writes where nobody may
        return ran

    return call


@pytest.fixture
def program(target: Path) -> str:
    found = shutil.which("latent-studio", path=target / "bin")
    assert found is not None
    return found


def test_the_source_archive_holds_the_assets(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert held >= {f"{folder}/{name}" for folder in NEEDED[-2:] for name in files(ROOT / folder)}
    assert held >= LICENCES


def test_the_wheel_holds_everything_once(wheel: Path) -> None:
    assets = {f"studio/assets/{name}" for name in files(ROOT / "assets")}
    licences = {f"studio/{name}" for name in LICENCES}
    with zipfile.ZipFile(wheel) as archive:
        held = archive.namelist()
        sums = [entry.CRC for entry in archive.infolist()]
    assert len(held) == len(set(held))
    code = {f"studio/{name}" for name in files(ROOT / "studio")}
    information = f"latent_studio-{__version__}.dist-info"
    assert {name for name in held if not name.startswith(information)} == code | assets - licences
    assert {f"{information}/licenses/{name}" for name in LICENCES} <= set(held)
    wanted = Counter(zlib.crc32(path.read_bytes()) for path in (ROOT / "assets").rglob("*.*"))
    assert Counter(each for each in sums if each in wanted) == wanted


def test_a_picture_from_any_folder(installed: Installed, program: str, tmp_path: Path) -> None:
    options = ("--steps", "2", "--device", "cpu", "--out", "cat.png", "--json")
    ran = installed(program, "generate", "a cat", *options)
    assert json.loads(ran.stdout)["settings"]["model"] == "studio-256"
    with Image.open(tmp_path / "cat.png") as picture:
        assert picture.size == (256, 256)


def test_a_recipe_finds_the_bundle(installed: Installed, program: str, tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text(RECIPE, encoding="utf-8")
    ran = installed(program, "train", "short.toml", "--device", "cpu", "--json")
    assert json.loads(ran.stdout)["steps"] == 2
    assert (tmp_path / "runs" / "short" / "model.json").is_file()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a Linux desktop's menu")
def test_the_desktop_entry_starts_it(installed: Installed, program: str, tmp_path: Path) -> None:
    installed(program, "--install-desktop-entry")
    (entry,) = tmp_path.rglob("latent-studio.desktop")
    lines = dict(line.split("=", 1) for line in entry.read_text("utf-8").splitlines()[1:])
    (tmp_path / "studio.py").touch()  # of the user's own, where the desktop starts it
    ran = installed(*shlex.split(lines["Exec"]), "--version")
    assert ran.stdout == f"latent-studio {__version__}\n"
