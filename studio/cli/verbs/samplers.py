"""`samplers`: what the registry holds."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict

from studio.cli import table
from studio.cli.verb import Document, Verb
from studio.diffusion.samplers import all_samplers


def configure(parser: ArgumentParser) -> None:
    del parser  # no options of its own


def run(arguments: Namespace) -> Document:
    del arguments
    return {"samplers": [asdict(spec) for spec in all_samplers()]}


def describe(document: Document) -> Iterator[str]:
    heads = ("name", "family", "order", "noise", "calls a step", "steps", "")
    cells = [
        (
            spec["name"],
            spec["family"] + ("*" if spec["is_family_default"] else ""),
            f"{spec['order']:g}",
            "yes" if spec["stochastic"] else "no",
            spec["nfe_per_step"],
            spec["default_steps"],
            spec["summary"],
        )
        for spec in document["samplers"]
    ]
    yield from table.rows(heads, cells)
    yield "* the family's default, which its bare name means"


VERB = Verb("samplers", "list the samplers", configure, run, describe)
