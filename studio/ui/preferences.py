"""What is remembered from one start to the next: a table of keys, defaults and checks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from studio.core.requests import MAX_COUNT, MAX_SEED
from studio.core.settings import MAX_GUIDANCE, MAX_STEPS
from studio.core.specs import one_name
from studio.ui.state import Session
from studio.ui.theme import CHOICES


@dataclass(frozen=True)
class Kept:
    """A remembered value; one that does not pass `valid` is replaced by the default. A default
    that is not valid itself leaves the session's own."""

    default: Any
    valid: Callable[[Any], bool]


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


TABLE = {
    "keep_queue": Kept(False, lambda value: isinstance(value, bool)),
    "walk": Kept({}, lambda value: isinstance(value, dict)),
    "theme": Kept("system", lambda value: value in CHOICES),
    "history": Kept([], lambda value: all(isinstance(each, str) for each in value)),
    "prompt": Kept("", lambda value: isinstance(value, str)),
    "negative": Kept("", lambda value: isinstance(value, str)),
    "sampler": Kept("", lambda value: isinstance(value, str)),
    "steps": Kept(0, _whole(1, MAX_STEPS)),
    "guidance": Kept(
        -1.0, lambda value: isinstance(value, int | float) and 0 <= value <= MAX_GUIDANCE
    ),
    "count": Kept(1, _whole(1, MAX_COUNT)),
    "seed": Kept(0, _whole(0, MAX_SEED)),
    "seed_locked": Kept(False, lambda value: isinstance(value, bool)),
}
_SESSION = ("prompt", "negative", "sampler", "steps", "guidance", "count", "seed", "seed_locked")


class Preferences:
    """Typed access to the settings file; values are stored as JSON, so types come back whole."""

    def __init__(self, store: QSettings) -> None:
        self._store = store

    def get(self, key: str) -> Any:
        """The remembered value, or the table's default."""
        kept = TABLE[key]
        try:
            value = json.loads(str(self._store.value(key, "")))
            return value if kept.valid(value) else kept.default
        except (ValueError, TypeError):
            return kept.default

    def set(self, key: str, value: Any) -> None:
        if not TABLE[key].valid(value):
            raise ValueError(f"{key} cannot be {value!r}")
        self._store.setValue(key, json.dumps(value))

    def geometry(self) -> QByteArray | None:
        """Where the window was."""
        found = self._store.value("geometry")
        return found if isinstance(found, QByteArray) else None

    def set_geometry(self, geometry: QByteArray) -> None:
        self._store.setValue("geometry", geometry)

    def restore(self, session: Session) -> None:
        """Brings the last settings back; the sampler first, since it proposes steps."""
        names = sorted(_SESSION, key=lambda name: name != "sampler")
        for name in names:
            value = self.get(name)
            if name == "sampler":
                value = one_name(value, session.samplers.values())
            known = name != "sampler" or value in session.samplers
            if known and TABLE[name].valid(value):
                getattr(session, name).set(value)

    def remember(self, session: Session) -> None:
        for name in _SESSION:
            self.set(name, getattr(session, name).get())
