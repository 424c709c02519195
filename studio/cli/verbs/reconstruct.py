"""`reconstruct`: pictures through autoencoders and back; each one, a labelled sheet, figures."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from studio.cli import bars, table
from studio.cli.outputs import extra, file_at, folder_for, names_a_file, spare
from studio.cli.pictures import tell
from studio.cli.verb import Document, Verb, add_device, add_out, worker_of
from studio.core import messages
from studio.core.autoencoding import Reconstruct, Reconstructed
from studio.core.errors import Cancelled, ModelError, UsageError
from studio.core.files import save_picture
from studio.engine.worker import run_now
from studio.gallery import reconstruction
from studio.gallery.naming import words
from studio.gallery.reconstruction_sheet import Block, Shown, block, shown
from studio.models import registry
from studio.pictures.reading import ReadPicture, read_picture

ALL = "all"


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("images", nargs="+", type=Path, metavar="IMAGE", help="PNG, JPEG, WebP and the like")
    add(
        "--autoencoders",
        default=ALL,
        metavar="A,B",
        help="names or paths with commas between them; all is every one that is listed (default)",
    )
    add(
        "--tile",
        type=int,
        default=0,
        metavar="N",
        help="process larger pictures in tiles of N pixels (default: 512 above 1024)",
    )
    add_device(parser)
    add_out(
        parser,
        "a folder for the reconstructions, sheet.png and figures.csv; of one picture also a PNG"
        " file for the sheet alone",
    )


def run(arguments: Namespace) -> Document:
    names = names_from(arguments.autoencoders)
    places = places_for(arguments.out, arguments.images, tuple(names.values()))
    pictures = tuple(read_picture(path) for path in arguments.images)
    request = Reconstruct(tuple(each.pixels for each in pictures), tuple(names), arguments.tile)
    request.check()
    for path, picture in zip(arguments.images, pictures, strict=True):
        tell(path, *picture.notes)
    total = len(pictures) * len(names)
    with bars.bar(total, "picture") as bar:
        results = Results(places, arguments.images, pictures, names, bar)
        try:
            run_now(request, worker_of(arguments), results.saw)
        except (KeyboardInterrupt, Cancelled):
            if results.records:
                results.write()
            raise
    return results.write()


def names_from(text: str) -> dict[str, str]:
    """What to open, and its name for people. Raises UsageError, ModelError, before any work."""
    chosen: list[str] = []
    for part in split(text):
        chosen += [each.name for each in registry.list_autoencoders()] if part == ALL else [part]
    if not chosen or "" in chosen:
        raise UsageError("write the autoencoders' names or paths with commas between them.")
    names = {}
    for name in chosen:
        info = registry.find(name)
        if info.kind not in ("autoencoder", "generator"):
            raise ModelError(f"{name} is a model of kind {info.kind!r}; choose an autoencoder.")
        names[name] = info.name
    return names


def split(text: str) -> list[str]:
    """At commas, but not at those inside a path that exists."""
    parts, found = text.split(","), []
    while parts:
        count = len(parts)
        while count > 1 and not os.path.exists(os.path.expanduser(",".join(parts[:count]))):
            count -= 1
        found.append(",".join(parts[:count]).strip())
        parts = parts[count:]
    return found


@dataclass(frozen=True)
class Places:
    """Where results go; `pictures`, in the order they are made, and `figures` may not be wanted."""

    sheet: Path
    figures: Path | None = None
    pictures: tuple[Path, ...] = ()


def places_for(out: str | None, images: list[Path], names: tuple[str, ...]) -> Places:
    """The sheet alone, or a folder of everything. Raises UsageError, OutputError."""
    if out is not None and len(images) == 1 and names_a_file(out):
        places = Places(file_at(out, ""))
    else:
        holds = "the reconstructions, the sheet and the figures"
        folder = folder_for(out, holds, images[0].stem, "rebuilt")
        pairs = (f"{words(image.stem)}, {words(name)}.png" for image in images for name in names)
        made = tuple(folder / f"{number:03d} {pair}" for number, pair in enumerate(pairs, 1))
        places = Places(folder / "sheet.png", folder / "figures.csv", made)
    spare(images, places.sheet, *places.pictures)
    return places


class Results:
    """Writes each reconstruction as soon as it is made, and moves the bar."""

    def __init__(
        self,
        places: Places,
        paths: list[Path],
        pictures: tuple[ReadPicture, ...],
        names: dict[str, str],
        bar: tqdm,
    ) -> None:
        self._places, self._paths, self._pictures = places, paths, pictures
        self._names, self._bar = names, bar
        self._shown: dict[int, list[Shown]] = {}
        self.records: list[Document] = []

    def saw(self, event: messages.Event) -> None:
        match event:
            case messages.Progress(picture=picture, step=step, steps=steps):
                words = f"{self._paths[picture].name}, step {step} of {steps}"
                self._bar.set_description(words)
            case Reconstructed():
                self._keep(event)
                self._bar.update()

    def write(self) -> Document:
        """The figures of what there is, then their sheet, as files. Raises OutputError."""
        path, figures = self._places.sheet, self._places.figures
        if figures is not None:
            reconstruction.write_figures(figures, self.records)

        def write(path: Path) -> None:
            reconstruction.write_sheet(path, [self._block(number) for number in self._shown])

        if figures is None:
            write(path)
        sheet = path if figures is None else extra("sheet", path, write)
        places = {"sheet": sheet, "csv": figures}
        return {"results": self.records} | {
            n: None if p is None else str(p) for n, p in places.items()
        }

    def _keep(self, result: Reconstructed) -> None:
        image, name = self._paths[result.picture], self._names[result.autoencoder]
        path = None
        if self._places.pictures:
            path = self._places.pictures[len(self.records)]
            save_picture(path, result.image)
        self.records.append(reconstruction.record(str(image), result, path))
        small = shown(self._pictures[result.picture].pixels, result, name)
        self._shown.setdefault(result.picture, []).append(small)

    def _block(self, number: int) -> Block:
        picture = self._pictures[number]
        note = " ".join(picture.notes)
        return block(self._paths[number].name, picture.pixels, self._shown[number], note)


def describe(document: Document) -> Iterator[str]:
    heads = ("picture", "autoencoder", "PSNR", "SSIM", "MS-SSIM", "LPIPS", "ratio", "seconds", "")
    yield from table.rows(heads, [_line(each) for each in document["results"]])
    for why in dict.fromkeys(each["note"] for each in document["results"]):
        if why:
            yield why
    yield from (document[name] for name in ("sheet", "csv") if document[name])


def _line(result: Document) -> tuple[str, ...]:
    similar = (result[name] for name in ("ssim", "ms_ssim", "lpips"))
    return (
        Path(result["image"]).name,
        result["autoencoder"],
        f"{result['psnr']:.2f}",
        *("" if value is None else f"{value:.4f}" for value in similar),
        f"{result['compression']:.3g}",
        f"{result['seconds']:.2f}",
        Path(result["path"] or "").name,
    )


VERB = Verb("reconstruct", "what autoencoders keep of a picture", configure, run, describe)
