"""The training loop on a task small enough to check: it learns, stops, saves and resumes."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partialmethod
from pathlib import Path
from typing import cast

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from studio.core.errors import DataError, OutputError, UsageError
from studio.training import checkpoint, loop
from studio.training.hardware import Hardware
from studio.training.recipe import OptimizerSettings, Recipe, RunSettings
from studio.training.task import Stage

CPU = torch.device("cpu")
ON = Hardware(CPU)
RUN = RunSettings(
    steps=30, batch=8, seed=5, warmup=3, decay=0.5, ema=0.9, log_every=5, compile="never"
)
RECIPE = Recipe("line", "line", RUN, OptimizerSettings(learning_rate=0.05))


class LineTask:
    """Fits y = 2 a - b + 0.5."""

    def __init__(self, interrupt_at: int | None = None) -> None:
        torch.manual_seed(0)
        self.network: nn.Module = nn.Linear(2, 1)
        self.interrupt_at = interrupt_at
        self.drawn: list[int] = []

    @property
    def hot(self) -> tuple[nn.Module, ...]:
        return (self.network,)

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        yield Stage("nothing")

    def batch(self, step: int, rank: int, world: int) -> Tensor:
        self.drawn.append(step)
        if step == self.interrupt_at:
            os.kill(os.getpid(), signal.SIGINT)
        generator = torch.Generator().manual_seed(1000 * step + rank)
        return torch.randn(RUN.batch, 2, generator=generator)

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        x = cast(Tensor, batch)
        target = 2 * x[:, :1] - x[:, 1:] + 0.5
        return {"loss": ((network(x).float() - target) ** 2).mean()}

    def validate(self, network: nn.Module) -> Mapping[str, float]:
        with torch.no_grad():
            return {"fixed": float(self.losses(network, torch.ones(4, 2), 0)["loss"])}

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        save_file(dict(network.state_dict()), folder / "weights-1-of-1.safetensors")
        (folder / "model.json").write_text(json.dumps(about))


def fit(
    out: Path, task: LineTask | None = None, steps: int = 30, **options: object
) -> loop.Outcome:
    recipe = replace(RECIPE, run=replace(RUN, steps=steps))
    return loop.train(task or LineTask(), recipe, out, ON, report=lambda _: None, **options)  # type: ignore[arg-type]


def weights(out: Path) -> dict[str, Tensor]:
    return load_file(out / "weights-1-of-1.safetensors")


def test_it_learns_and_says_so(tmp_path: Path) -> None:
    outcome = fit(tmp_path, steps=150)
    assert (outcome.steps, outcome.samples) == (150, 1200)
    assert outcome.loss < 0.02
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, *range(5, 151, 5)]
    assert rows[-1]["loss"] < rows[0]["loss"] / 10
    assert rows[3]["samples_per_s"] > 0
    assert 0 <= rows[3]["share_of_peak"] < 1
    about = json.loads((tmp_path / "model.json").read_text())
    assert about["steps"] == 150
    assert about["validation"]["fixed"] < 0.02


def test_interrupted_and_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    """With a rate that depends on steps alone, to the last bit."""
    fit(tmp_path / "whole")
    task = LineTask(interrupt_at=12)
    stopped = fit(tmp_path / "parts", task)
    assert stopped.steps == 13  # Ctrl-C ends the step it arrives in
    task = LineTask()
    resumed = fit(tmp_path / "parts", task, resume=True)
    assert resumed.steps == 30
    assert task.drawn[1:] == list(range(13, 30))  # the first draw counts operations
    for name, tensor in weights(tmp_path / "whole").items():
        assert torch.equal(tensor, weights(tmp_path / "parts")[name])


@pytest.mark.parametrize("narrow_is_right", [True, False])
def test_what_compiles_to_nonsense_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, narrow_is_right: bool
) -> None:
    compiled = nn.Module.compile

    def broken(
        graph: torch.fx.GraphModule, _: object, options: object = None
    ) -> Callable[..., tuple[Tensor, ...]]:
        wrong = options is None or not narrow_is_right
        return lambda *inputs: tuple(out * (torch.nan if wrong else 1) for out in graph(*inputs))

    monkeypatch.setattr(nn.Module, "compile", partialmethod(compiled, backend=broken))
    said: list[str] = []
    recipe = replace(RECIPE, run=replace(RUN, steps=150, compile="always"))
    try:
        outcome = loop.train(LineTask(), recipe, tmp_path, ON, report=said.append)
    finally:
        torch.compiler.set_stance("default")
    assert any("no finite gradients" in line for line in said) is not narrow_is_right
    assert outcome.loss < 0.02


def test_time_budget_ends_the_run(tmp_path: Path) -> None:
    outcome = fit(tmp_path, steps=10**9, minutes=0.01)
    assert 0.5 < outcome.seconds < 5


def test_start_from_shipped_weights(tmp_path: Path) -> None:
    fit(tmp_path / "a", steps=150)
    outcome = fit(tmp_path / "b", steps=1, start=tmp_path / "a")
    assert outcome.loss < 0.1
    assert outcome.steps == 1


@pytest.mark.parametrize("what", ["missing", "truncated", "another network"])
def test_bad_checkpoints_are_named(tmp_path: Path, what: str) -> None:
    path = tmp_path / "checkpoint.pt"
    if what == "truncated":
        fit(tmp_path, steps=1)
        path.write_bytes(path.read_bytes()[:300])
    elif what == "another network":
        torch.save({"network": {"other": torch.zeros(1)}}, path)
    with pytest.raises(DataError, match=r"checkpoint\.pt"):
        fit(tmp_path, resume=True)


def test_nothing_to_start_from(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No weights"):
        fit(tmp_path / "out", start=tmp_path)


def test_a_full_disk_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit(tmp_path, steps=1)
    before = (tmp_path / "checkpoint.pt").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.torch, "save", full)
    with pytest.raises(OutputError, match="No space left"):
        fit(tmp_path, steps=2, resume=True)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert not list(tmp_path.glob(".*.part"))


def test_a_loss_that_is_not_a_number_stops_the_run(tmp_path: Path) -> None:
    class Broken(LineTask):
        def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
            return {"loss": super().losses(network, batch, step)["loss"] * float("nan")}

    with pytest.raises(DataError, match="loss became nan"):
        fit(tmp_path, Broken())


@pytest.mark.parametrize("rate", [1e30, 1e6])  # beyond half precision, too, nothing can be shipped
def test_a_diverged_run_replaces_nothing(tmp_path: Path, rate: float) -> None:
    fit(tmp_path, steps=1)
    before = {path: path.read_bytes() for path in tmp_path.glob("[cmw]*")}
    wild = replace(
        RECIPE, run=replace(RUN, steps=2), optimizer=OptimizerSettings(learning_rate=rate)
    )
    with pytest.raises(DataError, match=r"diverged.*lower the rate.*--resume"):
        loop.train(LineTask(), wild, tmp_path, ON, resume=True, report=lambda _: None)
    assert {path: path.read_bytes() for path in tmp_path.glob("[cmw]*")} == before


@pytest.mark.parametrize("what", ["a run", "a model", "a bundle"])
def test_another_run_or_model_is_never_replaced_unasked(tmp_path: Path, what: str) -> None:
    fit(tmp_path, steps=1)
    if what != "a run":
        (tmp_path / "checkpoint.pt").unlink()
    if what == "a bundle":
        (tmp_path / "text").mkdir()
        (tmp_path / "model.json").rename(tmp_path / "text" / "model.json")
    before = {path: path.read_bytes() for path in tmp_path.rglob("[cmw]*")}
    with pytest.raises(UsageError, match="already; resume it"):
        fit(tmp_path, steps=2)
    assert {path: path.read_bytes() for path in tmp_path.rglob("[cmw]*")} == before


def test_two_trainings_exclude_each_other(tmp_path: Path) -> None:
    class Second(LineTask):
        def batch(self, step: int, rank: int, world: int) -> Tensor:
            with pytest.raises(UsageError, match="another training is running"):
                fit(tmp_path, steps=1)
            return super().batch(step, rank, world)

    assert fit(tmp_path, Second(), steps=1).steps == 1
    assert fit(tmp_path, steps=2, resume=True).steps == 2


def test_a_full_disk_gets_one_clear_line(tmp_path: Path) -> None:
    """As the system says it: a limit on the sizes of files stands for the disk."""
    script = f"""
        import resource, signal
        from pathlib import Path
        from tests.training import test_loop
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        for what, most in (("log.jsonl", 10), ("checkpoint.pt", 2000)):
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
            try:
                test_loop.fit(Path({str(tmp_path)!r}) / what, steps=1)
            except test_loop.OutputError as error:
                print(error)
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    for what, line in zip(("log.jsonl", "checkpoint.pt"), ran.stdout.splitlines(), strict=True):
        assert what in line and "free some space" in line and "inline" not in line
        left = {path.name: path.stat().st_size for path in (tmp_path / what).iterdir()}
        assert set(left) <= {"training.lock", "log.jsonl"} and left["log.jsonl"] < 2000
        assert (what != "log.jsonl") == bool(left["log.jsonl"])


def test_run_settings_are_checked() -> None:
    with pytest.raises(UsageError, match="compile"):
        RunSettings(compile="sometimes")
    with pytest.raises(UsageError, match="steps"):
        RunSettings(steps=0)


class SlowTask(LineTask):
    """Prepares in three parts."""

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        for done in range(4):
            yield Stage("reading", done, 3)
        self.on = on


def test_preparation_says_how_far_it_is_and_can_be_left(tmp_path: Path) -> None:
    seen: list[Stage] = []
    recipe = replace(RECIPE, run=replace(RUN, steps=2))
    loop.train(SlowTask(), recipe, tmp_path, ON, report=lambda _: None, watch=seen.append)
    assert [(s.done, s.total) for s in seen if s.what == "reading"] == [(n, 3) for n in range(4)]
    assert [s.what for s in seen[4:]] == ["counting operations", "ready"]

    def stop(stage: Stage) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(SlowTask(), recipe, tmp_path / "left", ON, report=lambda _: None, watch=stop)
    assert [path.name for path in (tmp_path / "left").iterdir()] == ["training.lock"]


def test_the_log_is_never_silent_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LONGEST_SILENCE", -1.0)
    fit(tmp_path, steps=4)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2, 3, 4]


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_products_are_in_the_hardware_s_precision(tmp_path: Path, precision: torch.dtype) -> None:
    seen: list[torch.dtype] = []

    class Watched(LineTask):
        def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
            if torch.is_grad_enabled():
                seen.append(network(cast(Tensor, batch)).dtype)
            return super().losses(network, batch, step)

    recipe = replace(RECIPE, run=replace(RUN, steps=2))
    on = Hardware(CPU, precision)
    loop.train(Watched(), recipe, tmp_path, on, report=lambda _: None)
    assert set(seen) == {precision}
    assert all(p.dtype == torch.float32 for p in Watched().network.parameters())
    assert json.loads((tmp_path / "model.json").read_text())["precision"] == on.words
