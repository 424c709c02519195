"""`models`: everything that can be opened, and where it came from; `--probe`: what a file is;
`--scan`: the same of every model in a folder."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from studio.cli import table
from studio.cli.bars import bar
from studio.cli.verb import Document, Verb, add_device, worker_of
from studio.core.errors import ModelError
from studio.core.wording import size_text
from studio.models.catalogue import refusal, scan
from studio.models.inventory import inventory
from studio.models.probe.probe import probe
from studio.models.registry import survey

SCANNED = ("name", "kind", "family", "variant", "precision", "size", "hash", "opens", "path")


def configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--probe", metavar="FILE", help="say what a file or folder is, from its header alone"
    )
    parser.add_argument(
        "--scan", metavar="FOLDER", help="list the models below a folder, from their headers alone"
    )
    add_device(parser)


def run(arguments: Namespace) -> Document:
    if arguments.probe is not None:
        answer = probe(Path(arguments.probe))
        places = [
            asdict(each) | {"path": str(each.path or ""), "looked": [*map(str, each.looked)]}
            for each in inventory(answer.path)
        ]
        memory = None if refusal(answer.path) else _weighed(arguments, str(answer.path))
        told = {"path": str(answer.path), "places": places, "memory": memory}
        return {"probe": asdict(answer) | told}
    if arguments.scan is not None:
        return {"folder": arguments.scan, "models": _scanned(Path(arguments.scan))}
    models, damaged = survey()
    return {
        "models": [asdict(m) | {"path": str(m.path)} for m in models],
        "damaged": [vars(each) | {"path": str(each.path)} for each in damaged],
    }


def _weighed(arguments: Namespace, model: str) -> Document | None:
    """What a generator takes where it would be loaded; None where its headers do not tell."""
    worker = worker_of(arguments)
    try:
        fit = worker.weigh(model)
    except ModelError:
        return None
    need = asdict(fit.need) | {"total": fit.need.total, "free": fit.free, "words": fit.words}
    return need | {"device": worker.device.name, "precision": worker.device.precision}


def _scanned(folder: Path) -> list[Document]:
    with bar(0, " models") as shown:

        def hear(done: int, total: int, _: object) -> None:
            shown.total = total
            shown.update(done - shown.n)

        found = scan((folder,), lambda: None, hear)
    return [
        asdict(each.answer)
        | {"name": each.name, "path": str(each.path), "bytes": each.bytes, "hash": each.digest}
        | {"preview": str(each.preview or ""), "refusal": (said := refusal(each.path))}
        | {"opens": "no" if said else "yes"}
        for each in found
    ]


def describe(document: Document) -> Iterator[str]:
    if "probe" in document:
        yield from _told(document["probe"])
        return
    if "folder" in document:
        told = [
            m | {"hash": m["hash"][:10], "size": size_text(m["bytes"])} for m in document["models"]
        ]
        yield from table.rows(SCANNED, [[m[head] for head in SCANNED] for m in told])
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
    for each in answer["places"]:
        yield f"  {each['part']}: {each['words']}, {_whereabouts(each)}"
    if memory := answer["memory"]:
        parts = ", ".join(f"{name} {size_text(size)}" for name, size in memory["parts"].items())
        yield f"  memory: {memory['words']}"
        yield f"    in {memory['precision']}: {parts}, to work in {size_text(memory['working'])}"
    yield from (f"  because: {reason}" for reason in answer["reasons"])


def _whereabouts(part: Document) -> str:
    """Of one part: where it is, or where it was looked for."""
    if not part["path"]:
        needless = ", not needed" if part["optional"] else ""
        return f"missing in {', '.join(part['looked']) or 'no folder'}{needless}"
    how = [part["source"], part["precision"], size_text(part["bytes"]) if part["bytes"] else ""]
    return f"{part['path']} ({', '.join(filter(None, how))})"


VERB = Verb("models", "list the models, autoencoders and encoders", configure, run, describe)
