"""What survives a restart, on disk: written beside its target, then renamed. Nothing unpickled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from studio.core.errors import DataError, ModelError, OutputError, UsageError
from studio.core.files import replacing
from studio.core.tables import shortened
from studio.models.state_files import check_archive, read, shapes
from studio.networks import lora
from studio.training import states
from studio.training.bundle import unfit
from studio.training.optimizers import RunningAverage
from studio.training.task import Companion


@dataclass
class Progress:
    """How far a run is."""

    step: int = 0
    samples: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Stateful:
    """Everything of a run that a checkpoint holds."""

    network: nn.Module
    average: RunningAverage
    optimisers: list[torch.optim.Optimizer]
    companion: Companion | None
    progress: Progress


def save(path: Path, run: Stateful) -> None:
    """A crash or a full disk never leaves half a checkpoint, nor does a diverged run replace a good
    one. Raises OutputError, DataError."""
    state = {
        "network": run.network.state_dict(),
        "average": run.average.state,
        "updates": run.average.updates,
        "optimizers": [optimiser.state_dict() for optimiser in run.optimisers],
        "progress": vars(run.progress),
    }
    if run.companion is not None:
        state["companion"] = run.companion.state_dict()
    if lost := unfit(run.network.state_dict()) or unfit(run.average.state) or not_finite(state):
        kept = f"{path} is as it was: --resume from it" if path.exists() else "begin again"
        raise DataError(
            f"The training has diverged by step {run.progress.step} ({lost} is not finite);"
            f" lower the rate and {kept}."
        )
    try:
        with replacing(path, alone=True) as draft:
            torch.save(state, draft)
    except (OSError, RuntimeError) as error:  # torch hides what the disk said
        reason = getattr(error, "strerror", None) or "the disk is full, or refuses"
        raise OutputError(
            f"{path} could not be written ({reason}); free some space and continue with --resume."
        ) from None


def not_finite(state: object, name: str = "") -> str:
    """The name of the first number in nested tables that is none, or ""."""
    if isinstance(state, dict | list | tuple):
        pairs = state.items() if isinstance(state, dict) else enumerate(state)
        return next((lost for key, value in pairs if (lost := not_finite(value, str(key)))), "")
    if isinstance(state, Tensor) and state.is_floating_point():
        return "" if state.isfinite().all() else repr(name)
    return repr(name) if isinstance(state, float) and not math.isfinite(state) else ""


def weights_in(folder: Path) -> list[Path]:
    """The files of shipped weights. Raises DataError where there are none."""
    if files := sorted(folder.glob("weights-*.safetensors")):
        return files
    raise DataError(f"No weights in {folder} to start from.")


def must_be(path: Path) -> None:
    """Raises DataError where there is no checkpoint."""
    if not path.is_file():
        raise DataError(f"No checkpoint {path} to resume from.")


def must_be_free(folder: Path) -> None:
    """Raises UsageError where a run or a model would be replaced unasked."""
    for pattern, what in (
        ("checkpoint.pt", "run"),
        ("model.json", "model"),
        ("*/model.json", "model"),
    ):
        if next(folder.glob(pattern), None) is not None:
            raise UsageError(
                f"{folder} holds a {what} already; resume it (--resume) or choose another folder"
                " (--out)."
            )


def load(path: Path, run: Stateful, device: torch.device) -> None:
    """Restores `run` in place; a companion that the checkpoint does not know begins afresh.

    Raises:
        DataError: no such file, a damaged one, or one of another recipe; then `run` is untouched.
    """
    must_be(path)
    try:
        check_archive(path)
        state = torch.load(path, map_location=device, weights_only=True)
    except ModelError as error:
        raise DataError(str(error)) from None
    except Exception:  # torch's advice is for programmers
        raise DataError(f"{path} is damaged: it holds no checkpoint.") from None
    try:
        _restore(state, run)
    except ValueError as error:
        raise DataError(f"{path} does not fit this recipe: {error}.") from None


def _restore(state: object, run: Stateful) -> None:
    """All of it is checked before any of it is used. Raises ValueError."""
    saved = states.table(state, "contents")
    network = states.tensors(saved.get("network"), run.network.state_dict(), "network")
    average = states.tensors(saved.get("average"), run.average.state, "average")
    updates = states.counter(saved, "updates")
    listed, progress = saved.get("optimizers"), states.table(saved.get("progress"), "progress")
    if not isinstance(listed, list) or len(listed) != len(run.optimisers):
        raise ValueError("it was made with other optimisers")
    moments = [
        states.moments(*each, "moments") for each in zip(listed, run.optimisers, strict=True)
    ]
    figures = {name: states.counter(progress, name) for name in ("step", "samples")}
    seconds = states.seconds(progress, "seconds")
    if run.companion is not None and "companion" in saved:
        run.companion.load_state_dict(states.table(saved["companion"], "companion"))
    run.network.load_state_dict(network)
    for optimiser, each in zip(run.optimisers, moments, strict=True):
        optimiser.load_state_dict(each)
    run.average.state, run.average.updates = average, updates
    vars(run.progress).update(**figures, seconds=seconds)


@torch.no_grad()
def start_from(folder: Path, network: nn.Module) -> None:
    """Begins from shipped weights (`weights-*.safetensors`) with fresh optimisers.

    Of a network with adapters, only these are read: an adapter may begin as another base's. A part
    that the weights do not know may be new if it begins at zero (learned positions): it then
    changes nothing until it is trained.

    Raises:
        DataError: no weights there, or of another network.
    """
    files = weights_in(folder)
    own = lora.state_of(network) or network.state_dict()
    try:
        found = {name: shape for file in files for name, shape in shapes(file).items()}
        zeros = {name for name in own if name not in found and not own[name].any()}
        if odd := sorted(found.keys() ^ (own.keys() - zeros)):
            raise ValueError(f"its weights and the recipe's differ in {shortened(odd[0])}")
        for name, shape in found.items():
            if shape != tuple(own[name].shape):
                raise ValueError(f"{name!r} has the shape {shape}, not {tuple(own[name].shape)}")
        state = {name: tensor for file in files for name, tensor in read(file).items()}
        for name, tensor in state.items():
            own[name].copy_(tensor)
    except ModelError as error:
        raise DataError(str(error)) from None
    except ValueError as error:
        raise DataError(f"{folder} does not fit this recipe: {error}.") from None
