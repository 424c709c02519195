"""What verbs show while they work: a bar, and notes."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tqdm import tqdm

from studio.core.messages import Event, Note


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


def noting(saw: Callable[[Event], object]) -> Callable[[Event], None]:
    """A listener that passes each event on and prints each note, above the bars."""

    def heard(event: Event) -> None:
        if isinstance(event, Note):
            tqdm.write(f"note: {event.message}", file=sys.stderr)
        saw(event)

    return heard
