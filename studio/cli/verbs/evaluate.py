"""`evaluate`: the model's report card, every figure beside its chance level and its ceiling.

With `--autoencoders` or `--encoders` the tables of those instead: the figures of
docs/autoencoders.md and docs/encoders.md.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from studio.cli import table
from studio.cli.outputs import folder_at
from studio.cli.sampling import add_sampling, settings_from
from studio.cli.sharing import add_rest, parts_in, stopped_early, world_of
from studio.cli.verb import Document, Verb, add_out, worker_of
from studio.core.errors import UsageError
from studio.core.parts import Parts
from studio.core.settings import MAX_SEED, Settings
from studio.core.world import World
from studio.engine.worker import Worker

if TYPE_CHECKING:
    from studio.report.card import Card, CardSettings


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--quick", action="store_true", help="fewer pictures, noisier figures")
    add("--rows", metavar="A,B", help="only these, like pairs,words,styles")
    add("--autoencoders", metavar="A,B|all", help="measure these autoencoders instead of the model")
    add("--encoders", metavar="A,B|all", help="measure these encoders instead of the model")
    add(
        "--unseen",
        type=Path,
        metavar="FOLDER",
        help="with --encoders: a dataset with a style that they were not trained on",
    )
    add("--seed", type=int, help="of the prompts and pictures (default: fixed)")
    add_sampling(parser)
    add_rest(parser)
    add_out(parser, "a folder for report.json, report.md and the sheets")


def run(arguments: Namespace) -> Document | None:
    world, settings = world_of(arguments), settings_from(arguments, "", 0)
    out = None if arguments.out is None else folder_at(arguments.out, "the report and its sheets")
    if arguments.autoencoders is not None:
        return None if world.rank else _of_autoencoders(arguments, out)
    if arguments.encoders is not None:
        return None if world.rank else _of_encoders(arguments, out)
    if arguments.seed is not None and not 0 <= arguments.seed <= MAX_SEED:
        raise UsageError(f"the seed must be 0 to {MAX_SEED}, not {arguments.seed}.")
    chosen_rows = () if arguments.rows is None else rows(arguments.rows)
    worker = worker_of(arguments)
    worker.model(settings.model)  # a missing model is said before the judge is loaded

    from studio.report import card

    chosen = card.CardSettings.quick() if arguments.quick else card.CardSettings()
    chosen = replace(chosen, rows=chosen_rows)
    if arguments.seed is not None:
        chosen = replace(chosen, seed=arguments.seed)
    if world.name:
        parts = parts_in(out or Path(gettempdir()), world, (settings, chosen, worker.device))
        with stopped_early(world, lambda: "the report is not written"):
            result = measure(worker, settings, chosen, world, parts)
            parts.close()
        if world.rank:
            return None
    else:
        result = measure(worker, settings, chosen, world)
    paths = () if out is None else card.write(result, out)
    return {**card.document(result), "files": [str(path) for path in paths]}


def rows(names: str) -> tuple[str, ...]:
    """The named sections of the card. Raises UsageError for one that there is not."""
    from studio.report.card import SECTIONS

    chosen = tuple(dict.fromkeys(name.strip() for name in names.split(",")))
    for name in chosen:
        if name not in SECTIONS:
            raise UsageError(f"there are no rows {name!r}; choose from {', '.join(SECTIONS)}.")
    return chosen


def _of_autoencoders(arguments: Namespace, out: Path | None) -> Document:
    from studio.dataset.catalogue import Catalogue
    from studio.models.registry import list_autoencoders, open_autoencoder
    from studio.report import autoencoders

    names: list[str] = [name for name in arguments.autoencoders.split(",") if name]
    if names == ["all"]:
        names = [info.name for info in list_autoencoders()]
    opened = [(name, open_autoencoder(name)) for name in names]
    found = autoencoders.compare(opened, Catalogue(), partial(print, file=sys.stderr))
    paths = () if out is None else autoencoders.write(found, out)
    document = {**autoencoders.document(found), "files": [str(path) for path in paths]}
    return {**document, "table": autoencoders.markdown(found)}


def _of_encoders(arguments: Namespace, out: Path | None) -> Document:
    from studio.dataset.catalogue import Catalogue
    from studio.report.encoders import card
    from studio.report.encoders.subjects import all_names, opened

    names: list[str] = []
    for name in filter(None, arguments.encoders.split(",")):
        names += all_names() if name == "all" else [name]
    more = None if arguments.unseen is None else Catalogue(arguments.unseen)
    subjects = opened(names)
    found = card.compare(subjects, Catalogue(), partial(print, file=sys.stderr), more)
    paths = () if out is None else card.write(found, out)
    document = {**card.document(found), "files": [str(path) for path in paths]}
    return {**document, "table": card.markdown(found)}


def measure(
    worker: Worker,
    settings: Settings,
    chosen: CardSettings,
    world: World,
    parts: Parts | None = None,
) -> Card:
    """The card of the model on the worker's device; progress goes to standard error."""
    from studio.dataset.catalogue import Catalogue
    from studio.models.registry import open_network
    from studio.networks.autoencoder import Autoencoder
    from studio.report import card
    from studio.report.subject import subject_of

    device = worker.device
    found = open_network(settings.model, "autoencoder", device.name, device.precision)
    autoencoder = found if isinstance(found, Autoencoder) else None
    subject = subject_of(worker.model(settings.model), autoencoder, settings)
    report = (lambda words: None) if world.rank else partial(print, file=sys.stderr)
    return card.evaluate(subject, Catalogue(), chosen, report, parts=parts)


def describe(document: Document) -> Iterator[str]:
    from studio.report.card import shown

    if "table" in document:
        yield from document["table"].splitlines()
        yield from document["files"]
        return
    yield f"{document['model']}: {document['pictures']} pictures, judged by {document['judge']}"
    cells = [
        (
            figure["section"],
            figure["name"],
            *(shown(figure[key], figure["unit"]) for key in ("value", "chance", "ceiling")),
            figure["n"],
        )
        for figure in document["figures"]
    ]
    yield from table.rows(("", "", "value", "chance", "ceiling", "pictures"), cells)
    yield from document["files"]


VERB = Verb("evaluate", "measure a model: its report card", configure, run, describe)
