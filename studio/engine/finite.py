"""Numbers that ran over, or are none: found before they become a black picture.

Imports torch (the rest of the engine imports this lazily). Must not import Qt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor

from studio.core.errors import StudioError
from studio.core.settings import Settings
from studio.diffusion.state import State

ADVICE = "Use less guidance, more steps or another sampler."


class Watched:
    """Asks the device at every step, and waits for its answers once, at the end."""

    def __init__(self) -> None:
        self._sound: list[Tensor] = []

    def passed(self, states: Iterable[State]) -> Iterator[State]:
        """The same states, each looked at on its way."""
        for state in states:
            self._sound.append(state.x.flatten(1).isfinite().all(1))
            yield state

    def lost(self) -> dict[int, int]:
        """The batch's pictures whose samples are not all numbers: the first step that gave such."""
        table = torch.stack(self._sound, 1).tolist()
        return {i: steps.index(False) + 1 for i, steps in enumerate(table) if not steps[-1]}


def lost(kind: str, found: Mapping[int, int], settings: Settings) -> StudioError:
    """The error for pictures (`kind`) of these numbers, lost at those steps under settings like
    these."""
    (first, step), *others = sorted(found.items())
    more = f", and {len(others)} more" if others else ""
    return StudioError(
        f"{kind} {first + 1} was lost{more}: its numbers ran over at step {step} of"
        f" {settings.steps} ({settings.sampler}). {ADVICE}"
    )


def checked(numbers: Tensor, what: str) -> Tensor:
    """`numbers` themselves. Raises StudioError, `what` being their beginning, if not all are."""
    if not bool(numbers.isfinite().all()):
        raise StudioError(f"{what} holds values that are not numbers.")
    return numbers
