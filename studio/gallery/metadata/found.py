"""What is found inside a picture, and the texts and JSON that it is found in."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from studio.core.errors import DataError
from studio.core.settings import Settings

#: The texts inside a picture by their names in PNG files, whatever file it is.
Texts = Mapping[str, str]
#: Values that do nothing.
OFF: tuple[object, ...] = (None, False, 0, "", "None", "none", "False", [], "[]", {})


@dataclass(frozen=True)
class Found:
    """Settings from a picture. `source` is the studio's name.

    `notes` are sentences on what could not be carried over as it was. `missing` names the settings
    of which nothing was found: they are our defaults here, and whoever takes them over keeps their
    own.
    """

    settings: Settings
    source: str
    notes: tuple[str, ...] = ()
    missing: frozenset[str] = frozenset()


def document(text: str, what: str) -> dict[str, Any]:
    """A JSON object; NaN and Infinity are numbers in it, as ComfyUI writes. Raises DataError."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{what} is damaged JSON.") from error
    if not isinstance(value, dict):
        raise DataError(f"{what} is not a JSON object.")
    return value


def object_in(texts: Texts, name: str) -> dict[str, Any]:
    """The JSON object under this name; empty if it is anything else."""
    text = texts.get(name, "")
    if text.lstrip()[:1] == "{":
        with suppress(DataError):
            return document(text, name)
    return {}


def unused(values: Mapping[str, object], *known: Collection[str]) -> tuple[str, ...]:
    """The names, as people say them, of what is set and not `known`: carried over, said by others
    of the values, or of no effect on what is drawn."""
    left = (name for name in values if not any(name in each for each in known))
    return tuple(name.replace("_", " ") for name in left if values[name] not in OFF)


def clean(text: str) -> str:
    """Text in UTF-8 that a command line can hold: no half surrogate pairs, no NUL."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def words(value: object) -> str:
    """A text; empty for what is none."""
    return value if isinstance(value, str) else ""


def file_name(path: object) -> str:
    """Without its folders, of whatever system."""
    return words(path).replace("\\", "/").rsplit("/", 1)[-1]
