"""`tour`: the curriculum's stops; with `--measure`, whether each one's figure holds here."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from studio.cli import table
from studio.cli.bars import bar
from studio.cli.verb import Document, Verb, add_device, worker_of
from studio.core import tour
from studio.core.errors import StudioError, no_such
from studio.core.tour import Measure, Measured, Stop, number
from studio.engine.worker import Worker


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("stop", nargs="*", metavar="STOP", help="only these, by id (default: all)")
    parser.add_argument("--measure", action="store_true", help="measure their figures")
    add_device(parser)


def run(arguments: Namespace) -> Document:
    """Raises UsageError for a stop that is not there."""
    stops = {stop.id: (each.title, stop) for each in tour.chapters() for stop in each.stops}
    for unknown in (name for name in arguments.stop if name not in stops):
        raise no_such("stop", unknown, stops)
    chosen = [stops[name] for name in arguments.stop or stops]
    if not arguments.measure:
        return {"stops": [_document(chapter, stop) for chapter, stop in chosen]}
    worker, records = worker_of(arguments), []
    with bar(len(chosen), "stop") as shown:
        for chapter, stop in chosen:
            records.append(_document(chapter, stop) | _measured(worker, stop))
            shown.update()
    return {"stops": records}


def _document(chapter: str, stop: Stop) -> Document:
    said = {name: getattr(stop, name) for name in ("id", "title", "claim", "workspace", "paper")}
    figure = {"figure": stop.figure.what, "range": stop.figure.range}
    return {"chapter": chapter} | said | figure


def _measured(worker: Worker, stop: Stop) -> Document:
    """One that fails says why; the others are measured all the same."""
    began = time.perf_counter()
    try:
        events = worker.run(Measure(stop.figure))
        value = next(event.value for event in events if isinstance(event, Measured))
    except StudioError as error:
        return {"error": str(error), "seconds": time.perf_counter() - began}
    seconds = time.perf_counter() - began
    return {"value": value, "holds": stop.figure.holds(value), "seconds": seconds}


def describe(document: Document) -> Iterator[str]:
    heads = ("id", "title", "figure", "range")
    cells = [[stop[head] for head in heads] for stop in document["stops"]]
    for row, stop in zip(cells, document["stops"], strict=True):
        if "seconds" in stop:
            found = number(stop["value"]) if "value" in stop else "failed"
            row += [found, "" if stop.get("holds") else "no", f"{stop['seconds']:.1f}"]
    measured = bool(cells) and len(cells[0]) > len(heads)
    return table.rows((*heads, "measured", "holds", "s") if measured else heads, cells)


def failure(document: Document) -> str:
    said = [f"{stop['id']}: {stop['error']}" for stop in document["stops"] if "error" in stop]
    if odd := [stop["id"] for stop in document["stops"] if not stop.get("holds", True)]:
        said.append(f"not in their ranges: {', '.join(odd)}.")
    return " ".join(said)


VERB = Verb("tour", "list the tour's stops, and measure them", configure, run, describe, failure)
