"""The training loop: one for every task, the same on a laptop, a GPU and under torchrun.

fp32 master weights, products in the precision the hardware is quick in; gradients clipped; weights
averaged; a checkpoint every few minutes, at the end and on Ctrl-C; `--resume` continues with the
very next batch.
"""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from torch import Tensor, nn

from studio.core.errors import DataError, OutputError, UsageError
from studio.core.files import append
from studio.training import checkpoint, distributed, optimizers
from studio.training.hardware import Hardware
from studio.training.recipe import Recipe
from studio.training.task import Accompanied, Stage, Task
from studio.training.throughput import Meter, count_flops

Report = Callable[[str], None]
LONGEST_SILENCE = 20.0  # seconds between two lines of the log


@dataclass(frozen=True)
class Outcome:
    """What a run reached. `loss` is the last one logged."""

    steps: int
    samples: int
    seconds: float
    loss: float
    checkpoint: Path


@contextmanager
def stop_on_signal() -> Iterator[list[int]]:
    """The yielded list is empty until Ctrl-C or SIGTERM arrives; the loop then saves and stops."""
    received: list[int] = []
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = {
        kind: signal.signal(kind, lambda number, _: received.append(number)) for kind in kinds
    }
    try:
        yield received
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def train(
    task: Task,
    recipe: Recipe,
    out: Path,
    on: Hardware,
    *,
    resume: bool = False,
    start: Path | None = None,
    minutes: float | None = None,
    report: Report = print,
    watch: Callable[[Stage], None] = lambda stage: None,
) -> Outcome:
    """Runs a recipe until its steps or `minutes` are used up, or Ctrl-C; writes `out`.

    `out` receives checkpoint.pt, log.jsonl and the exported (averaged) weights. `start` is a
    folder of shipped weights to begin from. `watch` is told how far the preparation is.
    """
    with Run(task, recipe, out, on, minutes, report) as run:
        for stage in run.prepare(resume, start):
            watch(stage)
        return run.until_done()


class Losses(nn.Module):
    """A task's losses as a forward pass: where DistributedDataParallel begins to watch."""

    def __init__(self, task: Task, network: nn.Module) -> None:
        super().__init__()
        self.network, self.of = network, task.losses

    def forward(self, batch: object, step: int) -> dict[str, Tensor]:
        return self.of(self.network, batch, step)


class Run:
    """One training run, or this process's part of it. Entered, it has its folder for itself."""

    def __init__(
        self,
        task: Task,
        recipe: Recipe,
        out: Path,
        on: Hardware,
        minutes: float | None,
        report: Report,
    ) -> None:
        self.task, self.recipe, self.settings = task, recipe, recipe.run
        self.out, self.on, self.minutes = out, on, minutes
        self.world = distributed.join(on.device)
        self.report: Report = report if self.world.rank == 0 else lambda _: None
        out.mkdir(parents=True, exist_ok=True)
        self.checkpoint = out / "checkpoint.pt"
        torch.manual_seed(self.settings.seed)
        self.network = task.network.to(on.device)
        self.losses: nn.Module = Losses(task, self.network)
        self.rates = optimizers.base_rates(recipe.optimizer)
        self.progress = checkpoint.Progress()
        self.loss = math.nan
        self._lock = FileLock(out / "training.lock", blocking=False)

    def __enter__(self) -> Run:
        """Raises UsageError where another training is at work in the folder."""
        if self.world.rank == 0:
            try:
                self._lock.acquire()
            except Timeout:
                raise UsageError(
                    f"another training is running in {self.out}; wait, or choose another folder."
                ) from None
            except OSError as error:
                raise OutputError(
                    f"{self.out} cannot be written ({error.strerror}); choose another folder."
                ) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def prepare(self, resume: bool = False, start: Path | None = None) -> Iterator[Stage]:
        """All that comes before the first step: data, weights, compiling. Says how far it is."""
        if resume:
            checkpoint.must_be(self.checkpoint)
        elif self.world.rank == 0:
            checkpoint.must_be_free(self.out)
        if start is not None and not resume:
            checkpoint.weights_in(start)
        self.report(f"training on {self.on.name} in {self.on.words}")
        yield from self.task.prepare(self.on)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimisers = optimizers.build(self.network, self.recipe.optimizer, self.on.precision)
        self.average = optimizers.RunningAverage(self.network, self.settings.ema)
        task = self.task
        self.companion = task.companion if isinstance(task, Accompanied) else None
        self.state = checkpoint.Stateful(
            self.network, self.average, self.optimisers, self.companion, self.progress
        )
        if resume:
            checkpoint.load(self.checkpoint, self.state, self.on.device)
        elif start is not None:
            checkpoint.start_from(start, self.network)
            self.average.reset(self.network)
        yield from self.warm_up()

    def warm_up(self) -> Iterator[Stage]:
        """Counts the operations of a batch, and compiles, in passes whose gradients are thrown
        away: what is learnt does not depend on them."""
        with torch.random.fork_rng(devices=[]):
            yield Stage("counting operations")
            flops = count_flops(self._some_loss)
            learning = [p for p in self.network.parameters() if p.requires_grad]
            unused = any(p.grad is None for p in learning)
            self.losses = distributed.parallel(self.losses, unused)
            if self.wants_compiling:
                yield Stage("compiling")
                self.compile(learning)
        self.network.zero_grad(set_to_none=True)
        self.meter = Meter(self.on, self.progress.samples, flops / self.settings.batch)
        yield Stage("ready", 1, 1)

    def compile(self, learning: list[nn.Parameter]) -> None:
        """Compiles what is hot and looks at the gradients: where they are not finite it tries
        narrower vectors, then does without. (Torch 2.14 on a Xeon with AMX needs the narrower.)"""
        for options in (None, {"cpp.simdlen": 256}):
            for module in self.task.hot:
                module.compile(dynamic=False, options=options)
            self._some_loss().backward()  # type: ignore[no-untyped-call]
            if all(p.grad is None or p.grad.isfinite().all() for p in learning):
                return
            self.network.zero_grad(set_to_none=True)
        self.report("compiled code gives no finite gradients here; it trains without")
        torch.compiler.set_stance("force_eager")

    def until_done(self) -> Outcome:
        """Runs to the end, or to Ctrl-C."""
        with stop_on_signal() as stop:
            for _ in self.steps(lambda: bool(stop)):
                pass
        return self.finish()

    def steps(self, stop: Callable[[], bool] = lambda: False) -> Iterator[dict[str, Tensor]]:
        """Trains until its steps or minutes are used up; yields the terms of each step's loss.

        What the caller does meanwhile does not count as the run's time.
        """
        self.started = time.monotonic() - self.progress.seconds
        saved_at = told_at = time.monotonic()
        while not distributed.any_of(stop() or self.used() >= 1.0, self.on.device):
            terms = self.step()
            quiet = time.monotonic() - told_at
            if self.due(quiet):
                self.log(terms)
                told_at = time.monotonic()
            if time.monotonic() - saved_at > 60 * self.settings.checkpoint_minutes:
                self.save()
                saved_at = time.monotonic()
                self.report(f"saved {self.checkpoint}; {self.figures()}")
            lent = time.monotonic()
            yield terms
            self.started += time.monotonic() - lent

    def finish(self) -> Outcome:
        """Saves the checkpoint and writes the averaged weights."""
        self.save()
        self.export()
        distributed.leave()
        progress = self.progress
        return Outcome(
            progress.step, progress.samples, progress.seconds, self.loss, self.checkpoint
        )

    def due(self, quiet: float) -> bool:
        """Whether the log wants a line, after so many seconds without one."""
        step, every = self.progress.step, self.settings.log_every
        return step % every == 0 or step == 1 or quiet > LONGEST_SILENCE

    def _some_loss(self) -> Tensor:
        batch = self.task.batch(0, self.world.rank, self.world.size)
        with self.on.autocast():
            return self.losses(batch, 0)["loss"]

    @property
    def wants_compiling(self) -> bool:
        cuda = self.on.device.type == "cuda"
        return {"never": False, "always": True, "cuda": cuda}[self.settings.compile]

    def used(self) -> float:
        """The part of the run that is over, by steps or by time."""
        used = self.progress.step / self.settings.steps
        if self.minutes is not None:
            used = max(used, (time.monotonic() - self.started) / (60 * self.minutes))
        return used

    def step(self) -> dict[str, Tensor]:
        """One batch, one update of everything. Returns the loss's terms."""
        settings, progress, world = self.settings, self.progress, self.world
        factor = self.rate_factor()
        for optimiser, rate in zip(self.optimisers, self.rates, strict=True):
            optimiser.param_groups[0]["lr"] = rate * factor
        batch = self.task.batch(progress.step, world.rank, world.size)
        with self.on.autocast():
            terms: dict[str, Tensor] = self.losses(batch, progress.step)
        terms["loss"].backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), settings.clip)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self.average.update(self.network)
        if self.companion is not None:
            self.companion.step()
        progress.step += 1
        progress.samples += settings.batch * world.size
        progress.seconds = time.monotonic() - self.started
        return terms

    def rate_factor(self) -> float:
        settings = self.settings
        return optimizers.learning_rate_factor(
            self.progress.step, self.used(), settings.warmup, settings.decay
        )

    def log(self, terms: dict[str, Tensor]) -> None:
        values = {name: float(value.detach()) for name, value in terms.items()}
        self.loss = values["loss"]
        if not math.isfinite(self.loss):
            raise DataError(
                f"The loss became {self.loss} at step {self.progress.step}; lower the rate and"
                " --resume from the last checkpoint."
            )
        rates = {"lr": self.rate_factor(), **self.meter.read(self.progress.samples)}
        row = {**vars(self.progress), **rates, **values}
        if self.world.rank == 0:
            self._write(json.dumps(row) + "\n")
        self.report("  ".join(f"{name} {value:.5g}" for name, value in row.items()))

    def _write(self, line: str) -> None:
        log = self.out / "log.jsonl"
        try:
            append(log, line.encode(), sync=False)
        except OSError as error:
            raise OutputError(
                f"{log} could not be written ({error.strerror}); free some space and continue with"
                " --resume."
            ) from error

    def save(self) -> None:
        if self.world.rank == 0:
            checkpoint.save(self.checkpoint, self.state)

    def averaged(self) -> nn.Module:
        """A copy of the network with the averaged weights, ready to judge."""
        copy = deepcopy(self.network)
        self.average.copy_to(copy)
        return copy.eval()

    def figures(self) -> str:
        scores = self.task.validate(self.averaged())
        return "  ".join(f"{name} {value:.4g}" for name, value in scores.items())

    def export(self) -> None:
        """Writes the averaged weights with how they came to be."""
        if self.world.rank != 0:
            return
        final = self.averaged()
        scores = dict(self.task.validate(final))
        self.report("final: " + "  ".join(f"{name} {value:.4g}" for name, value in scores.items()))
        about = {
            "recipe": self.recipe.name,
            "steps": self.progress.step,
            "samples": self.progress.samples,
            "seconds": round(self.progress.seconds),
            "date": date.today().isoformat(),
            "device": self.on.name,
            "precision": self.on.words,
            "validation": scores,
        }
        self.task.export(final, self.out, about)
