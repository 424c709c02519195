"""One network on disk: `model.json` and safetensors shards (`studio.training.bundle` writes them).

Everything is checked before anything is built. Must not import torch (`weights` does).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from studio.core.errors import ModelError

MANIFEST = "model.json"
REQUIRED = {"kind": str, "parameters": int, "config": dict, "weights": list, "trained": dict}
#: What the kinds add: the autoencoder a preview, denoisers and toys what they were trained to
#: predict, the classifier its classes' names.
OPTIONAL = {"preview": dict, "path": str, "prediction": str, "classes": list}
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
