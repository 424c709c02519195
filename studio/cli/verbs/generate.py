"""`generate`: pictures from a prompt, as PNG files with their settings inside."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from studio.cli import bars
from studio.cli.judged import Judged, add_judging
from studio.cli.outputs import Pictures, Written
from studio.cli.sampling import add_sampling, add_start, inputs_from, settings_from
from studio.cli.sharing import add_rest, random_seed, stopped_early, world_of
from studio.cli.verb import Document, Verb, add_out, worker_of
from studio.core import generating, messages
from studio.core.errors import DataError, UsageError
from studio.core.generating import Generate
from studio.core.wildcards import MOST, every
from studio.core.wording import loaded_text
from studio.core.world import World
from studio.engine.worker import Worker, run_now
from studio.gallery import inputs, png, word_lists

Numbered = tuple[int, Generate]
Made = tuple[list[Document], int, float]  # the document's images, network calls of one, seconds
STRENGTH = 0.6  # of a picture to start from: its layout stays, its things change


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "prompt",
        metavar="PROMPT",
        nargs="?",
        help='what to draw; "" draws anything; {red|blue} and __words__ stand for many;'
        " (word:1.3) weighs, [a:b:0.4] switches, AND joins",
    )
    add(
        "--prompts",
        metavar="FILE",
        help="prompts, a line each, without those that begin with #; - for standard input",
    )
    add("--all", action="store_true", help="every combination of {red|blue}, not one at random")
    add("--count", type=int, default=1, help="how many pictures")
    add("--seed", type=int, help="of the first picture (default: random)")
    add_sampling(parser)
    add_judging(parser)
    add_start(parser)
    add_rest(parser)
    add_out(parser, "a PNG file, of several a folder (default: the window's folder)")


def run(arguments: Namespace) -> Document | None:
    world = world_of(arguments)
    judged = Judged.of(arguments, world)
    requests = requests_from(arguments)
    judged.check(requests[0])
    pictures = sum(request.count for request in requests)
    sources = [path for path in (arguments.image, arguments.mask) if path is not None]
    target = Pictures.at(arguments.out, pictures, sources)
    for request in requests[:1]:
        if request.inputs is not None:
            inputs.keep(request.inputs, inputs.inputs_folder())
    worker = worker_of(arguments)
    images, nfe, seconds = (_shared if world.name else _alone)(requests, target, worker, world)
    if world.rank:
        return None
    return {
        "images": judged.told(images, requests[0].inputs, worker),
        "seconds": round(seconds, 3),
        "nfe": nfe,
        "device": worker.device.name,
        "precision": worker.device.precision,
        "settings": requests[0].settings.stored(),
    }


def _alone(requests: Sequence[Generate], target: Pictures, worker: Worker, world: World) -> Made:
    watcher = _watched(requests, target, worker, world)
    return watcher.images, watcher.nfe, watcher.seconds


def _shared(requests: Sequence[Generate], target: Pictures, worker: Worker, world: World) -> Made:
    """Makes this process's share of what is not there yet. The first waits for all the others."""
    wanted = [r.settings.numbered(i) for r in requests for i in range(r.count)]
    written, began = Written(target, wanted), time.perf_counter()

    def missing() -> str:
        return f"{len(wanted) - len(written.look())} of {len(wanted)} pictures are missing"

    with stopped_early(world, missing):
        from studio.engine.batches import MOST_AT_ONCE  # takes seconds

        mine, there = world.mine(numbered(requests, MOST_AT_ONCE)), written.look().keys()
        todo = [r for n, r in mine if not set(range(n, n + r.count)) <= there]
        _watched(todo, target, worker, world)
        if world.rank:
            return [], 0, 0.0
        paths = written.wait()
    images = [
        {"path": str(paths[number]), "seed": settings.seed, "prompt": settings.prompt}
        for number, settings in enumerate(wanted)
    ]
    nfe = png.read_record(paths[len(wanted) - 1]).nfe
    return images, nfe, time.perf_counter() - began


def _watched(
    requests: Sequence[Generate], target: Pictures, worker: Worker, world: World
) -> Watcher:
    total = sum(request.count * request.settings.steps for request in requests)
    with bars.bar(total, "step", silent=world.rank > 0) as bar:
        watcher = Watcher(target, bar)
        for request in requests:
            run_now(request, worker, bars.noting(watcher.saw))
            watcher.next(request)
    return watcher


def numbered(requests: Sequence[Generate], most: int) -> list[Numbered]:
    """The requests cut into ones of at most `most` pictures, as they are made together anyway, each
    with the number of its first picture."""
    pieces, before = list[Numbered](), 0
    for request in requests:
        for first in range(0, request.count, most):
            settings = request.settings.numbered(first)
            count = min(most, request.count - first)
            pieces.append((before + first, replace(request, settings=settings, count=count)))
        before += request.count
    return pieces


def requests_from(arguments: Namespace) -> tuple[Generate, ...]:
    """The checked requests that the options describe. Raises UsageError, DataError."""
    first = request_from(arguments)
    lines, words = _lines(arguments), word_lists.lines_in(word_lists.words_folder())
    if arguments.all:
        prompts = every(lines, words)
        return tuple(replace(first, settings=replace(first.settings, prompt=p)) for p in prompts)
    made = list[Generate]()
    for line in lines:
        made += word_lists.drawn(first, line, words)
        if len(made) > MOST:
            raise UsageError(f"there are more than {MOST:,} prompts; split the list.")
    return tuple(made)


def _lines(arguments: Namespace) -> tuple[str, ...]:
    """What is to be drawn, wildcards included. Raises UsageError, DataError."""
    if arguments.prompts is None:
        return (arguments.prompt,)
    if arguments.prompts != "-":
        return word_lists.read_lines(Path(arguments.prompts))
    if world_of(arguments).size > 1:
        raise UsageError("several processes cannot share standard input; give --prompts a file.")
    try:
        return word_lists.lines_of(
            sys.stdin.buffer.read(word_lists.MOST_BYTES + 1), "standard input"
        )
    except (AttributeError, OSError, ValueError):  # closed
        raise DataError("there is no standard input to read prompts from.") from None


def request_from(arguments: Namespace) -> Generate:
    """The checked request that the options describe. Raises UsageError, DataError."""
    if (arguments.prompt is None) == (arguments.prompts is None):
        raise UsageError("give one prompt, or a file of them with --prompts.")
    seed = random_seed(world_of(arguments)) if arguments.seed is None else arguments.seed
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
    count = arguments.count if arguments.best is None else arguments.best
    request = Generate(settings, count, preview_every=0, inputs=started)
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

    def saw(self, event: messages.Event) -> None:
        match event:
            case messages.Loading(model=model, bytes=size, read=read):
                self._bar.set_description(f"loading {loaded_text(model, size, read)}")
            case messages.Progress(picture=picture, step=step, steps=steps, together=together):
                told = f"picture {picture + 1}"
                told += f" to {picture + together}" if together > 1 else ""
                self._bar.set_description(f"{told} of {event.pictures}", refresh=False)
                self._bar.update(self._steps + picture * steps + together * step - self._bar.n)
            case generating.Picture(settings=settings, nfe=nfe):
                path = self._target.write(event)
                image: Document = {
                    "path": str(path),
                    "seed": settings.seed,
                    "prompt": settings.prompt,
                }
                if (score := event.score) is not None:
                    image |= {"score": round(score.value, 4), "tower": score.tower}
                self.images.append(image)
                self.nfe = nfe
            case messages.Finished(seconds=seconds):
                self.seconds += seconds


def describe(document: Document) -> Iterator[str]:
    settings = document["settings"]
    for image in document["images"]:
        score = f", score {image['score']:.3f}" if "score" in image else ""
        yield f"{image['path']}  (seed {image['seed']}{score})"
        if "word_maps" in image:
            yield image["word_maps"]
    yield (
        f"{settings['model']}, {settings['sampler']}, {settings['steps']} steps,"
        f" guidance {settings['guidance']:g}: {document['nfe']} network calls a picture,"
        f" {document['seconds']:.1f} s in all"
    )


VERB = Verb("generate", "make pictures from a prompt", configure, run, describe)
