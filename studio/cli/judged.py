"""`--best` and `--word-maps`: what is found out about pictures once they are there."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from studio.cli.outputs import extra
from studio.cli.verb import Document
from studio.core.errors import UsageError
from studio.core.files import save_picture
from studio.core.generating import Generate, Inputs
from studio.core.messages import Event
from studio.core.word_maps import MapWords, WordsMapped
from studio.core.world import World
from studio.engine.worker import Worker, run_now


def add_judging(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--best", type=int, metavar="N", help="make N and put the one first that fits best"
    )
    parser.add_argument(
        "--word-maps", action="store_true", help="also a sheet of where each word acts"
    )
    parser.add_argument(
        "--look-for",
        action="append",
        default=[],
        metavar="WORD",
        help="with --word-maps, another word to find in the picture (repeatable)",
    )


@dataclass(frozen=True)
class Judged:
    """What was asked for."""

    best: bool
    maps: bool
    words: tuple[str, ...]

    @classmethod
    def of(cls, arguments: Namespace, world: World) -> Judged:
        """Raises UsageError."""
        best, maps = arguments.best is not None, arguments.word_maps
        if best and arguments.count != 1:
            raise UsageError("--best says how many to make; leave --count out.")
        if arguments.look_for and not maps:
            raise UsageError("--look-for needs --word-maps.")
        if (best or maps) and world.size > 1:
            raise UsageError("--best and --word-maps work in one process, not under torchrun.")
        return cls(best, maps, tuple(arguments.look_for))

    def check(self, request: Generate) -> None:
        """Raises UsageError, before anything is made, where the pictures could have no maps."""
        if self.maps:
            MapWords(request.settings, self.words, request.inputs).check()

    def told(
        self, images: Sequence[Document], inputs: Inputs | None, worker: Worker
    ) -> list[Document]:
        """The images with their scores, the best first, and with the sheets of their words;
        `inputs` are what all of them began with."""
        told = [dict(image) for image in images]
        if self.best:
            told.sort(key=lambda image: -image.get("score", -1.0))
        else:
            for image in told:
                for name in ("score", "tower"):
                    image.pop(name, None)
        for image in told if self.maps else ():
            sheet = self._sheet(Path(image["path"]), inputs, worker)
            image["word_maps"] = None if sheet is None else str(sheet)
        return told

    def _sheet(self, path: Path, inputs: Inputs | None, worker: Worker) -> Path | None:
        from studio.gallery import png
        from studio.gallery.word_sheet import word_sheet

        settings, found = png.read_settings(path), list[WordsMapped]()

        def saw(event: Event) -> None:
            if isinstance(event, WordsMapped):
                found.append(event)

        run_now(MapWords(settings, self.words, inputs), worker, saw)
        sheet = word_sheet(found[-1], settings.prompt)
        place = path.with_name(f"{path.stem}, words.png")
        return extra("sheet of words", place, lambda place: save_picture(place, sheet))
