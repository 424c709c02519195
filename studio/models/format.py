"""What a format is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from studio.models.model import Model, ModelInfo

if TYPE_CHECKING:
    from torch import nn

Check = Callable[[], None]


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
