"""`dataset`: what the bundled pictures are, a sheet of them, or building them anew."""

from __future__ import annotations

import shutil
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from studio.cli import table
from studio.cli.outputs import file_at, folder_at
from studio.cli.verb import Document, Verb, add_out
from studio.core.errors import OutputError, no_such
from studio.core.files import save_picture
from studio.dataset import build
from studio.dataset.catalogue import BUNDLED, Catalogue
from studio.dataset.summary import contact_sheet, summary

SHEET = 96  # pictures a style on the sheet


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("what", nargs="?", choices=("inspect", "build"), default="inspect", help="(%(default)s)")
    add("--data", type=Path, metavar="FOLDER", help="inspect another dataset")
    add("--styles", metavar="A,B", help="only these styles")
    add_out(parser, "inspect: a PNG sheet of pictures; build: the dataset's folder")


def run(arguments: Namespace) -> Document:
    return _build(arguments) if arguments.what == "build" else _inspect(arguments)


def _inspect(arguments: Namespace) -> Document:
    catalogue = Catalogue(arguments.data or BUNDLED)
    styles = wanted(arguments.styles, tuple(style.name for style in catalogue.styles))
    path = None if arguments.out is None else file_at(arguments.out, "dataset.png")
    document = {**summary(catalogue), "sheet": path and str(path)}
    if path is not None:
        save_picture(path, sheet(catalogue, styles))
    return document


def sheet(catalogue: Catalogue, styles: tuple[str, ...]) -> np.ndarray:
    """Pictures from all over the catalogue, one band a style."""
    bands = []
    for style in styles:
        codes = catalogue.codes(style)
        bands.append(contact_sheet(catalogue, style, codes[:: -(-len(codes) // SHEET)]))
    return np.concatenate(bands)


def _build(arguments: Namespace) -> Document:
    out = folder_at(arguments.out or str(BUNDLED), "a dataset")
    styles = wanted(arguments.styles or "fluent-3d,fluent-flat,noto", tuple(build.PACKAGES)[1:])
    with TemporaryDirectory() as work:
        built = Path(work) / "dataset"
        build.build(built, Path(work) / "packages", styles, partial(print, file=sys.stderr))
        try:
            shutil.copytree(built, out, dirs_exist_ok=True)
        except OSError as error:
            raise OutputError(f"{out} could not be written: {error}") from None
    return {**summary(Catalogue(out)), "sheet": None}


def wanted(styles: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """The named styles, all if none are. Raises UsageError for one that is not known."""
    if styles is None:
        return known
    chosen = tuple(dict.fromkeys(name.strip() for name in styles.split(",")))
    for name in chosen:
        if name not in known:
            raise no_such("style", name, known)
    return chosen


def describe(document: Document) -> Iterator[str]:
    yield (
        f"{document['folder']}: {document['pictures']} pictures of {document['concepts']} things,"
        f" {document['bytes'] / 2**20:.1f} MiB"
    )
    heads = ("style", "pictures", "held out", "licence", "from")
    cells = [
        (s["name"], s["pictures"], s["splits"].get("held-out", 0), s["licence"], s["source"])
        for s in document["styles"]
    ]
    yield from table.rows(heads, cells)
    if document["sheet"]:
        yield document["sheet"]


VERB = Verb("dataset", "inspect or build the bundled pictures", configure, run, describe)
