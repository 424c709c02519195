"""One network on disk: `model.json` and safetensors shards (`studio.training.bundle` writes them).

Everything is checked before anything is built. Must not import torch (`weights` does).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from studio.core.errors import ModelError
from studio.core.files import read_regular
from studio.core.tables import checked, hints, shortened

MANIFEST = "model.json"
REQUIRED = {"kind": str, "parameters": int, "config": dict, "weights": list, "trained": dict}
#: What the kinds add: the autoencoder a preview, denoisers and toys what they were trained to
#: predict, classifiers their classes' names, towers and captioner what they were trained beside,
#: adapters the digest of the weights they were made for.
OPTIONAL = {"preview": dict, "path": str, "prediction": str, "classes": list, "text": str,
            "encoder": str, "made_for": str}  # fmt: skip
LARGEST = 2**22  # bytes of a description
MOST_PARAMETERS = 10**13

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
    document = read_document(path)
    for key, kind in REQUIRED.items():
        if type(document.get(key)) is not kind:
            raise ModelError(f"{path} is damaged: it has no valid {key!r}.")
    if not 0 <= document["parameters"] <= MOST_PARAMETERS:
        raise ModelError(f"{path} is damaged: no network has so many 'parameters'.")
    extra = {key: value for key, value in document.items() if key not in REQUIRED}
    for key, value in extra.items():
        if key not in OPTIONAL:
            raise ModelError(f"{path} says {shortened(key)}, which this version does not know.")
        if type(value) is not OPTIONAL[key]:
            raise ModelError(f"{path} is damaged: it has no valid {key!r}.")
    kind, parameters, config, weights, trained = (document[key] for key in REQUIRED)
    return Manifest(folder, kind, parameters, config, _weight_files(path, weights), trained, extra)


def configured(manifest: Manifest, config_class: type[Config]) -> Config:
    """The manifest's configuration as a `config_class`. Raises ModelError for what is not one."""
    values = {}
    known = hints(config_class)
    for name in manifest.config.keys() - known:
        raise ModelError(
            f"{manifest.path} configures {shortened(name)}, which no {manifest.kind} has."
        )
    try:
        for name, value in manifest.config.items():
            values[name] = checked(name, value, known[name])
        return config_class(**values)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{manifest.path} has an impossible configuration: {error}.") from error


def read_document(path: Path) -> dict[str, Any]:
    """A JSON file's table. Raises ModelError."""
    try:
        document = json.loads(read_regular(path, LARGEST).decode())
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing.") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: {shortened(str(error))}.") from error
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
            raise ModelError(
                f"{path} names weights that are not safetensors beside it: {shortened(name)}."
            )
        if not os.path.isfile(path.parent / name):  # Path.is_file raises for names too long
            raise ModelError(f"{path.parent / shortened(name).strip(chr(39))} is missing.")
    return tuple(path.parent / name for name in names)
