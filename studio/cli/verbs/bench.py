"""`bench`: how fast the studio is here, each figure beside its goal."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from studio.bench.bench import Conditions, all_benches, find
from studio.bench.kept import described, keep, shown, shown_goal
from studio.bench.machine import AS_AVX2, this_machine
from studio.cli import table
from studio.cli.outputs import folder_at
from studio.cli.verb import Document, Verb, add_model, add_out, size_of, worker_of
from studio.core.errors import StudioError, UsageError
from studio.core.settings import Settings
from studio.diffusion import samplers

DEFAULT = Settings("a teddy bear", seed=1)
QUICK_STEPS = 2


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="which benches (default: all)")
    add("--list", action="store_true", help="list the benches and stop")
    add("--quick", action="store_true", help="a short trial, no figures to keep")
    add("--avx2", action="store_true", help="use no processor instructions beyond AVX2")
    add_model(parser)
    add_out(parser, "a folder (docs) for performance.md and performance/MACHINE.json")


def run(arguments: Namespace) -> Document:
    if arguments.list:
        return {"benches": [{"name": b.name, "summary": b.summary} for b in all_benches()]}
    chosen = find(arguments.names)
    out = None if arguments.out is None else folder_at(arguments.out, "the table and its figures")
    if out is not None and arguments.quick:
        raise UsageError("a --quick trial has no figures to keep; leave --quick or --out out.")
    if arguments.avx2:
        os.environ.update(AS_AVX2)  # before torch is imported
    say = partial(print, file=sys.stderr, flush=True)
    conditions = Conditions(worker_of(arguments), settings(arguments), arguments.quick, say)
    machine = this_machine(conditions.device)
    say(described(asdict(machine)))
    results, failed = [], []
    for bench in chosen:
        say(f"{bench.name}: {bench.summary}")
        try:
            results.append(bench.run(conditions))
        except StudioError as error:
            if arguments.names:
                raise
            failed.append({"name": bench.name, "problem": str(error)})
    kept = () if out is None else keep(out, machine, results)
    return {
        "machine": {**asdict(machine), "kind": machine.kind},
        "quick": arguments.quick,
        "benches": results,
        "failed": failed,
        "files": [str(path) for path in kept],
    }


def settings(arguments: Namespace) -> Settings:
    """Those of a picture that the user has changed nothing about. Raises UsageError."""
    steps = samplers.find(DEFAULT.sampler).spec.default_steps
    model = Path(arguments.model)
    found = replace(
        DEFAULT,
        model=str(model.resolve()) if model.exists() else arguments.model,
        size=size_of(arguments),
        steps=QUICK_STEPS if arguments.quick else steps,
    )
    found.check()
    return found


def describe(document: Document) -> Iterator[str]:
    if "machine" not in document:
        cells = [(bench["name"], bench["summary"]) for bench in document["benches"]]
        yield from table.rows(("bench", ""), cells)
        return
    yield described(document["machine"])
    marks = {True: "met", False: "MISSED", None: ""}
    for bench in document["benches"]:
        yield ""
        yield f"{bench['name']}, {bench['precision']}: {bench['summary']}"
        figures = [
            (f"  {r['name']}", shown(r["figure"], r["unit"]), shown_goal(r), marks[r["met"]])
            for r in bench["rows"]
        ]
        yield from table.rows(("", "figure", "goal", ""), figures)
    for each in document["failed"]:
        yield f"{each['name']}: {each['problem']}"
    yield from document["files"]


VERB = Verb("bench", "measure how fast the studio is here", configure, run, describe)
