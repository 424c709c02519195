"""Finds and opens models: every module in `formats/` with a FORMAT is a format.

Listing reads no weights and imports no torch; opening does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from studio.models.model import Model, ModelInfo

if TYPE_CHECKING:
    from studio.networks.autoencoder import Autoencoder


def list_models() -> tuple[ModelInfo, ...]:
    """Everything that can be opened, in assets/ and in the user's model folder, by name.

    A generator's own networks are listed after it: "studio-256", "studio-256/autoencoder", ...
    Damaged entries are left out; `find` says what is wrong with one.
    """


def find(name_or_path: str) -> ModelInfo:
    """A listed name, or a path. Raises ModelError that says what there is."""


def open_model(
    name_or_path: str,
    device: str = "cpu",
    precision: str = "float32",
    check: Callable[[], None] = lambda: None,
) -> Model:
    """A generator, ready. `device` and `precision` in torch's words; `check` may raise Cancelled.

    Raises ModelError with one sentence.
    """


def open_autoencoder(
    name_or_path: str, device: str = "cpu", precision: str = "float32"
) -> Autoencoder:
    """An autoencoder: its own name or path, or a generator's. Raises ModelError."""
