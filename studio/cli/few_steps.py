"""`samplers --few-steps`: the cheapest settings near the converged picture, as a table."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from studio.cli.bars import bar
from studio.cli.outputs import folder_at
from studio.cli.verb import Document, add_model, add_out, model_of, size_of, worker_of
from studio.core.errors import UsageError
from studio.core.files import save_text
from studio.core.settings import Settings
from studio.models.plan import Plan

if TYPE_CHECKING:
    from studio.engine.few_steps import Reached

NEAR = 0.005  # LPIPS (SqueezeNet), a mean over pictures: side by side nobody sees it
FILES = "few-steps.json", "few-steps.md"
HEADS = (
    "| sampler | schedule | guided at | steps | evaluations | mean LPIPS | single things | worst |"
)


def add_few_steps(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--few-steps",
        metavar="A,B|all",
        help="measure how few steps of these come near the converged picture (minutes)",
    )
    add(
        "--schedules", default="", metavar="A,B", help="schedules to try besides each sampler's own"
    )
    add(
        "--intervals",
        default="0-1",
        metavar="LOW-HIGH,...",
        help="guidance intervals to try (default %(default)s)",
    )
    add("--guidance", type=float, default=Settings("").guidance, help="the guidance scale")
    add("--seeds", type=int, default=4, help="pictures per prompt (default %(default)s)")
    add(
        "--near",
        type=float,
        default=NEAR,
        help="the mean LPIPS that counts as near (default %(default)s)",
    )
    add_model(parser)
    add_out(parser, "a folder for few-steps.json and few-steps.md")


def measured(arguments: Namespace) -> Document:
    """Runs the measurement; progress goes to standard error. Raises UsageError, ModelError."""
    bases = _bases(arguments)
    folder = None if arguments.out is None else folder_at(arguments.out, "two files")
    worker, began = worker_of(arguments), time.perf_counter()
    model = worker.model(model_of(arguments))

    from studio.engine import few_steps
    from studio.report.prompts import PROMPTS

    single = PROMPTS[: 24 - len(few_steps.PAIRS)]
    base = _base(arguments)
    made = few_steps.Pictures(base, (*single, *few_steps.PAIRS), tuple(range(arguments.seeds)))
    most = 1 + len(bases) * len(few_steps.STEPS).bit_length()
    with bar(most * len(made.prompts), "prompt") as shown:

        def measured_on(row: Reached) -> None:
            shown.write("  ".join(_cells(row)), file=sys.stderr)

        measure = few_steps.Measure(model, made, shown.update)
        near = arguments.near
        rows = [r for each in bases for r in few_steps.fewest(measure, each, near, measured_on)]
    best = few_steps.cheapest(rows, near)
    document: Document = {
        "prompts": len(made.prompts),
        "seeds": arguments.seeds,
        "guidance": arguments.guidance,
        "precision": worker.device.precision,
        "near": near,
        "rows": [asdict(row) for row in rows],
        "cheapest": None if best is None else asdict(best),
        "seconds": round(time.perf_counter() - began),
    }
    if folder is not None:
        _write(document, rows, folder)
    return document


def _base(arguments: Namespace) -> Settings:
    return Settings(
        "", model=model_of(arguments), guidance=arguments.guidance, size=size_of(arguments)
    )


def _bases(arguments: Namespace) -> list[Settings]:
    """The settings to try, their steps aside."""
    from studio.engine.few_steps import candidates

    if arguments.seeds < 1:
        raise UsageError(f"seeds must be 1 or more, not {arguments.seeds}.")
    asked = arguments.few_steps.split(",")
    named = [name for name in arguments.schedules.split(",") if name]
    base = _base(arguments)
    tried = (
        replace(base, sampler=name, schedule=schedule, guidance_interval=interval)
        for name in (candidates() if asked == ["all"] else asked)
        for schedule in ("", *named)
        for interval in _intervals(arguments.intervals)
    )
    return [Plan.of(each).settings for each in tried]


def _intervals(text: str) -> list[tuple[float, float]]:
    try:
        pairs = [tuple(map(float, part.split("-"))) for part in text.split(",")]
        return [(low, high) for low, high in pairs]
    except ValueError:
        raise UsageError(f"write intervals like 0-1,0.2-1, not {text!r}.") from None


def _cells(row: Reached) -> tuple[str, ...]:
    low, high = row.guidance_interval
    way = row.sampler, row.schedule or "its own", f"{low:g} to {high:g}", str(row.steps)
    return *way, str(row.nfe), f"{row.mean:.4f}", f"{row.alone:.4f}", f"{row.worst:.3f}"


def lines(document: Document) -> Iterator[str]:
    """For people: a line for each way that comes near, the cheapest first."""
    from studio.engine.few_steps import Reached

    rows = [Reached(**{**row, "guidance_interval": tuple(row["guidance_interval"])})
            for row in document["rows"]]  # fmt: skip
    yield from markdown(rows, document["near"])


def markdown(rows: list[Reached], near: float) -> Iterator[str]:
    yield HEADS
    yield "|" + "---|" * (HEADS.count("|") - 1)
    ways: dict[tuple[object, ...], list[Reached]] = {}
    for row in rows:
        ways.setdefault((row.sampler, row.schedule, row.guidance_interval), []).append(row)

    def rank(row: Reached) -> tuple[bool, float, float]:
        """Near ones first, of them the cheapest; of the others the nearest."""
        far = row.mean > near
        return far, row.mean if far else row.nfe, row.mean

    for row in sorted((min(way, key=rank) for way in ways.values()), key=rank):
        cells = list(_cells(row))
        cells[5] += ", not near" if row.mean > near else ""
        yield "| " + " | ".join(cells) + " |"


def _write(document: Document, rows: list[Reached], folder: Path) -> None:
    head = (
        f"Fewest steps with a mean LPIPS of at most {document['near']:g} to the converged picture:"
        f" {document['prompts']} prompts, {document['seeds']} seeds, guidance"
        f" {document['guidance']:g}, {document['precision']}. Made by"
        " `main.py samplers --few-steps`.\n\n"
    )
    text = head + "\n".join(markdown(rows, document["near"])) + "\n"
    save_text(folder / FILES[0], json.dumps(document, indent=1) + "\n")
    save_text(folder / FILES[1], text)
