"""What is remembered from one start to the next: a table of keys, defaults and checks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from studio.core.device import OFFLOADS
from studio.core.errors import UsageError
from studio.core.generating import MAX_COUNT
from studio.core.settings import (
    MAX_CACHE,
    MAX_CLASSIFIER,
    MAX_CLIP_SKIP,
    MAX_GUIDANCE,
    MAX_SEED,
    MAX_STEPS,
    SHIFTS,
)
from studio.core.specs import checked_options, one_name
from studio.ui.session import Session
from studio.ui.theme import CHOICES


@dataclass(frozen=True)
class Preference:
    """A remembered value; one that does not pass `valid` is replaced by the default. A default
    that is not valid itself leaves the session's own."""

    default: Any
    valid: Callable[[Any], bool]


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and low <= value <= high


def _are(kind: type, default: Any, *names: str) -> dict[str, Preference]:
    return dict.fromkeys(names, Preference(default, lambda value: isinstance(value, kind)))


def _is_interval(value: Any) -> bool:
    inside = len(value) == 2 and all(_number(0.0, 1.0)(each) for each in value)
    return inside and value[0] < value[1]


def _are_options(value: Any) -> bool:
    return all(len(each) == 2 and isinstance(each[0], str) for each in value)


TABLE = {
    **_are(bool, False, "keep_queue", "variation_locked", "trajectories", "seed_locked"),
    **_are(bool, False, "compiled"),
    **_are(bool, True, "mapped"),
    "offload": Preference("auto", lambda value: value in OFFLOADS),
    **_are(dict, {}, "walk", "compare", "lab", "reconstruct", "train", "tour", "parts"),
    **_are(str, "", "prompt", "negative", "sampler", "schedule", "rule", "classifier"),
    **_are(str, "", "source", "mask", "model"),
    "theme": Preference("system", lambda value: value in CHOICES),
    "folders": Preference([], lambda value: all(isinstance(each, str) for each in value)),
    "history": Preference([], lambda value: all(isinstance(each, str) for each in value)),
    "steps": Preference(0, _whole(1, MAX_STEPS)),
    "guidance": Preference(-1.0, _number(0, MAX_GUIDANCE)),
    "interval": Preference((), _is_interval),
    "options": Preference((), _are_options),
    "clip_skip": Preference(1, _whole(1, MAX_CLIP_SKIP)),
    "cache": Preference(0.0, _number(0, MAX_CACHE)),
    "shift": Preference(0.0, _number(*SHIFTS)),
    "rule_options": Preference((), _are_options),
    "classifier_scale": Preference(-1.0, _number(0, MAX_CLASSIFIER)),
    "strength": Preference(0.0, lambda value: _number(0, 1)(value) and value > 0),
    "variation": Preference(0.0, _number(0, 1)),
    "variation_seed": Preference(0, _whole(0, MAX_SEED)),
    "count": Preference(1, _whole(1, MAX_COUNT)),
    "seed": Preference(0, _whole(0, MAX_SEED)),
}
HOW = "offload", "compiled", "mapped"  # a model is loaded, as a LoadModel takes it
MOST_PROMPTS = 100  # of those used earlier
#: In the order they are brought back: a sampler proposes steps, and with a rule forgets options.
_SESSION = (
    *("sampler", "rule", "prompt", "negative", "steps", "guidance", "interval", "options"),
    *("schedule", "shift", "rule_options", "classifier", "classifier_scale", "count", "seed"),
    *("seed_locked", "strength", "variation", "variation_seed", "variation_locked"),
    *("trajectories", "clip_skip", "cache"),
)


def texts(value: object) -> list[str]:
    """The strings of a remembered list."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


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
        except (ValueError, TypeError, LookupError, RecursionError):
            return kept.default

    def set(self, key: str, value: Any) -> None:
        """Remembers a value. Raises ValueError for one that the table does not allow."""
        if not TABLE[key].valid(value):
            raise ValueError(f"{key} cannot be {value!r}")
        self._store.setValue(key, json.dumps(value))

    def remember_prompts(self, prompts: Iterable[str]) -> tuple[str, ...]:
        """Puts prompts before those used earlier, in another window too; all, newest first."""
        self._store.sync()  # what the others have written
        known = (each for each in (*prompts, *self.get("history")) if each)
        kept = list(dict.fromkeys(known))[:MOST_PROMPTS]
        self.set("history", kept)
        self._store.sync()
        return tuple(kept)

    def geometry(self) -> QByteArray | None:
        """Where the window was."""
        found = self._store.value("geometry")
        return found if isinstance(found, QByteArray) else None

    def set_geometry(self, geometry: QByteArray) -> None:
        self._store.setValue("geometry", geometry)

    def restore(self, session: Session) -> None:
        """Brings the last settings back; those that do not exist any more stay as they are."""
        for name in _SESSION:
            with suppress(KeyError, UsageError):
                value = _known(session, name, self.get(name))
                if TABLE[name].valid(value):
                    getattr(session, name).set(value)

    def restore_start(self, session: Session) -> None:
        """Asks for the last picture to start from and its mask; for who listens to `session`."""
        source, mask = self.get("source"), self.get("mask")
        if source:
            session.start_wanted.emit(replace(session.settings(), source=source, mask=mask))

    def remember(self, session: Session) -> None:
        for name in _SESSION:
            self.set(name, getattr(session, name).get())
        start = session.start.get()
        self.set("source", "" if start is None else start.source)
        self.set("mask", "" if start is None else start.mask)


def _known(session: Session, name: str, value: Any) -> Any:
    """A remembered value in the session's type. Raises KeyError or UsageError for a name that
    there is no more."""
    match name:
        case "sampler":
            return session.samplers[one_name(value, session.samplers.values())].name
        case "rule":
            return session.rules[value].name
        case "schedule" if value:
            return session.schedules[value].name
        case "options":
            sampler = session.samplers[session.sampler.get()]
            return checked_options(sampler.name, sampler.parameters, value)
        case "rule_options":
            rule = session.rules[session.rule.get()]
            return checked_options(rule.name, rule.parameters, value)
        case "interval":
            return tuple(value)
    return value
