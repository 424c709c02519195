"""What a bench found is kept by kind of machine, and the table is made of all of it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.bench.kept import BEGIN, END, keep
from studio.bench.machine import Machine
from studio.core.errors import DataError, OutputError

OLD = Machine("Old & slow", 2, ("avx2",), False, "CPU", "Linux", "2.14", 2)
NEW = replace(OLD, processor="New", instructions=("avx2", "avx512_bf16"))


def result(name: str, figure: float, met: bool | None = True) -> dict[str, Any]:
    goal = None if met is None else 1.5
    row = {"name": "a row", "figure": figure, "unit": "s", "goal": goal, "at_least": False}
    rows = [{**row, "met": met}]
    return {"name": name, "summary": "of it", "precision": "float32", "seconds": 1.0, "rows": rows}


def test_a_column_for_every_kind(tmp_path: Path) -> None:
    keep(tmp_path, NEW, [result("one", 1.25)])
    file, page = keep(tmp_path, OLD, [result("one", 2.0, False), result("two", 0.5, None)])
    assert file.name == "old-slow-2-cores-avx2.json"
    lines = page.read_text().splitlines()
    assert "| a row | ≤ 1.5 s | 1.25 s | **2 s** |" in lines
    assert "| a row |  |  | 0.5 s |" in lines
    assert "| **two**: of it | |  | *float32* |" in lines


def test_benches_that_did_not_run_again_stay(tmp_path: Path) -> None:
    keep(tmp_path, OLD, [result("one", 1.0), result("two", 2.0)])
    file, _ = keep(tmp_path, OLD, [result("two", 3.0)])
    kept = json.loads(file.read_text())["benches"]
    assert [(each["name"], each["rows"][0]["figure"]) for each in kept] == [("one", 1), ("two", 3)]


def test_what_people_wrote_stays(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# Speed\n\nBefore.\n")
    keep(tmp_path, OLD, [result("one", 1.0)])
    page.write_text(page.read_text() + "\nAfter.\n")
    keep(tmp_path, OLD, [result("one", 7.0)])
    text = page.read_text()
    assert text.startswith("# Speed\n\nBefore.\n") and text.endswith("\nAfter.\n")
    assert text.count(BEGIN) == text.count(END) == 1
    assert "7 s" in text and " 1 s " not in text


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "performance").mkdir()
    (tmp_path / "performance" / "mine.json").write_text("[]")
    with pytest.raises(DataError, match="mine"):
        keep(tmp_path, OLD, [])


def test_nowhere_to_write(tmp_path: Path) -> None:
    (tmp_path / "performance").write_text("a file")
    with pytest.raises(OutputError, match="performance"):
        keep(tmp_path, OLD, [])


def test_masked_is_another_kind() -> None:
    assert replace(OLD, masked=True).kind == OLD.kind + "-masked"
    assert replace(OLD, device="NVIDIA H100").kind == "old-slow-2-cores-avx2-nvidia-h100"
