"""`models`: everything that can be opened, and where it came from; `--probe`: what a file is."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from studio.cli import table
from studio.cli.verb import Document, Verb
from studio.models.probe.probe import probe
from studio.models.registry import survey


def configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--probe", metavar="FILE", help="say what a file or folder is, from its header alone"
    )


def run(arguments: Namespace) -> Document:
    if arguments.probe is not None:
        answer = probe(Path(arguments.probe))
        return {"probe": asdict(answer) | {"path": str(answer.path)}}
    models, damaged = survey()
    return {
        "models": [asdict(m) | {"path": str(m.path)} for m in models],
        "damaged": [vars(each) | {"path": str(each.path)} for each in damaged],
    }


def describe(document: Document) -> Iterator[str]:
    if "probe" in document:
        yield from _told(document["probe"])
        return
    heads = ("name", "kind", "format", "parameters", "path")
    cells = [
        (m["name"], m["kind"], m["format"], f"{m['parameters'] / 1e6:.1f} M", m["path"])
        for m in document["models"]
    ]
    yield from table.rows(heads, cells)
    yield from (f"left out: {each['reason']}" for each in document["damaged"])


def _told(answer: Document) -> Iterator[str]:
    opened = "" if answer["supported"] or answer["family"] == "unknown" else ", unsupported"
    yield f"{answer['path']}: {answer['kind']}, {answer['family']} {answer['variant']}".rstrip()
    yield f"  confidence: {answer['confidence']}{opened}"
    for key in ("layout", "precision", "scales"):
        if answer[key]:
            yield f"  {key}: {answer[key]}"
    if answer["parts"]:
        yield f"  parts: {', '.join(answer['parts'])}"
    for each in answer["prefilled"]:
        yield f"  {each['topic']}: {each['value']} ({each['source']})"
    yield from (f"  because: {reason}" for reason in answer["reasons"])


VERB = Verb("models", "list the models, autoencoders and encoders", configure, run, describe)
