"""The rooms stay in order: imports point downwards, some rooms run without torch or Qt, files and
functions stay short, every module says what it is for, and nothing is ever unpickled."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "studio").rglob("*.py"))
LINES_A_FILE = 400
LINES_A_FUNCTION = 40
LONGER_FUNCTIONS: set[str] = set()
WITHOUT_TORCH = (
    "studio.core",
    "studio.pictures",
    "studio.dataset",
    "studio.gallery",
    "studio.engine",
    "studio.bridge",
    "studio.ui",
    "studio.bench",
    "studio.cli",
    "studio.diffusion",
    "studio.models",
)
WITH_QT = ("studio.bridge", "studio.ui", "studio.bench")
WITHOUT_QT = tuple(room for room in WITHOUT_TORCH if room not in WITH_QT)

IMPORT_ALL = """
import importlib, pkgutil, sys
room = importlib.import_module(sys.argv[1])
if sys.argv[2] == "deep":
    for found in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
        importlib.import_module(found.name)
print(" ".join(name for name in ("torch", "PySide6") if name in sys.modules))
"""


def loaded_by(room: str, depth: str) -> list[str]:
    """Which of torch and PySide6 a fresh interpreter holds after importing a room."""
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, room, depth],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


@pytest.mark.parametrize("room", WITHOUT_TORCH)
def test_room_loads_without_torch(room: str) -> None:
    depth = "shallow" if room in ("studio.engine", "studio.diffusion", "studio.models") else "deep"
    loaded = loaded_by(room, depth)
    assert "torch" not in loaded
    if room in WITHOUT_QT:
        assert "PySide6" not in loaded


def test_import_contracts() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and length in lines (docstring and decorators included) of every function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


def test_files_and_functions_are_short() -> None:
    long = []
    for path in MODULES:
        name = path.relative_to(ROOT / "studio").as_posix()
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LINES_A_FILE:
            long.append(f"{name}: {lines} lines")
        for function, length in functions(path):
            if length > LINES_A_FUNCTION and f"{name}:{function}" not in LONGER_FUNCTIONS:
                long.append(f"{name}:{function}: {length} lines")
    assert not long


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent


def test_nothing_is_unpickled() -> None:
    unsafe = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            match node:
                case ast.Import(names=names) if any(n.name == "pickle" for n in names):
                    unsafe.append(where)
                case ast.ImportFrom(module="pickle"):
                    unsafe.append(where)
                case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="load")):
                    if "weights_only=True" not in ast.unparse(node):
                        unsafe.append(where)
                case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr="load")):
                    if "allow_pickle=True" in ast.unparse(node):
                        unsafe.append(where)
    assert not unsafe


def test_the_page_on_the_architecture_names_what_is_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+/(?:\w+\.py)?)`", page)) - {"ui/workspaces/NAME/"}
    assert len(named) > 30
    lost = {n for n in named if not any((ROOT / at / n).exists() for at in ("", "studio"))}
    assert not lost
