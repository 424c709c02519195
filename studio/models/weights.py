"""Builds a network and fills it from its safetensors shards."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from studio.core.errors import ModelError
from studio.core.tables import shortened
from studio.models.network_folder import Manifest, configured


class SkipInitialisation(TorchFunctionMode):
    """Makes networks without drawing the random weights that the file's replace at once.

    Memory that is not drawn into is not even taken from the system until then.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        if func is torch.randn:
            return torch.empty(*args, **kwargs)
        return func(*args, **kwargs)


class Watched(TorchFunctionMode):
    """Tells `hear` of the bytes of each weight that diffusers or transformers put into a network:
    of each they ask once, in this thread, whether it is a floating-point number."""

    def __init__(self, hear: Callable[[int], None]) -> None:
        super().__init__()
        self._hear = hear

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") == "is_floating_point" and not args[0].is_meta:
            self._hear(args[0].nbytes)
        return func(*args, **(kwargs or {}))


def load(
    manifest: Manifest,
    network_class: type[nn.Module],
    config_class: type[Any],
    precision: torch.dtype = torch.float32,
) -> nn.Module:
    """The network on the CPU, in eval mode: its parameters in `precision`, its buffers (statistics
    need all their digits) in fp32. Raises ModelError.

    Names, shapes and finiteness of all weights are checked. The files are mapped into memory, and a
    weight is copied once: into its place.
    """
    config = configured(manifest, config_class)
    try:
        with SkipInitialisation():
            network = network_class(config)
    except (ValueError, RuntimeError, ZeroDivisionError, AssertionError, TypeError) as error:
        raise ModelError(f"{manifest.path} has an impossible configuration.") from error
    wanted = {
        name: (tuple(tensor.shape), precision if isinstance(tensor, nn.Parameter) else tensor.dtype)
        for name, tensor in network.state_dict(keep_vars=True).items()
    }
    network.load_state_dict(_read_weights(manifest, wanted), assign=True)
    return network.eval().requires_grad_(False)


#: The shape and the type of a tensor of the network.
Wanted = Mapping[str, tuple[tuple[int, ...], torch.dtype]]


def _read_weights(manifest: Manifest, wanted: Wanted) -> dict[str, Tensor]:
    """Every tensor that is wanted, from all shards. Raises ModelError naming the file."""
    state: dict[str, Tensor] = {}
    for path in manifest.weights:
        for name, tensor in _read_shard(path, wanted).items():
            if name in state:
                raise ModelError(
                    f"{path} holds {shortened(name)}, which another file holds already."
                )
            state[name] = tensor
    if missing := sorted(set(wanted) - set(state)):
        raise ModelError(f"{manifest.folder} lacks the weights {_some(missing)}.")
    return state


def _read_shard(path: Path, wanted: Wanted) -> dict[str, Tensor]:
    tensors = {}
    try:
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 (a safe_open is no mapping)
                found = tuple(file.get_slice(name).get_shape())
                if name not in wanted:
                    raise ModelError(
                        f"{path} holds {shortened(name)}, which this network does not have."
                    )
                shape, kind = wanted[name]
                if found != shape:
                    raise ModelError(f"{path} holds {shortened(name)} as {found}, not {shape}.")
                tensors[name] = finite(path, name, file.get_tensor(name), kind)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} is damaged or incomplete: {error}.") from error
    return tensors


def finite(path: Path, name: str, tensor: Tensor, precision: torch.dtype = torch.float32) -> Tensor:
    """A copy in `precision` (of integers in theirs). Raises ModelError if it is not finite."""
    if not tensor.is_floating_point():
        return tensor.clone()
    copy = tensor.to(precision, copy=True)
    ends = (
        torch.aminmax(copy) if copy.numel() else ()
    )  # a sum of halves would take twice their room
    if not all(math.isfinite(end.item()) for end in ends):
        if tensor.isfinite().all():
            kind = str(precision).removeprefix("torch.")
            raise ModelError(f"{path}: {name!r} is too large for {kind}; use precision float32.")
        raise ModelError(f"{path} is damaged: {name!r} contains values that are not numbers.")
    return copy


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
