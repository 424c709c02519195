"""What differs between the settings of two pictures."""

from __future__ import annotations

from dataclasses import dataclass, fields

from studio.core.settings import Settings


@dataclass(frozen=True)
class Difference:
    """One setting, by its field's `name` and in words (`label`), and both its values."""

    name: str
    label: str
    before: object
    after: object


def differences(a: Settings, b: Settings) -> tuple[Difference, ...]:
    """The settings that are not equal, in the order of the fields."""
    pairs = ((field.name, getattr(a, field.name), getattr(b, field.name)) for field in fields(a))
    return tuple(
        Difference(name, name.replace("_", " "), before, after)
        for name, before, after in pairs
        if before != after
    )
