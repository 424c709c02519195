"""`describe`: a prompt for each picture."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from studio.cli import bars, table
from studio.cli.pictures import read_all
from studio.cli.verb import Document, Verb, add_place
from studio.core.language import Describe, Described
from studio.core.messages import Event
from studio.engine.worker import Worker, run_now


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("images", nargs="+", type=Path, metavar="IMAGE", help="PNG, JPEG, WebP and the like")
    add_place(parser)


def run(arguments: Namespace) -> Document:
    pictures, worker = read_all(arguments.images), Worker(arguments.device)
    told: list[Document] = []

    def saw(event: Event) -> None:
        if isinstance(event, Described):
            pairs = zip(event.prompts, event.scores, strict=True)
            prompts = [{"prompt": prompt, "score": score} for prompt, score in pairs]
            best = prompts[0] if prompts else {"prompt": "", "score": 0.0}
            told.append({"image": str(arguments.images[len(told)]), **best, "prompts": prompts})

    with bars.bar(len(pictures), "picture") as bar:
        for picture in pictures:
            run_now(Describe(picture), worker, saw)
            bar.update()
    return {"images": told}


def describe(document: Document) -> Iterator[str]:
    cells = [
        (Path(each["image"]).name, each["prompt"], f"{each['score']:.3f}")
        for each in document["images"]
    ]
    yield from table.rows(("picture", "prompt", "score"), cells)


VERB = Verb("describe", "a prompt for each picture", configure, run, describe)
