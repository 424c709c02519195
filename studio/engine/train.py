"""Trains an autoencoder for the window: step by step, with live pictures, kept at the end."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from studio.core.device import Device
from studio.core.errors import Cancelled, EndedEarly, OutputError, UsageError
from studio.core.learning import Preparing, Train, Trained, TrainSample, TrainStep
from studio.engine.batches import Clock
from studio.metrics.reconstruction import psnr
from studio.models.format import Check
from studio.models.network_folder import MANIFEST
from studio.models.registry import AUTOENCODERS, is_begun, run_folder, user_folder
from studio.networks.autoencoder import Autoencoder
from studio.training import recipe as recipes
from studio.training.hardware import Hardware
from studio.training.loop import Run
from studio.training.tasks.autoencoder import AutoencoderTask

ENDLESS = 10**9  # steps: the minutes end the run
STEP_SECONDS, SAMPLE_SECONDS = 0.4, 10.0  # between two events of a kind
SHOWN = 6
Event = Preparing | TrainStep | TrainSample | Trained


def train(
    request: Train, device: Device, check: Check = lambda: None, job: int = 0
) -> Iterator[Event]:
    """Runs to the end of its minutes, or until `check`, called between steps, raises EndedEarly.

    A training that is cancelled leaves a checkpoint, with which `resume` goes on.

    Raises UsageError, ModelError (no LPIPS weights), DataError (no pictures), Cancelled.
    """
    folder, work = places(request)
    run, task = _run_of(request, work, device)
    with run:
        yield from _prepared(run, request.resume, check, job)
        try:
            yield _sample(run, task, job)
            yield from _steps(run, task, check, job)
        except EndedEarly:
            pass
        except Cancelled:
            run.save()
            raise
        outcome = run.finish()
        _keep(work, folder)
        yield _sample(run, task, job)
        figures = tuple(task.validate(run.averaged()).items())
        yield Trained(job, request.name, str(folder), outcome.steps, outcome.seconds, figures)


def places(request: Train) -> tuple[Path, Path]:
    """Where the result goes and where the run works. Raises UsageError for a name that is taken, if
    only by a run that was cancelled, or for a run to go on with that is not there."""
    name = request.name
    folder = user_folder() / AUTOENCODERS / name
    if request.resume and not is_begun(name):
        raise UsageError(f"there is no run named {name!r} to resume.")
    if not request.resume and folder.exists():
        raise UsageError(f"there is an autoencoder named {name!r}; choose another name.")
    if not request.resume and is_begun(name):
        raise UsageError(f"there is a run named {name!r}; resume it, or choose another name.")
    return folder, run_folder(name)


def recipe_of(request: Train) -> recipes.Recipe:
    """The recipe with what the request changes. Raises UsageError if it trains something else."""
    recipe = recipes.load(request.recipe)
    if recipe.task != "autoencoder":
        raise UsageError(f"{request.recipe} trains a {recipe.task}, not an autoencoder.")
    names = ("reconstruction", "kl", "perceptual", "adversarial", "norm", "size")
    asked = {name: getattr(request, name) for name in names}
    settings = {**recipe.settings, **asked, "crop": request.size, "folder": request.data}
    return replace(
        recipe,
        settings=settings,
        network={**recipe.network, "variational": request.variational},
        run=replace(recipe.run, seed=request.seed, steps=ENDLESS),
    )


def _prepared(run: Run, resume: bool, check: Check, job: int) -> Iterator[Preparing]:
    """Before the first step there is nothing to keep: stopping leaves nothing behind."""
    clock, what = Clock(1.0), ""
    for stage in run.prepare(resume):
        if stage.what != what:
            clock, what = Clock(1.0), stage.what
        left = clock.seconds_left(stage.done / stage.total) if stage.done else None
        yield Preparing(job, stage.what, stage.done, stage.total, left)
        with suppress(EndedEarly):  # it is raised again after the first step
            check()


def _run_of(request: Train, work: Path, device: Device) -> tuple[Run, AutoencoderTask]:
    torch.manual_seed(request.seed)
    recipe = recipe_of(request)
    task = AutoencoderTask(recipe)
    try:
        on = Hardware.named(device.name, device.precision)
        run = Run(task, recipe, work, on, request.minutes, lambda words: None)
    except OSError as error:
        raise OutputError(f"{work} cannot be written: {error.strerror}.") from error
    return run, task


def _steps(
    run: Run, task: AutoencoderTask, check: Check, job: int
) -> Iterator[TrainStep | TrainSample]:
    told = shown = time.monotonic()
    for terms in run.steps():
        now = time.monotonic()
        if now - told >= STEP_SECONDS or run.progress.step == 1:
            told = now
            yield _step(run, terms, job)
        if now - shown >= SAMPLE_SECONDS:
            yield _sample(run, task, job)
            shown = time.monotonic()
        check()


def _step(run: Run, terms: dict[str, Tensor], job: int) -> TrainStep:
    used = min(1.0, run.used())
    left = (1 - used) * 60 * (run.minutes or 0.0)
    values = tuple((name, float(value.detach())) for name, value in terms.items())
    progress = run.progress
    return TrainStep(job, progress.step, progress.samples, used, left, values)


@torch.inference_mode()
def _sample(run: Run, task: AutoencoderTask, job: int) -> TrainSample:
    network, pictures = cast(Autoencoder, run.averaged()), task.unseen[:SHOWN]
    with run.on.autocast():
        decoded = network.decode(network.encode(pictures).mean).float().clamp(-1, 1)
    figures = [("psnr", float(psnr(decoded / 2 + 0.5, pictures / 2 + 0.5).mean()))]
    if task.perceptual is not None:
        figures.append(("lpips", float(task.perceptual(decoded, pictures).mean())))
    originals, results = (_bytes(each) for each in (pictures, decoded))
    return TrainSample(job, run.progress.step, originals, results, tuple(figures))


def _bytes(pictures: Tensor) -> np.ndarray:
    """(N, 3, S, S) in [-1, 1] -> (N, S, S, 3) uint8."""
    scaled = ((pictures + 1) * 127.5).round().to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def _keep(work: Path, folder: Path) -> None:
    """Copies the weights into place in one move: a half-written autoencoder is never listed."""
    fresh = work / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir()
        for path in (work / MANIFEST, *work.glob("weights-*.safetensors")):
            shutil.copy2(path, fresh / path.name)
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists():  # the same run, trained on
            folder.rename(work / f"before-{time.time_ns()}")
        fresh.rename(folder)
    except OSError as error:
        raise OutputError(
            f"{folder} could not be written ({error.strerror}); the run is in {work}."
        ) from error
