"""What a format is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from studio.models.model import Model, ModelInfo

if TYPE_CHECKING:
    from torch import nn

Check = Callable[[], None]


class Reading:
    """A Check that is told, too, how many bytes of weights were read; `hear` hears of their sum."""

    def __init__(self, check: Check, hear: Callable[[int], None] = lambda _: None) -> None:
        self._check, self._hear, self._bytes = check, hear, 0

    def __call__(self) -> None:
        self._check()

    def add(self, count: int) -> None:
        """Raises Cancelled, as `check` does."""
        self.reach(self._bytes + count)

    def reach(self, bytes: int) -> None:
        self._bytes = bytes
        self._hear(bytes)
        self._check()


def reading(check: Check) -> Reading:
    return check if isinstance(check, Reading) else Reading(check)


class Format(Protocol):
    """A way models are stored. `path` is a file or a folder."""

    name: str

    def recognises(self, path: Path) -> bool:
        """Whether this looks like one, at a glance; it may still be damaged."""

    def describe(self, path: Path) -> ModelInfo:
        """What it says it is, without reading weights. Raises ModelError."""

    def open(self, path: Path, device: str, precision: str, check: Check) -> Model | nn.Module:
        """Ready to use: a Model for a generator, else the network. `check` may raise Cancelled.

        Raises ModelError with one sentence that names the file.
        """
