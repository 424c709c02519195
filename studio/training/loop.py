"""The training loop: one for every task, the same on a laptop, a GPU and under torchrun.

bf16 autocast with fp32 master weights; gradients clipped; weights averaged; a checkpoint every few
minutes, at the end and on Ctrl-C; `--resume` continues with the very next batch.
"""

from __future__ import annotations

import json
import math
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch
from torch import nn

from studio.core.errors import DataError, OutputError
from studio.training import optimizers
from studio.training.distributed import World
from studio.training.recipe import Recipe
from studio.training.task import Accompanied, Companion, Task
from studio.training.throughput import Meter

Report = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What a run reached. `loss` is the mean over the last logged steps."""

    steps: int
    samples: int
    seconds: float
    loss: float
    checkpoint: Path


@dataclass
class Progress:
    """How far a run is; kept in the checkpoint."""

    step: int = 0
    samples: int = 0
    seconds: float = 0.0


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


def save_checkpoint(
    path: Path,
    network: nn.Module,
    average: optimizers.RunningAverage,
    optimisers: list[torch.optim.Optimizer],
    progress: Progress,
    companion: Companion | None = None,
) -> None:
    """Writes beside the target, then renames: a crash never leaves half a checkpoint."""
    state = {
        "network": network.state_dict(),
        "average": average.state,
        "updates": average.updates,
        "optimizers": [o.state_dict() for o in optimisers],
        "progress": vars(progress),
    }
    if companion is not None:
        state["companion"] = companion.state_dict()
    partial = path.with_suffix(".partial")
    try:
        torch.save(state, partial)
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"The checkpoint {path} could not be written: {error}") from None


def load_checkpoint(
    path: Path,
    network: nn.Module,
    average: optimizers.RunningAverage,
    optimisers: list[torch.optim.Optimizer],
    device: torch.device,
    companion: Companion | None = None,
) -> Progress:
    """A companion that the checkpoint does not know begins afresh.

    Raises:
        DataError: no such file, or one of another network.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        network.load_state_dict(state["network"])
        for optimiser, saved in zip(optimisers, state["optimizers"], strict=True):
            optimiser.load_state_dict(saved)
        average.state = {k: v.to(device) for k, v in state["average"].items()}
        average.updates = state["updates"]
        if companion is not None and "companion" in state:
            companion.load_state_dict(state["companion"])
        return Progress(**state["progress"])
    except FileNotFoundError:
        raise DataError(f"No checkpoint {path} to resume from.") from None
    except Exception as error:
        raise DataError(f"{path} does not fit this recipe: {str(error)[:200]}") from None


def train(
    task: Task,
    recipe: Recipe,
    out: Path,
    device: torch.device,
    *,
    resume: bool = False,
    minutes: float | None = None,
    report: Report = print,
) -> Outcome:
    """Runs a recipe until its steps or `minutes` are used up, or Ctrl-C; writes `out`.

    `out` receives checkpoint.pt, log.jsonl and the exported (averaged) weights.
    """
    run, world = recipe.run, World.join(device)
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(run.seed)
    network = task.network.to(device)
    task.prepare(device)
    if device.type == "cpu":
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    companion = task.companion if isinstance(task, Accompanied) else None
    optimisers = optimizers.build(network, recipe.optimizer)
    average = optimizers.RunningAverage(network, run.ema)
    progress = Progress()
    checkpoint = out / "checkpoint.pt"
    if resume:
        progress = load_checkpoint(checkpoint, network, average, optimisers, device, companion)
    wanted = run.compile == "always" or (run.compile == "cuda" and device.type == "cuda")
    if wanted:
        for module in task.hot:
            module.compile(dynamic=False)
    meter = Meter(device, progress.samples)
    rates = optimizers.base_rates(recipe.optimizer)
    started, saved_at = time.monotonic() - progress.seconds, time.monotonic()
    loss = math.nan

    def save() -> None:
        if world.rank == 0:
            save_checkpoint(checkpoint, network, average, optimisers, progress, companion)

    with stop_on_signal() as stop, (out / "log.jsonl").open("a", encoding="utf-8") as log:
        while progress.step < run.steps and not world.any(bool(stop)):
            used = progress.step / run.steps
            if minutes is not None:
                used = max(used, (time.monotonic() - started) / (60 * minutes))
            if world.any(used >= 1.0):
                break
            factor = optimizers.learning_rate_factor(progress.step, used, run.warmup, run.decay)
            for optimiser, rate in zip(optimisers, rates, strict=True):
                optimiser.param_groups[0]["lr"] = rate * factor
            batch = task.batch(progress.step, world.rank, world.size)
            with torch.autocast(device.type, torch.bfloat16):
                terms = task.losses(network, batch, progress.step)
            terms["loss"].backward()
            world.average_gradients(network)
            torch.nn.utils.clip_grad_norm_(network.parameters(), run.clip)
            for optimiser in optimisers:
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
            average.update(network)
            if companion is not None:
                companion.step(world)
            progress.step += 1
            progress.samples += run.batch * world.size
            progress.seconds = time.monotonic() - started
            if progress.step % run.log_every == 0 or progress.step == 1:
                values = {k: float(v.detach()) for k, v in terms.items()}
                loss = values["loss"]
                if not math.isfinite(loss):
                    raise DataError(
                        f"The loss became {loss} at step {progress.step}; lower the rate."
                    )
                row = {**vars(progress), "lr": factor, **values, **meter.read(progress.samples)}
                if world.rank == 0:
                    log.write(json.dumps(row) + "\n")
                    log.flush()
                    report(describe(row))
            if time.monotonic() - saved_at > 60 * run.checkpoint_minutes:
                save()
                saved_at = time.monotonic()
                report(f"saved {checkpoint}; " + figures(task, network, average))
    save()
    final = averaged(network, average)
    about = {
        "recipe": recipe.name,
        "steps": progress.step,
        "samples": progress.samples,
        "seconds": round(progress.seconds),
        "date": date.today().isoformat(),
        "device": meter.device_name,
    }
    if world.rank == 0:
        scores = dict(task.validate(final))
        report("final: " + "  ".join(f"{k} {v:.4g}" for k, v in scores.items()))
        task.export(final, out, {**about, "validation": scores})
    world.leave()
    return Outcome(progress.step, progress.samples, progress.seconds, loss, checkpoint)


def averaged(network: nn.Module, average: optimizers.RunningAverage) -> nn.Module:
    copy = deepcopy(network)
    average.copy_to(copy)
    return copy.eval()


def figures(task: Task, network: nn.Module, average: optimizers.RunningAverage) -> str:
    scores = task.validate(averaged(network, average))
    return "  ".join(f"{k} {v:.4g}" for k, v in scores.items())


def describe(row: dict[str, float]) -> str:
    return "  ".join(f"{k} {v:.5g}" for k, v in row.items())
