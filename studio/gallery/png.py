"""PNG files with their settings inside, written whole or not at all.

Two text chunks: `latent-studio`, JSON that brings every setting back, and `parameters`, the line
that other studios (A1111 and those that read its files) understand.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from studio.core.addons import AddOn
from studio.core.errors import DataError, UsageError
from studio.core.files import saving
from studio.core.generating import Score
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.core.specs import Option
from studio.diffusion.samplers import known_as
from studio.gallery.naming import new_path
from studio.gallery.sharing import parameters as parameters  # the window knows it from here
from studio.models.known import digest_of, place_of
from studio.pictures.reading import opened_png

CHUNK = "latent-studio"
FORMAT = 1
MOST_PIXELS_A_SIDE = 2**16
#: What values that nobody wrote so raise.
DAMAGE = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError, UsageError)


class NameTakenError(Exception):
    """A name that was free has been taken."""


@dataclass(frozen=True)
class Record:
    """What is stored with a picture. `nfe` counts denoiser evaluations, `created` is ISO 8601;
    `walk` says where on which walk a frame lies, `score` how well it fitted when it was made;
    `model_hash` is the SHA-256 of the model's weights if it was known."""

    settings: Settings
    nfe: int = 0
    seconds: float = 0.0
    created: str = ""
    walk: Mapping[str, Any] | None = None
    score: Score | None = None
    model_hash: str = ""


def write(
    path: Path,
    pixels: np.ndarray,
    settings: Settings,
    nfe: int = 0,
    seconds: float = 0.0,
    walk: Mapping[str, Any] | None = None,
    score: Score | None = None,
) -> None:
    """Writes (H, W, 3) uint8 to `path`, replacing what is there; makes missing folders.

    Raises OutputError, and then leaves no trace: an older file of that name is still whole.
    """
    digest = digest_of(place_of(settings.model))
    record = Record(settings, nfe, seconds, _now(), walk, score, digest)
    _write(path, pixels, record, os.replace)


def write_new(
    folder: Path,
    pixels: np.ndarray,
    settings: Settings,
    nfe: int = 0,
    seconds: float = 0.0,
    score: Score | None = None,
) -> Path:
    """Writes (H, W, 3) uint8 under a new name in `folder`; never overwrites. Raises OutputError."""
    digest = digest_of(place_of(settings.model))
    record = Record(settings, nfe, seconds, _now(), None, score, digest)
    while True:
        path = new_path(folder, settings)
        try:
            _write(path, pixels, record, _move_to_free_name)
        except NameTakenError:
            continue  # by another process, meanwhile
        return path


def read_settings(path: Path) -> Settings:
    """The settings inside a PNG. Raises DataError when there are none or they make no sense."""
    return read_record(path).settings


def read_record(path: Path) -> Record:
    """Everything stored with a picture. Raises DataError."""
    with opened_png(path) as image:
        return record_of(path, image.info.get(CHUNK))


def record_of(path: Path, text: object) -> Record:
    """What the chunk of a picture holds, None where it has none. Raises DataError."""
    if not isinstance(text, str):
        raise DataError(f"{path.name} has no Latent Studio settings inside.")
    try:
        return record_in(text)
    except DataError as error:
        raise DataError(f"{path.name}: {error}") from error


def record_in(text: str) -> Record:
    """What a chunk's text holds. Raises DataError."""
    try:
        return _record(json.loads(text))
    except DAMAGE as error:
        raise DataError(f"The settings inside are damaged: {error}") from error


def settings_in(values: Any) -> Settings:
    """Settings as JSON holds them. Raises DataError."""
    try:
        return _settings(values)
    except DAMAGE as error:
        raise DataError(f"These settings are damaged: {error}") from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _chunks(record: Record) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    document = {"format": FORMAT, **asdict(record), "settings": record.settings.stored()}
    # ASCII with escapes: every string survives, even half surrogate pairs and NUL
    info.add_text(CHUNK, json.dumps(document, ensure_ascii=True))
    info.add_itxt("parameters", parameters(record.settings))
    return info


def _write(
    path: Path, pixels: np.ndarray, record: Record, move: Callable[[Path, Path], None]
) -> None:
    assert pixels.dtype == np.uint8
    assert pixels.shape[2:] == (3,)
    with saving(path, move) as draft:
        Image.fromarray(pixels).save(draft, "PNG", pnginfo=_chunks(record))


def _move_to_free_name(draft: Path, path: Path) -> None:
    """Moves only if nothing is there. Raises NameTakenError."""
    try:
        os.link(draft, path)  # at once; the draft's own name is forgotten afterwards
        return
    except FileExistsError as error:
        raise NameTakenError from error
    except OSError:
        pass  # not every file system has hard links
    try:
        path.touch(exist_ok=False)  # ours now
    except FileExistsError as error:
        raise NameTakenError from error
    try:
        os.replace(draft, path)
    except OSError:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise


def _record(document: Any) -> Record:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError("they were written by another version.")
    return Record(
        _settings(document["settings"]),
        nfe=_counted(document["nfe"], int, "nfe"),
        seconds=_counted(document["seconds"], float, "seconds"),
        created=_checked(document["created"], str, "created"),
        walk=_checked(document["walk"], dict, "walk") if document.get("walk") else None,
        score=_score(document["score"]) if document.get("score") else None,
        model_hash=_checked(document.get("model_hash", ""), str, "model_hash"),
    )


def _score(values: Any) -> Score:
    value, tower = values["value"], values["tower"]
    return Score(_checked(value, float, "score"), _checked(tower, str, "tower"))


def _settings(values: Any) -> Settings:
    names = {field.name for field in fields(Settings)}
    if not isinstance(values, dict) or not set(values) <= names or "prompt" not in values:
        raise ValueError("they hold other names than this version knows.")
    checked = {name: _value(name, value) for name, value in values.items()}
    settings = Settings(**checked)
    settings = replace(settings, sampler=known_as(settings.sampler))
    settings = settings if "syntax" in checked else settings.from_before_syntax
    settings.check()
    if not all(1 <= side <= MOST_PIXELS_A_SIDE for side in settings.size.pair):
        raise ValueError(f"a size of {settings.size} pixels.")
    return settings


def _value(name: str, value: Any) -> Any:
    if name == "size":
        return Size.read(value)
    default = getattr(Settings, name, "")
    if name in ("options", "rule_options"):
        return tuple(_option(each, name) for each in _checked(value, list, name))
    if name == "addons":
        return tuple(_addon(each, name) for each in _checked(value, list, name))
    if isinstance(default, tuple):
        low, high = _checked(value, list, name)
        return _checked(low, float, name), _checked(high, float, name)
    return _checked(value, type(default), name)


def _option(value: Any, name: str) -> tuple[str, Option]:
    option, chosen = _checked(value, list, name)
    kind = type(chosen) if type(chosen) in (bool, int, str) else float
    return _checked(option, str, name), _checked(chosen, kind, name)


def _addon(value: Any, name: str) -> AddOn:
    read = AddOn(*_checked(value, list, name))
    for text in (read.file, read.digest, read.kind):
        _checked(text, str, name)
    return read._replace(weight=_checked(read.weight, float, name))


def _counted(value: Any, kind: type, name: str) -> Any:
    """As `_checked`, and neither below 0 nor more than a database takes."""
    if not 0 <= _checked(value, kind, name) < 2**63:
        raise ValueError(f"{name} is out of all bounds.")
    return _checked(value, kind, name)


def _checked(value: Any, kind: type, name: str) -> Any:
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"{name} is {str(value)[:40]!r}.")
    return value
