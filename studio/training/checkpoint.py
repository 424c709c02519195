"""What survives a restart, on disk: written beside its target, then renamed. Nothing unpickled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from studio.core.errors import DataError, OutputError, UsageError
from studio.core.files import drafted
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
        with drafted(path) as draft:
            torch.save(state, draft)
    except (OSError, RuntimeError) as error:  # torch hides what the disk said
        reason = getattr(error, "strerror", None) or "the disk is full, or refuses"
        raise OutputError(
            f"{path} could not be written ({reason}); free some space and go on with --resume."
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
                f"{folder} holds a {what} already: go on with it (--resume),"
                " or choose another folder (--out)."
            )


def load(path: Path, run: Stateful, device: torch.device) -> None:
    """Restores `run` in place; a companion that the checkpoint does not know begins afresh.

    Raises:
        DataError: no such file, or one of another network.
    """
    must_be(path)
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        run.network.load_state_dict(state["network"])
        for optimiser, saved in zip(run.optimisers, state["optimizers"], strict=True):
            optimiser.load_state_dict(saved)
        run.average.state = {name: tensor.to(device) for name, tensor in state["average"].items()}
        run.average.updates = state["updates"]
        if run.companion is not None and "companion" in state:
            run.companion.load_state_dict(state["companion"])
        vars(run.progress).update(state["progress"])
    except Exception as error:
        raise DataError(f"{path} does not fit this recipe: {str(error)[:200]}") from None


def start_from(folder: Path, network: nn.Module) -> None:
    """Begins from shipped weights (`weights-*.safetensors`) with fresh optimisers.

    A part that the weights do not know may be new if it begins at zero (learned positions): it
    then changes nothing until it is trained.

    Raises:
        DataError: no weights there, or of another network.
    """
    files = weights_in(folder)
    try:
        state = {name: t.float() for file in files for name, t in load_file(file).items()}
        zeros = {n: p for n, p in network.named_parameters() if n not in state and not p.any()}
        network.load_state_dict({**zeros, **state})
    except Exception as error:
        raise DataError(f"{folder} does not fit this recipe: {str(error)[:200]}") from None
