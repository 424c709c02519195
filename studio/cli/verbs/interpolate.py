"""`interpolate`: the frames of a walk between prompts, seeds or pictures, and its film."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from studio.cli import bars
from studio.cli.outputs import extra, folder_for, spare
from studio.cli.pictures import read_middle
from studio.cli.sampling import add_sampling, settings_from
from studio.cli.sharing import RANDOM_SEEDS
from studio.cli.verb import Document, Verb, add_out, worker_of
from studio.core import messages
from studio.core.errors import UsageError
from studio.core.walks import CONDITIONINGS, NOISES, WAYS, End, Frame, Inverted, Spaced, Walk
from studio.core.wording import loaded_text
from studio.engine.worker import run_now
from studio.gallery import film
from studio.gallery.walks import write_frame


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    for name, what in (("from", "begins"), ("to", "ends")):
        add(f"--{name}", metavar="PROMPT", help=f"the prompt it {what} with")
        add(f"--{name}-seed", type=int, metavar="N", help=f"the seed it {what} with")
        add(f"--{name}-image", type=Path, metavar="FILE", help=f"a picture it {what} with")
    add(
        "--seed", type=int, metavar="N", help="of an end that has none of its own (default: random)"
    )
    add("--frames", type=int, default=9, help="how many frames (default %(default)d)")
    add("--method", choices=tuple(NOISES), default="slerp", help="the way between noises")
    add(
        "--way",
        choices=tuple(WAYS),
        help="through noise, or the autoencoder's latents (default: latents between pictures)",
    )
    add(
        "--conditioning",
        choices=tuple(CONDITIONINGS),
        default="normalised",
        help="the way between prompts",
    )
    add("--even", action="store_true", help="frames at equal perceptual distances")
    add("--film", default=".webp", choices=tuple(film.ENCODERS), help="film format")
    add("--fps", type=float, default=8.0, help="frames a second (default %(default)g)")
    add("--ping-pong", action="store_true", help="play it forwards, then backwards")
    add_sampling(parser)
    add_out(parser, "a folder for the frames and the film")


def run(arguments: Namespace) -> Document:
    film.check(f"film{arguments.film}", arguments.fps)
    request = request_from(arguments)
    texts = dict.fromkeys(end.settings.prompt for end in request.ends)
    folder = folder_for(arguments.out, "the frames and the film", " to ".join(texts), "walk")
    frames = [folder / f"frame {number:03d}.png" for number in range(1, request.columns + 1)]
    path = folder / f"film{arguments.film}"
    ends = (arguments.from_image, arguments.to_image)
    spare([end for end in ends if end is not None], path, *frames)
    with bars.bar(frames_made(request), "frame") as bar:
        walked = Walked(frames, request, bar)
        run_now(request, worker_of(arguments), bars.noting(walked.saw))
    pictures = [walked.frames[index].image for index in sorted(walked.frames)]
    if arguments.ping_pong:
        pictures = list(film.ping_pong(pictures))
    made = extra("film", path, lambda path: film.write_film(path, pictures, arguments.fps))
    shown = None if made is None else str(made)
    return {**walked.document(), "film": shown, "seconds": round(walked.seconds, 3)}


def frames_made(request: Walk) -> int:
    """For an even speed the inner ones are made twice."""
    return request.columns + (request.columns - 2 if request.even else 0)


def request_from(arguments: Namespace) -> Walk:
    """The checked walk that the options describe. Raises UsageError, DataError."""
    begins, ends = _given(arguments, "from"), _given(arguments, "to")
    if begins == ends == (None, None, None):
        raise UsageError("specify both ends: --from and --to, or their seeds or images.")
    prompt = next((text for text in (begins[0], ends[0]) if text is not None), "")
    seeds = (arguments.seed, begins[1], ends[1])
    seed = next((n for n in seeds if n is not None), None)
    settings = settings_from(
        arguments, prompt, secrets.randbelow(RANDOM_SEEDS) if seed is None else seed
    )
    sides = []
    for text, number, image in (begins, ends):
        mine = replace(
            settings,
            prompt=prompt if text is None else text,
            seed=settings.seed if number is None else number,
        )
        sides.append(End(mine, None if image is None else read_middle(image, mine.size).pixels))
    pictures = all(side.picture is not None for side in sides)
    if not any(side.picture is not None for side in sides) and (
        sides[0].settings == sides[1].settings
    ):
        raise UsageError("both ends are the same; give the other one with --to or --to-seed.")
    way = arguments.way or ("latent" if pictures else "noise")
    request = Walk(
        tuple(sides),
        columns=arguments.frames,
        way=way,
        noise=arguments.method,
        conditioning=arguments.conditioning,
        even=arguments.even,
    )
    request.check()
    return request


def _given(arguments: Namespace, side: str) -> tuple[str | None, int | None, Path | None]:
    values = vars(arguments)
    return values[side], values[f"{side}_seed"], values[f"{side}_image"]


class Walked:
    """Writes each frame as soon as it is made, and moves the bar."""

    def __init__(self, paths: list[Path], request: Walk, bar: tqdm) -> None:
        self._paths, self._request, self._bar = paths, request, bar
        self.frames: dict[int, Frame] = {}
        self._inverted: dict[int, Inverted] = {}
        self._spaced: list[Spaced] = []
        self.seconds = 0.0

    def saw(self, event: messages.Event) -> None:
        match event:
            case messages.Loading(model=model, bytes=size, read=read):
                self._bar.set_description(f"loading {loaded_text(model, size, read)}")
            case messages.Progress(picture=run, pictures=runs, step=step, steps=steps):
                self._bar.set_description(f"run {run + 1} of {runs}, step {step} of {steps}")
            case Frame(index=index):
                self._bar.update()
                self.frames[index] = event
                write_frame(self._paths[index], event, self._request)
            case Inverted(index=index):
                self._inverted[index] = event
            case Spaced():
                self._spaced.append(event)
            case messages.Finished(seconds=seconds):
                self.seconds = seconds

    def document(self) -> Document:
        frames = [
            {"path": str(self._paths[index]), "place": frame.place[0], "nfe": frame.nfe}
            for index, frame in sorted(self.frames.items())
        ]
        back = [
            {"end": index, "psnr": each.psnr, "latent_psnr": each.latent_psnr}
            for index, each in sorted(self._inverted.items())
        ]
        spaced = self._spaced[-1]
        return {
            "frames": frames,
            "way": self._request.way,
            "inverted": back,
            "distances": list(spaced.distances),
            "judge": spaced.judge,
            "unevenness": [each.unevenness for each in self._spaced],
        }


def describe(document: Document) -> Iterator[str]:
    for frame in document["frames"]:
        yield frame["path"]
    for back in document["inverted"]:
        yield f"end {back['end'] + 1} returned from its noise at {back['psnr']:.1f} dB"
    uneven = " -> ".join(f"{each:.2f}" for each in document["unevenness"])
    yield f"speed by {document['judge']}: standard deviation over mean {uneven}"
    if document["film"]:
        yield document["film"]


VERB = Verb("interpolate", "a walk between prompts, seeds or pictures", configure, run, describe)
