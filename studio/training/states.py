"""What a checkpoint says, held against what it is for before any of it is used."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from studio.core.tables import shortened

ADAM = {"step", "exp_avg", "exp_avg_sq"}
KEPT = {"AdamW": ADAM, "Adam": ADAM, "Muon": {"momentum_buffer"}}  # of each parameter


def table(found: object, what: str) -> dict[Any, Any]:
    """Raises ValueError for what is none."""
    if not isinstance(found, dict):
        raise ValueError(f"it has no {what}")
    return found


def tensors(found: object, wanted: Mapping[str, Tensor], what: str) -> dict[str, Tensor]:
    """The tensors that are `wanted`, of their shapes and finite. Raises ValueError."""
    state = table(found, what)
    if odd := sorted(map(shortened, state.keys() ^ wanted.keys())):
        raise ValueError(f"its {what} and the recipe's differ in {odd[0]}")
    for name, tensor in state.items():
        _must_fit(tensor, wanted[name].dtype, tuple(wanted[name].shape), f"{what} {name!r}")
    return state


def counter(found: Mapping[Any, Any], name: str) -> int:
    """Raises ValueError unless it is a whole number from 0 on."""
    value = found.get(name)
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(f"its {name!r} is {shortened(value)}, not a whole number from 0 on")
    return value


def seconds(found: Mapping[Any, Any], name: str) -> float:
    """Raises ValueError unless it is a number from 0 on."""
    value = found.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"its {name!r} is {shortened(value)}, not a number from 0 on")
    return float(value)


def moments(found: object, optimizer: torch.optim.Optimizer, what: str) -> dict[str, Any]:
    """An optimiser's state to load, with the recipe's own rates. Raises ValueError."""
    saved = table(table(found, what).get("state"), what)
    own = optimizer.state_dict()["param_groups"]
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for number, kept in saved.items():
        if type(number) is not int or not 0 <= number < len(parameters):
            raise ValueError(f"its {what} knows a parameter {shortened(number)}")
        if table(kept, what).keys() != KEPT[type(optimizer).__name__]:
            raise ValueError(f"its {what} is another optimiser's")
        for name, tensor in kept.items():
            shape = () if name == "step" else tuple(parameters[number].shape)
            _must_fit(tensor, torch.float32, shape, f"{what} {name!r}")
    return {"state": saved, "param_groups": own}


def _must_fit(tensor: object, kind: torch.dtype, shape: tuple[int, ...], what: str) -> None:
    if not isinstance(tensor, Tensor) or tensor.layout != torch.strided or tensor.is_quantized:
        raise ValueError(f"its {what} is no tensor")
    if tuple(tensor.shape) != shape:
        raise ValueError(f"its {what} has the shape {tuple(tensor.shape)}, not {shape}")
    bytes_of_its_own = tensor.untyped_storage().nbytes()
    if tensor.dtype != kind or bytes_of_its_own < tensor.numel() * tensor.element_size():
        raise ValueError(f"its {what} is no tensor of {str(kind).removeprefix('torch.')}")
    if not tensor.isfinite().all():
        raise ValueError(f"its {what} is not finite")
