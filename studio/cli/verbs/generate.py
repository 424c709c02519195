"""`generate`: pictures from a prompt, as PNG files with their settings inside."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from tqdm import tqdm

from studio.cli import bars
from studio.cli.outputs import Pictures
from studio.cli.sampling import add_sampling, add_start, inputs_from, settings_from
from studio.cli.verb import Document, Verb, add_out, worker_of
from studio.core import events
from studio.core.errors import UsageError
from studio.core.requests import Generate
from studio.core.wildcards import combinations
from studio.engine.worker import run_now
from studio.gallery import inputs
from studio.gallery.word_lists import drawn, lines_in, read_lines, words_folder

RANDOM_SEEDS = 2**32  # as many as people can bear to type
STRENGTH = 0.6  # of a picture to start from: its layout stays, its things change


def configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "prompt",
        metavar="PROMPT",
        nargs="?",
        help='what to draw; "" draws anything; {red|blue} and __words__ stand for many',
    )
    parser.add_argument(
        "--prompts", type=Path, metavar="FILE", help="a file of prompts, a line each"
    )
    parser.add_argument(
        "--all", action="store_true", help="every combination of {red|blue}, not one at random"
    )
    parser.add_argument("--count", type=int, default=1, help="how many pictures")
    parser.add_argument("--seed", type=int, help="of the first picture (default: random)")
    add_sampling(parser)
    add_start(parser)
    add_out(parser, "a PNG file, of several a folder (default: the window's folder)")


def run(arguments: Namespace) -> Document:
    requests = requests_from(arguments)
    pictures = sum(request.count for request in requests)
    sources = [path for path in (arguments.image, arguments.mask) if path is not None]
    target = Pictures.at(arguments.out, pictures, sources)
    for request in requests[:1]:
        if request.inputs is not None:
            inputs.keep(request.inputs, inputs.inputs_folder())
    total = sum(request.count * request.settings.steps for request in requests)
    worker = worker_of(arguments)
    with bars.bar(total, "step") as bar:
        watcher = Watcher(target, bar)
        for request in requests:
            run_now(request, worker, watcher.saw)
            watcher.next(request)
    return {
        "images": watcher.images,
        "seconds": round(watcher.seconds, 3),
        "nfe": watcher.nfe,
        "device": worker.device.name,
        "precision": worker.device.precision,
        "settings": asdict(requests[0].settings),
    }


def requests_from(arguments: Namespace) -> tuple[Generate, ...]:
    """The checked requests that the options describe. Raises UsageError, DataError."""
    first = request_from(arguments)
    lines = (arguments.prompt,) if arguments.prompts is None else read_lines(arguments.prompts)
    words, made = lines_in(words_folder()), []
    for line in lines:
        if arguments.all:
            prompts = combinations(line, words)
            made += [replace(first, settings=replace(first.settings, prompt=p)) for p in prompts]
            continue
        made += drawn(first, line, words)
    return tuple(made)


def request_from(arguments: Namespace) -> Generate:
    """The checked request that the options describe. Raises UsageError, DataError."""
    if (arguments.prompt is None) == (arguments.prompts is None):
        raise UsageError("give one prompt, or a file of them with --prompts.")
    seed = secrets.randbelow(RANDOM_SEEDS) if arguments.seed is None else arguments.seed
    started = inputs_from(arguments)
    strength = arguments.strength
    if strength is None:
        strength = STRENGTH if started is not None and started.mask is None else 1.0
    settings = replace(
        settings_from(arguments, arguments.prompt or "", seed),
        strength=strength,
        variation=arguments.variation,
        variation_seed=arguments.variation_seed,
    )
    if started is not None:
        settings = started.named(settings)
    request = Generate(settings, arguments.count, preview_every=0, inputs=started)
    request.check()
    return request


class Watcher:
    """Writes each picture as soon as it is made, and moves the bar."""

    def __init__(self, target: Pictures, bar: tqdm) -> None:
        self._target, self._bar = target, bar
        self._steps = 0  # of the requests that are done
        self.images: list[Document] = []
        self.seconds, self.nfe = 0.0, 0

    def next(self, request: Generate) -> None:
        """The request is done."""
        self._steps += request.count * request.settings.steps

    def saw(self, event: events.Event) -> None:
        match event:
            case events.Loading(model=model):
                self._bar.set_description(f"loading {model}")
            case events.Progress(picture=picture, step=step, steps=steps, together=together):
                told = f"picture {picture + 1}"
                told += f" to {picture + together}" if together > 1 else ""
                self._bar.set_description(f"{told} of {event.pictures}", refresh=False)
                self._bar.update(self._steps + picture * steps + together * step - self._bar.n)
            case events.Picture(settings=settings, nfe=nfe):
                path = self._target.write(event)
                self.images.append(
                    {"path": str(path), "seed": settings.seed, "prompt": settings.prompt}
                )
                self.nfe = nfe
            case events.Finished(seconds=seconds):
                self.seconds += seconds


def describe(document: Document) -> Iterator[str]:
    settings = document["settings"]
    for image in document["images"]:
        yield f"{image['path']}  (seed {image['seed']})"
    yield (
        f"{settings['model']}, {settings['sampler']}, {settings['steps']} steps,"
        f" guidance {settings['guidance']:g}: {document['nfe']} network calls a picture,"
        f" {document['seconds']:.1f} s in all"
    )


VERB = Verb("generate", "make pictures from a prompt", configure, run, describe)
