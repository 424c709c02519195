"""`embed`: how well pictures and texts fit, by a pair of towers; without texts, labels."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from studio.cli import table
from studio.cli.pictures import read_all
from studio.cli.verb import Document, Verb, add_place
from studio.core.errors import ModelError
from studio.core.language import MOST_TEXTS, Embed, Embedded, chances
from studio.dataset.catalogue import Catalogue
from studio.engine.worker import Worker, run_now
from studio.models import registry

BEST = 5  # labels of a picture


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("images", nargs="+", type=Path, metavar="IMAGE", help="PNG, JPEG, WebP and the like")
    add(
        "--text",
        action="append",
        default=[],
        metavar="T",
        help="a text to compare the pictures with; as often as you like (default: the names of all"
        " things in the dataset, the best of which are given)",
    )
    add(
        "--encoder",
        default="",
        metavar="NAME|PATH",
        help="a pair of towers, such as clip or siglip (default: what scores pictures)",
    )
    add_place(parser)


def run(arguments: Namespace) -> Document:
    encoder = pair_of(arguments.encoder)
    pictures = read_all(arguments.images)
    texts = tuple(arguments.text) or tuple(dict.fromkeys(c.label for c in Catalogue().concepts))
    found, cosines = compared(texts, pictures, encoder, Worker(arguments.device))
    best = np.argsort(-cosines, axis=1, kind="stable")[:, :BEST]
    columns = range(len(texts)) if arguments.text else list(dict.fromkeys(best.ravel().tolist()))
    chances = fitting(cosines, found)
    return {
        "images": [str(path) for path in arguments.images],
        "texts": [texts[column] for column in columns],
        "similarity": [[float(row[column]) for column in columns] for row in cosines],
        "labels": [
            [
                {"label": texts[n], "similarity": float(row[n]), "probability": float(chance[n])}
                for n in order
            ]
            for row, chance, order in zip(cosines, chances, best, strict=True)
        ],
        "loss": found.loss,
        "scale": found.scale,
        "bias": found.bias,
    }


def pair_of(name: str) -> str:
    """What the engine opens by a name or path; nothing for nothing. Raises ModelError."""
    if not name:
        return ""
    info = registry.find(name)
    if info.kind != "towers":
        raise ModelError(f"{name} is a model of kind {info.kind!r}; choose a pair of towers.")
    return str(info.path)


def compared(
    texts: tuple[str, ...], pictures: tuple[np.ndarray, ...], encoder: str, worker: Worker
) -> tuple[Embedded, np.ndarray]:
    """The pictures with the first texts, and cosines (pictures, texts) with all of them."""
    parts: list[Embedded] = []
    for start in range(0, len(texts), MOST_TEXTS):
        some = texts[start : start + MOST_TEXTS]
        request = Embed(some, () if parts else pictures, encoder)
        request.check()
        run_now(request, worker, lambda e: parts.append(e) if isinstance(e, Embedded) else None)
    return parts[0], parts[0].pictures @ np.concatenate([part.texts for part in parts]).T


def fitting(cosines: np.ndarray, found: Embedded) -> np.ndarray:
    """How probably each text fits its picture: by itself, or as one of all where the pair learnt
    to choose among several."""
    axis = None if found.loss == "siglip" else 1
    return chances(cosines, found.scale, found.bias, axis)


def describe(document: Document) -> Iterator[str]:
    cells = [
        (Path(image).name, each["label"], f"{each['similarity']:.3f}", f"{each['probability']:.1%}")
        for image, labels in zip(document["images"], document["labels"], strict=True)
        for each in labels
    ]
    yield from table.rows(("picture", "text", "similarity", "probability"), cells)


VERB = Verb("embed", "compare pictures with texts, or label them", configure, run, describe)
