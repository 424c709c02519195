"""`samplers --few-steps`: the table, its files, and wrong options."""

from pathlib import Path

import numpy as np
import pytest

from studio.cli.few_steps import markdown
from studio.diffusion import samplers
from studio.engine import few_steps, references
from studio.engine.few_steps import Reached
from tests import tiny
from tests.cli.conftest import Run


def row(sampler: str, nfe: int, mean: float) -> Reached:
    return Reached(sampler, "", (0.0, 1.0), nfe // 2, nfe, mean, 2 * mean, mean)


def test_a_row_for_each_way_the_cheapest_first() -> None:
    rows = [row("ddim", 8, 0.02), row("ddim", 16, 0.004), row("ddim", 20, 0.003)]
    rows += [row("flow-euler", 8, 0.005), row("unipc", 80, 0.02)]
    table = list(markdown(rows, 0.005))[2:]
    assert [line.split(" | ")[0].strip("| ") for line in table] == ["flow-euler", "ddim", "unipc"]
    assert "| 16 |" in table[1] and "not near" in table[2]


def test_measured_and_written(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def distance(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.abs(a.astype(float) - b).mean() / 255)

    monkeypatch.setattr(few_steps, "judge_for", lambda model, size: distance)
    monkeypatch.setattr(few_steps, "STEPS", (2, 4))
    monkeypatch.setattr(references, "STEPS", 5)
    monkeypatch.setattr(few_steps, "PAIRS", few_steps.PAIRS[:1] + ("a cat",) * 22)
    model = tiny.bundle(tmp_path / "tiny")
    asked = ("--few-steps", "flow,ddim", "--intervals", "0-1,0.3-1", "--seeds", 1)
    options = (
        "--model",
        model,
        "--size",
        tiny.SIDE,
        "--device",
        "cpu",
        "--out",
        tmp_path / "out",
        "--json",
    )
    document = run("samplers", *asked, *options).document
    assert document["prompts"] == 24
    names = {samplers.find("flow").spec.name, "ddim"}
    assert {(r["sampler"], *r["guidance_interval"]) for r in document["rows"]} == {
        (name, low, 1.0) for name in names for low in (0.0, 0.3)
    }
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "few-steps.json",
        "few-steps.md",
    }


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--seeds", 0), 2, "seeds must be 1 or more"),
        (("--intervals", "half"), 2, "write intervals like"),
        (("--intervals", "0.5-0.2"), 2, "interval"),
        (("--schedules", "nonsense"), 2, "nonsense"),
    ],
)
def test_wrong_options(run: Run, options: tuple[str, ...], code: int, words: str) -> None:
    ran = run("samplers", "--few-steps", "flow-euler", *options)
    assert (ran.code, words in ran.error) == (code, True)
