"""A model with other parts than its own is another model, and its name says so:
`x.safetensors|vae=y.safetensors|prediction=v`. Settings, pictures and caches need know no more."""

from __future__ import annotations

import re
from collections.abc import Iterable

from studio.core.errors import UsageError

BAR = re.compile(r"\|(?=[\w ]+=)")  # in no path of Windows, and hardly in another


def joined(model: str, parts: Iterable[tuple[str, str]]) -> str:
    return "|".join([model, *(f"{name}={value}" for name, value in parts)])


def split(name: str) -> tuple[str, dict[str, str]]:
    """The model, and what is chosen for it. Raises UsageError for what is chosen twice."""
    model, *parts = BAR.split(name)
    found: dict[str, str] = {}
    for part in parts:
        key, _, value = part.partition("=")
        if key in found:
            raise UsageError(f"{key} is chosen twice; choose one.")
        found[key] = value
    return model, found
