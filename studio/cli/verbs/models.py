"""`models`: everything that can be opened, and where it came from."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from studio.cli import table
from studio.cli.verb import Document, Verb
from studio.models.registry import survey


def configure(parser: ArgumentParser) -> None:
    del parser  # no options of its own


def run(arguments: Namespace) -> Document:
    del arguments
    models, damaged = survey()
    return {
        "models": [vars(m) | {"path": str(m.path), "trained": dict(m.trained)} for m in models],
        "damaged": [vars(each) | {"path": str(each.path)} for each in damaged],
    }


def describe(document: Document) -> Iterator[str]:
    heads = ("name", "kind", "format", "parameters", "path")
    cells = [
        (m["name"], m["kind"], m["format"], f"{m['parameters'] / 1e6:.1f} M", m["path"])
        for m in document["models"]
    ]
    yield from table.rows(heads, cells)
    yield from (f"left out: {each['reason']}" for each in document["damaged"])


VERB = Verb("models", "list the models, autoencoders and encoders", configure, run, describe)
