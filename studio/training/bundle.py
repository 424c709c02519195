"""Writes trained networks as they are shipped: fp16 safetensors shards and `model.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor, nn

from studio.core.errors import DataError, OutputError
from studio.core.files import write_all

SHARD_BYTES = 15 * 2**20


def shards(state: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    """Splits a state into parts of at most 15 MiB, in order."""
    parts: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, tensor in state.items():
        if parts[-1] and size + tensor.nbytes > SHARD_BYTES:
            parts.append({})
            size = 0
        parts[-1][name] = tensor
        size += tensor.nbytes
    return parts


def export(
    network: nn.Module,
    kind: str,
    config: Any,
    folder: Path,
    about: Mapping[str, object],
    extra: Mapping[str, object] | None = None,
    beside: Mapping[str, bytes] | None = None,
) -> None:
    """`export_state` of all that a network holds."""
    parameters = sum(p.numel() for p in network.parameters())
    export_state(network.state_dict(), kind, config, folder, about, extra, beside, parameters)


def export_state(
    state: Mapping[str, Tensor],
    kind: str,
    config: Any,
    folder: Path,
    about: Mapping[str, object],
    extra: Mapping[str, object] | None = None,
    beside: Mapping[str, bytes] | None = None,
    parameters: int = 0,
) -> None:
    """Writes `folder/weights-N-of-M.safetensors`, what belongs `beside` them and
    `folder/model.json`.

    `model.json` holds the kind, the network's configuration and how it was trained. What was there
    is replaced once all of it is on the disk.

    Raises DataError for weights that are not finite, OutputError where it cannot be written.
    """
    assert is_dataclass(config) and not isinstance(config, type)
    state = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).cpu().contiguous()
        for name, tensor in state.items()
    }
    if lost := unfit(state):
        raise DataError(f"{folder} was left as it is: {lost} is not finite in half precision.")
    parts = shards(state)
    names = [f"weights-{i}-of-{len(parts)}.safetensors" for i in range(1, len(parts) + 1)]
    document = {
        "kind": kind,
        "parameters": parameters or sum(tensor.numel() for tensor in state.values()),
        "config": asdict(config),
        "weights": names,
        "trained": dict(about),
        **(extra or {}),
    }
    files = {folder / name: save(part) for name, part in zip(names, parts, strict=True)}
    files |= {folder / name: data for name, data in (beside or {}).items()}
    files[folder / "model.json"] = (json.dumps(document, indent=2) + "\n").encode()
    _write(folder, files)


def _write(folder: Path, files: Mapping[Path, bytes]) -> None:
    """Raises OutputError, and then what was there is whole."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_all(files)
        for stale in set(folder.glob("weights-*.safetensors")) - set(files):
            stale.unlink()
    except OSError as error:
        raise OutputError(
            f"{folder} could not be written ({error.strerror}); what was there is whole."
        ) from error


def unfit(state: Mapping[str, Tensor]) -> str:
    """The first tensor that half precision, which networks are shipped in, cannot hold; or ""."""
    for name, tensor in state.items():
        if tensor.is_floating_point() and not tensor.half().isfinite().all():
            return repr(name)
    return ""
