"""`bench`: all of them run and have a goal; no test looks at how long anything took."""

import json
from pathlib import Path

import pytest

from studio.bench.bench import all_benches
from tests.cli.conftest import Run
from tests.tiny import SIDE

NAMES = [bench.name for bench in all_benches()]


@pytest.mark.parametrize("name", [b.name for b in all_benches() if not b.missing])
def test_a_bench_has_figures_and_goals(name: str, run: Run, tiny: Path) -> None:
    document = run("bench", name, "--quick", "--model", tiny, "--size", SIDE, "--json").document
    assert {"processor", "cores", "instructions", "torch", "kind"} <= document["machine"].keys()
    (bench,) = document["benches"]
    assert (bench["name"], document["quick"], document["files"]) == (name, True, [])
    assert bench["precision"] in ("float32", "bfloat16", "float16")
    assert any(row["goal"] is not None for row in bench["rows"])
    for row in bench["rows"]:
        assert row.keys() == {"name", "figure", "unit", "goal", "at_least", "met"}
        assert (row["met"] is None) == (row["goal"] is None)


def test_the_list(run: Run) -> None:
    listed = run("bench", "--list", "--json").document["benches"]
    assert [bench["name"] for bench in listed] == NAMES
    assert len(set(NAMES)) == len(NAMES) >= 9
    assert all(bench["summary"] for bench in listed)
    assert all(name in run("bench", "--list").out for name in NAMES)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (("sampling",), "did you mean 'sampler'?"),
        (("sampler", "nothing"), "no bench 'nothing'"),
        (("sampler", "--out", "table.md"), "folder"),
        (("sampler", "--out", "docs", "--quick"), "--quick"),
    ],
)
def test_wrong_usage(run: Run, wrong: tuple[object, ...], word: str) -> None:
    ran = run("bench", *wrong)
    assert ran.code == 2
    assert word in ran.error


def test_a_masked_processor_says_so(program: Run, tiny: Path, tmp_path: Path) -> None:
    words = ("bench", "sampler", "--avx2", "--model", tiny, "--size", SIDE, "--out", tmp_path)
    document = program(*words, "--json").document
    machine = document["machine"]
    assert machine["masked"] and document["benches"][0]["precision"] == "float32"
    assert not any(name.startswith(("avx512", "amx")) for name in machine["instructions"])
    page, (kept,) = tmp_path / "performance.md", list((tmp_path / "performance").iterdir())
    assert document["files"] == [str(kept), str(page)]
    assert kept.stem == machine["kind"]
    assert json.loads(kept.read_text())["benches"] == document["benches"]
    assert "masked" in page.read_text()
