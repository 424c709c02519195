"""Writes trained networks as they are shipped: fp16 safetensors shards and `model.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

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
) -> None:
    """Writes `folder/weights-N-of-M.safetensors` and `folder/model.json`.

    `model.json` holds the kind, the network's configuration and how it was trained.
    """
    assert is_dataclass(config) and not isinstance(config, type)
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).cpu().contiguous()
        for name, tensor in network.state_dict().items()
    }
    parts = shards(state)
    for stale in folder.glob("weights-*.safetensors"):
        stale.unlink()
    names = [f"weights-{i}-of-{len(parts)}.safetensors" for i in range(1, len(parts) + 1)]
    for name, part in zip(names, parts, strict=True):
        save_file(part, folder / name)
    document = {
        "kind": kind,
        "parameters": sum(p.numel() for p in network.parameters()),
        "config": asdict(config),
        "weights": names,
        "trained": dict(about),
        **(extra or {}),
    }
    (folder / "model.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    assert torch.isfinite(torch.stack([t.float().abs().max() for t in state.values()])).all()
