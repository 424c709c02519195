"""What the tour measures: each is a function here by name, and its figure one number.

Every module with MEASURES, a dict from names to functions, is found by itself. A measure is called
with the means to make things, and with the options that its stop names.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from studio.core.errors import UsageError, pick
from studio.core.messages import Event, Request
from studio.core.tour import Measure, Measured
from studio.models.format import Check

if TYPE_CHECKING:
    from studio.engine.worker import Worker

Kind = TypeVar("Kind", bound=Event)


@dataclass(frozen=True)
class Means:
    """How a measure makes what it looks at. `check` raises Cancelled."""

    worker: Worker
    check: Check

    def ask(self, request: Request, kind: type[Kind]) -> list[Kind]:
        """The events of one kind that a request comes to."""
        events = self.worker.run(request, self.check)
        return [event for event in events if isinstance(event, kind)]


MeasureOf = Callable[..., float]


@cache
def measures() -> dict[str, MeasureOf]:
    """All of them by name."""
    found: dict[str, MeasureOf] = {}
    for module in pkgutil.iter_modules(__path__):
        named = importlib.import_module(f"{__name__}.{module.name}")
        found.update(getattr(named, "MEASURES", {}))
    return found


def measure(worker: Worker, request: Measure, check: Check, job: int) -> Iterator[Measured]:
    """Raises UsageError for a measure that is not known, or options that it does not have."""
    figure = request.figure
    found = pick("measure", figure.measure, measures())
    try:
        asked = inspect.signature(found).bind(Means(worker, check), **dict(figure.options))
    except TypeError as error:
        raise UsageError(f"the measure {figure.measure!r}: {error}.") from None
    yield Measured(job, float(found(*asked.args, **asked.kwargs)))
