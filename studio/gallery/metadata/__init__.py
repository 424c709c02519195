"""Settings out of pictures, ours and other studios': every module here with a FORMAT is a format.

Adding a format is adding a file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection
from dataclasses import replace
from functools import cache
from pathlib import Path

from studio.core.errors import DataError
from studio.core.settings import Settings
from studio.gallery.metadata.foreign import Format
from studio.gallery.metadata.found import Found, Texts
from studio.gallery.metadata.texts import hidden_in, texts_in

__all__ = ["Found", "formats", "read"]


@cache
def formats() -> tuple[Format, ...]:
    """Every format, the one to trust most first."""
    names = [f"{__name__}.{found.name}" for found in pkgutil.iter_modules(__path__)]
    modules = [importlib.import_module(name) for name in names]
    known = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return tuple(sorted(known, key=lambda each: each.rank))


def read(path: Path, models: Collection[str] = (Settings.model,)) -> Found:
    """The nearest of our settings to what made a PNG, JPEG, WebP, AVIF or JPEG XL picture.

    A model that is none of `models` becomes our default. Where a picture carries several formats
    the first readable one counts, and notes say what was damaged. Raises DataError.
    """
    texts, too_long = texts_in(path)
    found, damage = _first(texts, models)
    if found is None:
        found, hidden_damage = _first(hidden_in(path), models)
        damage += hidden_damage
    if found is not None:
        return replace(found, notes=(*damage, *too_long, *found.notes))
    if damage or too_long:
        raise DataError(f"{path.name} cannot be restored: {' '.join((*damage, *too_long))}")
    raise DataError(f"{path.name} has no settings inside that are known here.")


def _first(texts: Texts, models: Collection[str]) -> tuple[Found | None, list[str]]:
    """(what the first readable format finds, what was damaged before it)."""
    damage: list[str] = []
    for each in formats() if texts else ():
        try:
            found = each.find(texts, models)
        except DataError as error:
            damage.append(str(error))
            continue
        if found is not None:
            return found, damage
    return None, damage
