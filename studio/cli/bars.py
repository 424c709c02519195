"""The bar that verbs show while they work."""

from __future__ import annotations

import sys

from tqdm import tqdm


def bar(total: int, unit: str, silent: bool = False) -> tqdm:
    """On standard error and only where somebody sees it; each count is shown at once, so that the
    last one stands while what follows it takes its time."""
    return tqdm(
        total=total,
        unit=unit,
        leave=False,
        disable=True if silent else None,
        file=sys.stderr,
        mininterval=0,
        miniters=1,
    )
