"""One network on disk: `model.json` and safetensors shards (`studio.training.bundle` writes them).

Everything is checked before anything is built. torch is imported where weights are read only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from studio.core.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor, nn

MANIFEST = "model.json"
REQUIRED = {"kind": str, "parameters": int, "config": dict, "weights": list, "trained": dict}
#: What the kinds add: the autoencoder a preview, the denoiser what it was trained to predict.
OPTIONAL = {"preview": dict, "path": str, "prediction": str}
LARGEST = 2**16  # of any number in a configuration: far beyond any network of ours

Config = TypeVar("Config")


@dataclass(frozen=True)
class Manifest:
    """A checked `model.json`. `extra` holds the keys that only some kinds have."""

    folder: Path
    kind: str
    parameters: int
    config: Mapping[str, Any]
    weights: tuple[Path, ...]
    trained: Mapping[str, object]
    extra: Mapping[str, Any]

    @property
    def path(self) -> Path:
        return self.folder / MANIFEST


def read_manifest(folder: Path) -> Manifest:
    """Reads and checks `folder/model.json`, and that its weight files exist. Raises ModelError."""
    path = folder / MANIFEST
    document = _document(path)
    for key, kind in REQUIRED.items():
        if type(document.get(key)) is not kind:
            raise ModelError(f"{path} is damaged: it has no valid {key!r}.")
    extra = {key: value for key, value in document.items() if key not in REQUIRED}
    for key, value in extra.items():
        if key not in OPTIONAL:
            raise ModelError(f"{path} says {key!r}, which this version does not know.")
        if type(value) is not OPTIONAL[key]:
            raise ModelError(f"{path} is damaged: it has no valid {key!r}.")
    return Manifest(
        folder,
        document["kind"],
        document["parameters"],
        document["config"],
        _weight_files(path, document["weights"]),
        document["trained"],
        extra,
    )


def configured(manifest: Manifest, config_class: type[Config]) -> Config:
    """The manifest's configuration as a `config_class`. Raises ModelError for what is not one."""
    values = {}
    hints = get_type_hints(config_class)
    for name, value in manifest.config.items():
        if name not in hints:
            raise ModelError(f"{manifest.path} configures {name!r}, which no {manifest.kind} has.")
        values[name] = _setting(manifest.path, name, value, hints[name])
    try:
        return config_class(**values)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{manifest.path} has an impossible configuration: {error}.") from error


def load(manifest: Manifest, network_class: type[nn.Module], config_class: type[Any]) -> nn.Module:
    """The network with its weights, fp32, on the CPU, in eval mode. Raises ModelError.

    Names, shapes and finiteness are checked; nothing the size of the weights is made before the
    names and shapes are known to be right.
    """
    import torch

    config = configured(manifest, config_class)
    try:
        with torch.device("meta"):
            expected = network_class(config).state_dict()
        state = _read_weights(manifest, {name: tuple(t.shape) for name, t in expected.items()})
        network = network_class(config)
    except (ValueError, RuntimeError, ZeroDivisionError, AssertionError, TypeError) as error:
        raise ModelError(f"{manifest.path} has an impossible configuration: {error}.") from error
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: {error}.") from error
    if not isinstance(document, dict):
        raise ModelError(f"{path} is damaged: it is not a description of a network.")
    return document


def _weight_files(path: Path, names: list[Any]) -> tuple[Path, ...]:
    if not names:
        raise ModelError(f"{path} names no weights.")
    for name in names:
        if (
            not isinstance(name, str)
            or Path(name).name != name
            or Path(name).suffix != ".safetensors"
        ):
            raise ModelError(f"{path} names weights that are not safetensors beside it: {name!r}.")
        if not (path.parent / name).is_file():
            raise ModelError(f"{path.parent / name} is missing.")
    return tuple(path.parent / name for name in names)


def _setting(path: Path, name: str, value: Any, hint: Any) -> Any:
    """A configuration's value, checked against the type of its field."""
    wrong = ModelError(f"{path} configures {name!r} as {str(value)[:40]!r}, which makes no sense.")
    if hint is int and type(value) is int and 0 <= value <= LARGEST:
        return value
    if hint is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if hint in (bool, str) and type(value) is hint:
        return value
    whole = isinstance(value, list) and all(type(n) is int and 0 <= n <= LARGEST for n in value)
    if whole:  # every tuple in a configuration is one of whole numbers
        return tuple(value)
    raise wrong


def _read_weights(manifest: Manifest, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Every tensor of `shapes`, from all shards, fp32. Raises ModelError naming the file."""
    state: dict[str, Tensor] = {}
    for path in manifest.weights:
        for name, tensor in _read_shard(path, shapes).items():
            if name in state:
                raise ModelError(f"{path} holds {name!r}, which another file holds already.")
            state[name] = tensor
    if missing := sorted(set(shapes) - set(state)):
        raise ModelError(f"{manifest.folder} lacks the weights {_some(missing)}.")
    return state


def _read_shard(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    from safetensors import SafetensorError, safe_open

    tensors = {}
    try:
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 (a safe_open is no mapping)
                found = tuple(file.get_slice(name).get_shape())
                if name not in shapes:
                    raise ModelError(f"{path} holds {name!r}, which this network does not have.")
                if found != shapes[name]:
                    raise ModelError(f"{path} holds {name!r} as {found}, not {shapes[name]}.")
                tensors[name] = _finite(path, name, file.get_tensor(name))
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} is damaged or incomplete: {error}.") from error
    return tensors


def _finite(path: Path, name: str, tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point():
        return tensor.clone()
    tensor = tensor.float()
    if not math.isfinite(tensor.sum().item()) and not tensor.isfinite().all():
        raise ModelError(f"{path} is damaged: {name!r} holds values that are not numbers.")
    return tensor


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
