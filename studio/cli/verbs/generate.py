"""`generate`: pictures from a prompt, as PNG files with their settings inside."""

from __future__ import annotations

import secrets
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict

from tqdm import tqdm

from studio.cli.outputs import Pictures
from studio.cli.verb import Document, Verb, add_device, add_model, add_out
from studio.core import events
from studio.core.errors import UsageError
from studio.core.requests import Generate, Settings
from studio.diffusion import samplers
from studio.engine.worker import Worker, run_now

RANDOM_SEEDS = 2**32  # as many as people can bear to type


def configure(parser: ArgumentParser) -> None:
    default = Settings("")
    parser.add_argument("prompt", metavar="PROMPT", help='what to draw; "" draws anything')
    parser.add_argument("--negative", default="", metavar="TEXT", help="what to stay away from")
    parser.add_argument("--sampler", default=default.sampler, help="a sampler, or a family")
    parser.add_argument("--steps", type=int, help="how many steps (default: the sampler's)")
    parser.add_argument("--guidance", type=float, default=default.guidance, help="(%(default)s)")
    parser.add_argument(
        "--guidance-interval",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        default=default.guidance_interval,
        help="guide only between these times (0 clean, 1 noise)",
    )
    parser.add_argument("--count", type=int, default=1, help="how many pictures")
    parser.add_argument("--size", type=int, default=default.size, help="pixels (%(default)s)")
    parser.add_argument("--seed", type=int, help="of the first picture (default: random)")
    add_model(parser)
    add_device(parser)
    add_out(parser, "a PNG file or a folder (default: the window's folder)")


def run(arguments: Namespace) -> Document:
    request = request_from(arguments)
    target = Pictures.at(arguments.out, request.count)
    total = request.count * request.settings.steps
    with tqdm(total=total, unit="step", leave=False, disable=None, file=sys.stderr) as bar:
        watcher = Watcher(target, bar)
        run_now(request, Worker(arguments.device), watcher.saw)
    return {
        "images": watcher.images,
        "seconds": round(watcher.seconds, 3),
        "nfe": watcher.nfe,
        "settings": asdict(request.settings),
    }


class Watcher:
    """Writes each picture as soon as it is made, and moves the bar."""

    def __init__(self, target: Pictures, bar: tqdm) -> None:
        self._target, self._bar = target, bar
        self.images: list[Document] = []
        self.seconds, self.nfe = 0.0, 0

    def saw(self, event: events.Event) -> None:
        match event:
            case events.Loading(model=model):
                self._bar.set_description(f"loading {model}")
            case events.Progress(picture=picture, pictures=pictures, step=step, steps=steps):
                self._bar.set_description(f"picture {picture + 1} of {pictures}", refresh=False)
                self._bar.update(picture * steps + step - self._bar.n)
            case events.Picture(settings=settings, nfe=nfe):
                path = self._target.write(event)
                self.images.append({"path": str(path), "seed": settings.seed})
                self.nfe = nfe
            case events.Finished(seconds=seconds):
                self.seconds = seconds


def request_from(arguments: Namespace) -> Generate:
    """The checked request that the options describe. Raises UsageError."""
    sampler = samplers.find(arguments.sampler).spec
    seed = secrets.randbelow(RANDOM_SEEDS) if arguments.seed is None else arguments.seed
    low, high = arguments.guidance_interval
    settings = Settings(
        prompt=_text(arguments.prompt, "prompt"),
        negative=_text(arguments.negative, "negative prompt"),
        model=arguments.model,
        sampler=sampler.name,
        steps=sampler.default_steps if arguments.steps is None else arguments.steps,
        guidance=arguments.guidance,
        guidance_interval=(low, high),
        seed=seed,
        size=arguments.size,
    )
    request = Generate(settings, arguments.count, preview_every=0)
    request.check()
    return request


def _text(value: str, name: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(f"the {name} is not text in UTF-8.") from None
    return value


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
