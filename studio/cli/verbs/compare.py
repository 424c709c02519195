"""`compare`: a grid of pictures from the same noise, its labelled sheet, its film and figures."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from studio.cli import bars, table
from studio.cli.grid_options import add_grid, grid_from
from studio.cli.kept_cells import KeptCells
from studio.cli.outputs import extra, folder_for
from studio.cli.sampling import add_sampling
from studio.cli.sharing import add_rest, parts_in, stopped_early, world_of
from studio.cli.verb import Document, Verb, add_out, worker_of
from studio.core import comparing, generating, messages
from studio.core.comparing import Compare
from studio.core.errors import Cancelled, StudioError
from studio.core.generating import Decode
from studio.core.grid import Grid
from studio.core.settings import Settings
from studio.core.wording import loaded_text
from studio.core.world import World
from studio.engine.worker import Worker, run_now
from studio.gallery import comparison, film, png
from studio.models.plan import Plan

HOLDS = "the pictures, the sheet and the figures"


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("prompt", metavar="PROMPT", help='what to draw; "" draws anything')
    add_sampling(parser)
    add_grid(parser)
    add(
        "--film",
        nargs="?",
        const=".webp",
        choices=tuple(film.ENCODERS),
        help="also a film: all from noise to end (as %(const)s unless you say)",
    )
    add(
        "--no-distances",
        dest="distances",
        action="store_false",
        help="do not measure each picture's distance to the converged solution",
    )
    add_rest(parser)
    add_out(parser, "a folder for the cells, sheet.png and comparison.json")


def run(arguments: Namespace) -> Document | None:
    world = world_of(arguments)
    grid, cells = grid_from(arguments)
    request = Compare(cells, trajectories=bool(arguments.film), distances=arguments.distances)
    request.check()
    for cell in cells:  # before the model is loaded
        Plan.of(cell)
    if arguments.film:
        film.check(f"film{arguments.film}", comparison.FRAMES_A_SECOND)
    folder = folder_for(arguments.out, HOLDS, cells[0].prompt, "compared", world.name)
    worker, began = worker_of(arguments), time.perf_counter()
    with bars.bar(len(cells), "cell", silent=world.rank > 0) as bar:
        results = Results(folder, grid, cells, bar)
        if world.name:
            _shared(request, worker, results, world)
        else:
            _alone(request, worker, results)
        if world.rank:
            return None
        document = results.write()
        if arguments.film:
            bar.set_description("film")
            document = results.film(arguments.film, decoder(worker, cells[0].model))
    return {**document, "seconds": round(time.perf_counter() - began, 3)}


def _alone(request: Compare, worker: Worker, results: Results) -> None:
    try:
        run_now(request, worker, bars.noting(results.saw))
    except (KeyboardInterrupt, Cancelled, StudioError):
        if results.cells:
            results.write()
        raise


def _shared(request: Compare, worker: Worker, results: Results, world: World) -> None:
    """Makes this process's share of what is not there yet; the first takes in all of it."""
    parts = parts_in(results.folder, world, request)
    kept, cells = KeptCells(parts, request), request.cells

    def missing() -> str:
        return f"{len(cells) - len(kept.done)} of {len(cells)} cells are missing"

    with stopped_early(world, missing):
        from studio.engine.batches import batches  # takes seconds

        mine = {index for batch in world.mine(batches(cells)) for index in batch.indices}
        todo = frozenset(mine - kept.done)
        results.kept = kept
        if todo:
            run_now(
                replace(request, only=todo, made=kept.made(todo)), worker, bars.noting(results.saw)
            )
        if not world.rank:
            results.take_all(request.distances)
        parts.close()


def decoder(worker: Worker, model: str) -> Callable[[np.ndarray], np.ndarray]:
    """Turns the latents (C, h, w) of one frame into its picture (H, W, 3) uint8."""

    def decode(latents: np.ndarray) -> np.ndarray:
        heard: list[messages.Event] = []
        run_now(Decode(model, latents[None]), worker, heard.append)
        (decoded,) = (event for event in heard if isinstance(event, generating.Decoded))
        return decoded.images[0]

    return decode


class Results:
    """Writes each cell as soon as it is made, and moves the bar."""

    def __init__(self, folder: Path, grid: Grid, settings: tuple[Settings, ...], bar: tqdm) -> None:
        self.folder, self._grid, self._settings, self._bar = folder, grid, settings, bar
        self.cells: dict[int, comparing.Cell] = {}
        self._distances: dict[int, comparing.Distance] = {}
        self._paths: dict[int, Path] = {}
        self._sheet: Path | None = None
        self._film: Path | None = None
        self.kept: KeptCells | None = None  # for other processes

    def saw(self, event: messages.Event) -> None:
        match event:
            case messages.Loading(model=model, bytes=size, read=read):
                self._bar.set_description(f"loading {loaded_text(model, size, read)}")
            case messages.Progress(picture=picture, step=step, steps=steps):
                doing = "measuring" if len(self.cells) == len(self._settings) else "cell"
                words = f"{doing} {picture + 1}, step {step} of {steps}"
                self._bar.set_description(words)
            case comparing.Cell(index=index):
                self.cells[index] = event
                self._keep(event)
                self._bar.update()
            case comparing.Distance(index=index):
                self._distances[index] = event
                if self.kept is not None:
                    self.kept.put(event)

    def take_all(self, measured: bool) -> None:
        """Every process's cells and distances, as they come."""
        assert self.kept is not None
        for index in range(len(self._settings)):
            self.cells[index] = cell = self.kept.cell(index)
            self._paths[index] = self._path(cell)
            if measured:
                self._distances[index] = self.kept.distance(index)

    def film(self, form: str, decode: Callable[[np.ndarray], np.ndarray]) -> Document:
        """Beside what is written, if it can be made. Raises OutputError."""
        write = partial(comparison.write_film, comparison=self._comparison, decode=decode)
        self._film = extra("film", self.folder / f"film{form}", write)
        return self._write_figures()

    def write(self) -> Document:
        """The figures of what there is, then their sheet, as files. Raises OutputError."""
        for cell in self.cells.values():  # Ctrl-C may have come between a cell and its file
            if cell.index not in self._paths:
                self._keep(cell)
        self._write_figures()
        write = partial(comparison.write_sheet, comparison=self._comparison)
        self._sheet = extra("sheet", self.folder / "sheet.png", write)
        return self._write_figures()

    def _write_figures(self) -> Document:
        found = comparison.document(self._comparison, self._paths, self._sheet, self._film)
        comparison.write_document(self.folder / "comparison.json", found)
        return found

    @property
    def _comparison(self) -> comparison.Comparison:
        return comparison.Comparison(self._grid, self._settings, self.cells, self._distances)

    def _keep(self, cell: comparing.Cell) -> None:
        path = self._path(cell)
        png.write(path, cell.image, cell.settings, cell.nfe, cell.seconds, score=cell.score)
        self._paths[cell.index] = path
        if self.kept is not None:
            self.kept.put(cell)

    def _path(self, cell: comparing.Cell) -> Path:
        settings = cell.settings
        return self.folder / f"{cell.index + 1:03d} {settings.sampler} {settings.steps} steps.png"


def describe(document: Document) -> Iterator[str]:
    varied = [axis["name"] for axis in document["axes"].values()]
    cells = [
        (
            *(cell[name] for name in varied),
            cell["nfe"],
            f"{cell['seconds']:.2f}",
            *("" if cell[name] is None else f"{cell[name]:.4f}" for name in ("distance", "lpips")),
            Path(cell["path"]).name,
        )
        for cell in document["cells"]
    ]
    yield from table.rows((*varied, "NFE", "seconds", "distance", "LPIPS", ""), cells)
    for name in ("sheet", "film"):
        if document[name] is not None:
            yield document[name]


VERB = Verb("compare", "samplers, steps, guidance side by side", configure, run, describe)
