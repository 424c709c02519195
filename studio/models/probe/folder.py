"""A folder of diffusers, or of one component: its model_index.json, configurations and headers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.models.probe.header import Header, read_index, read_json
from studio.models.probe.header import read as read_header
from studio.models.probe.rule import Config, Family

DENOISERS = ("transformer", "unet")


@dataclass(frozen=True)
class Folder:
    """The family that the configurations name, and the denoiser's header, where they are there."""

    header: Header | None = None
    family: Family | None = None
    variant: str = ""
    parts: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()


def read(path: Path, families: Iterable[Family]) -> Folder:
    """Raises ModelError."""
    if not (path / "model_index.json").is_file():
        header = _header(path)
        return Folder(header, reasons=("it has neither model_index.json nor one file of weights",))
    index = read_json(path / "model_index.json")
    part = next((name for name in DENOISERS if _class(index.get(name))), "")
    whole, inner = str(index.get("_class_name")), _class(index.get(part))
    config = _config(path / part / "config.json") if part else {}
    settings = _config(path / "scheduler" / "scheduler_config.json")
    parts = tuple(k for k, v in index.items() if _class(v))
    found = _match(families, whole, inner, config)
    if found is None:
        said = f"model_index.json: {whole} with {inner or 'no denoiser'}, which is no known family"
        return Folder(reasons=(said,), parts=parts)
    family, match = found
    facts = {f"modelspec.{k}": str(settings[k]) for k in ("prediction_type",) if k in settings}
    told = [f"{k} = {config[k]}" for k in match.settings if k in config]
    said = f"model_index.json: {whole} with {', '.join([inner, *told])}"
    header = _header(path / part) if (path / part).is_dir() else None
    return Folder(header, family, match.variant, parts, facts, (said,))


def _match(
    families: Iterable[Family], whole: str, inner: str, config: Mapping[str, Any]
) -> tuple[Family, Config] | None:
    """The denoiser's class decides: real folders name the pipeline of another family."""
    same = [
        (family, each)
        for family in families
        for each in family.configs
        if all(config.get(k) == v for k, v in each.settings.items())
    ]
    by_class = [pair for pair in same if pair[1].name == inner]
    owners = {pair[0].name for pair in by_class}
    by_pipeline = [pair for pair in same if pair[1].name == whole and pair[0].name in owners]
    return next(iter(by_pipeline or by_class), None) if len(owners) == 1 else None


def _class(entry: object) -> str:
    match entry:
        case [str(), str(name)]:
            return name
    return ""


def _config(path: Path) -> Mapping[str, Any]:
    return read_json(path) if path.is_file() else {}


def _header(path: Path) -> Header | None:
    """Of the one file of weights in a folder, or of its index."""
    indices = sorted(path.glob("*.safetensors.index*.json"))
    if indices:
        return read_index(indices[0])
    files = sorted(path.glob("*.safetensors"))[:2]
    return read_header(files[0]) if files else None
