"""What a configuration from a file may ask for: far beyond any network of ours, and soon built."""

from __future__ import annotations

from typing import Annotated

from studio.core.tables import Within

Width = Annotated[int, Within(1, 8192)]
Depth = Annotated[int, Within(0, 256)]
Side = Annotated[int, Within(1, 256)]


def check_heads(width: int, heads: int) -> None:
    """Raises ValueError."""
    if width % heads:
        raise ValueError(f"heads is {heads}, which does not divide a width of {width}")


def check_patches(side: int, patch: int) -> None:
    """Raises ValueError."""
    if patch > side or side % patch:
        raise ValueError(f"patch is {patch}, which does not divide a side of {side}")
