"""Reconstruct: pictures and autoencoders on the left, what they keep and lose on the right."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage, QShowEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.core.autoencoding import Reconstructed
from studio.core.errors import UsageError
from studio.core.tour import Stop
from studio.gallery import reconstruction
from studio.gallery.reconstruction_sheet import block, shown
from studio.ui import actions
from studio.ui.background import Background
from studio.ui.image.qimage import from_qimage, over_white
from studio.ui.library.pictures import Entry
from studio.ui.output.exporter import Exporter
from studio.ui.panel import PanelSpec, View, ViewsPanel, later, stacked
from studio.ui.preferences import texts
from studio.ui.shared import Shared
from studio.ui.starting.section import FILES
from studio.ui.starting.well import holds_picture
from studio.ui.widgets.buttons import tool
from studio.ui.widgets.lpips import LpipsButton
from studio.ui.workspaces.reconstruct.column import ReconstructColumn
from studio.ui.workspaces.reconstruct.keys import RECONSTRUCT, TOOLS
from studio.ui.workspaces.reconstruct.wall import Wall
from studio.ui.workspaces.reconstruct.workbench import Source, Workbench, read, sample

TABS = ("Views of the reconstructions", "Ways to look into autoencoders")
AUTOENCODERS = "Autoencoders (*.safetensors *.pth *.json);;All (*)"
PICTURES = 2  # that a stop of the tour finds
HERE = "studio.ui.workspaces.reconstruct"
# fmt: off
VIEWS = (
    View("wall", "Pictures", "Original and reconstructions side by side, with their figures",
        lambda panel: panel.wall),
    View("spectra", "Spectra", "Which frequencies are lost, and which are invented",
        later(f"{HERE}.spectra.SpectraView")),
    View("inside", "Inside the latent", "Experiments on the latent",
        later(f"{HERE}.inside.InsideView")),
    View("blind", "Blind test", "Judge without knowing which is which",
        later(f"{HERE}.blind.BlindView")),
    View("train", "Train", "Train an autoencoder and watch it learn",
        later(f"{HERE}.train.TrainView"), alone=True),
)
# fmt: on


class ReconstructPanel(ViewsPanel):
    """The workspace that looks into autoencoders."""

    bench: Workbench
    column: ReconstructColumn
    wall: Wall

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent, "reconstruct", VIEWS, TABS)
        self.setAcceptDrops(True)
        self.bench = Workbench(self.jobs, self)
        self.column = ReconstructColumn(self)
        self.wall = Wall(self.bench)
        self.lpips = LpipsButton(self.banner, self.jobs)
        self._listed = False
        self._wanted: Entry | None = None  # of the library, being opened
        self._samples = 0
        self._stop: Stop | None = None  # of the tour, to be set up
        own = texts(self.preferences.get("reconstruct").get("own"))
        self._own = [path for path in own if os.path.exists(path)]  # added by their path
        self._background = Background(self)
        self.exporter = Exporter(self.library.folder / "Reconstructions", self)
        self.bar.addWidget(self.lpips)
        self.bar.setSpacing(8)
        self.lay_out(self.column, stacked(self.bar, self.banner, self.pages))
        self.actions_by_id = actions.install(RECONSTRUCT, self, self.wall)
        self.column.pictures.addAction(self.actions_by_id["remove_picture"])
        for name in TOOLS:
            self.bar.addWidget(tool(self.actions_by_id[name]))
        self.setFocusProxy(self.column.pictures)
        self._background.done.connect(self._done)
        self._background.problem.connect(self.error)
        self.exporter.written.connect(self.written)
        self.exporter.failed.connect(self.error)
        self.lpips.came.connect(self.bench.forget_unjudged)
        self.bench.failed.connect(self.error)
        self.library.opened.connect(self._opened)
        self.open_view(0)

    def showEvent(self, event: QShowEvent) -> None:
        """Lists the autoencoders when first seen."""
        super().showEvent(event)
        if not self._listed:
            self._listed = True
            self._list_autoencoders()

    def _list_autoencoders(self) -> None:
        self._background.start("autoencoders", _autoencoders)

    @Slot()
    def begin(self) -> None:
        """Asks for what is not there yet, whatever view is shown."""
        if not self.bench.sources or not self.bench.chosen:
            self.note("Open a picture and tick an autoencoder first.")
            return
        try:
            began = self.bench.run()
        except UsageError as error:
            self.refuse(str(error))
            return
        if began:
            self.forget_error()
        elif self.bench.job is None and self.jobs.model is not None:
            self.note("Everything is reconstructed already.")

    def set_up_for(self, stop: Stop) -> None:
        """Once the autoencoders are listed and there are two pictures: some views need as many."""
        self._stop = stop
        self.bench.drop()
        lacking = PICTURES - len(self.bench.sources)
        if stop.picture and self.library.entries and lacking == PICTURES:
            self.take_newest()
            lacking -= 1
        for _ in range(lacking):
            self.take_sample()
        self._set_up()

    def _set_up(self) -> None:
        stop, self._stop = self._stop, None
        if stop is None:
            return
        if len(self.bench.sources) < PICTURES or not self.column.items():
            self._stop = stop
            return
        try:
            super().set_up_for(replace(stop, picture=False))
        except UsageError as error:
            self.refuse(str(error))

    def open_pictures(self) -> None:
        """Asks for files."""
        paths, _ = QFileDialog.getOpenFileNames(self, "Open pictures", str(Path.home()), FILES)
        self.take_files(tuple(Path(path) for path in paths))

    def take_files(self, paths: tuple[Path, ...]) -> None:
        """Reads files and folders."""
        if paths:
            self._background.start("read", read, paths)

    @Slot()
    def take_sample(self) -> None:
        self._background.start("read", sample, self._samples)
        self._samples += 1

    @Slot()
    def take_newest(self) -> None:
        """The newest picture of the library."""
        entries = self.library.entries
        if not entries:
            self.note("There are no pictures yet; make one in Generate (Ctrl+1).")
            return
        self._wanted = entries[0]
        self.library.open(entries[0])

    @Slot(object, object)
    def _opened(self, entry: Entry, image: QImage) -> None:
        if self._wanted is entry:
            self._wanted = None
            self._add_image(entry.title(), image)
            self._set_up()

    def paste(self) -> None:
        """The clipboard's files or picture."""
        data = QGuiApplication.clipboard().mimeData()
        if holds_picture(data):
            self._take(data)
        else:
            self.note("There is no picture on the clipboard.")

    def _take(self, data: QMimeData) -> None:
        """What is dropped or pasted: local files, else pixels."""
        self.take_files(tuple(Path(u.toLocalFile()) for u in data.urls() if u.isLocalFile()))
        if not data.hasUrls():
            self._add_image("pasted", QImage(data.imageData()))

    def _add_image(self, name: str, image: QImage) -> None:
        if not image.isNull():
            self.bench.add((Source(name, from_qimage(over_white(image))),))

    @Slot()
    def add_autoencoder(self) -> None:
        """Asks for a file of an autoencoder; a folder's is any file in it."""
        title, home = "Open an autoencoder", str(Path.home())
        path, _ = QFileDialog.getOpenFileName(self, title, home, AUTOENCODERS)
        if path:
            chosen = Path(path)
            own = str(chosen.parent if chosen.suffix == ".json" else chosen)
            self._own.append(own)
            self.bench.choose((*self.bench.chosen, own))
            self._list_autoencoders()

    def trained(self, name: str) -> None:
        """A new autoencoder can be opened."""
        self.bench.clear_result(name)
        self._list_autoencoders()

    def closing(self) -> None:
        """Remembers which autoencoders are compared."""
        if self._listed:
            chosen = {"chosen": list(self.bench.chosen), "own": self._own}
            self.preferences.set("reconstruct", chosen)

    def export(self) -> None:
        """Writes the sheet and the figures of everything that is there."""
        if not self.bench.results:
            self.note("Reconstruct a picture first, then export.")
            return
        sources = self.bench.sources
        path = self.exporter.new_path(sources[0].name, "")
        self.exporter.write(path, _export, sources, dict(self.bench.results))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if holds_picture(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self._take(event.mimeData())
        event.acceptProposedAction()

    @Slot(object, object)
    def _done(self, key: object, result: Any) -> None:
        if key == "read":
            sources, problems = result
            self.bench.add(sources)
            if problems:
                self.error(" ".join(problems))
        else:
            good, damaged = result
            names = (*good, *((own, own) for own in self._own))
            if not self.bench.chosen:
                last = self.preferences.get("reconstruct").get("chosen", ())
                known = tuple(name for name, _ in names)
                self.bench.choose(tuple(name for name in known if name in last) or known)
            self.column.show_autoencoders(names, damaged)
        self._set_up()


def _autoencoders() -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Names and what to know of each; and of the damaged ones what is wrong."""
    from studio.bridge.autoencoders import surveyed

    good, damaged = surveyed()
    return tuple(
        (info.name, f"{info.parameters / 1e6:.2f} M parameters, {info.format}\n{info.path}")
        for info in good
    ), tuple((each.name, each.reason) for each in damaged)


def _export(
    place: Path, sources: tuple[Source, ...], results: dict[tuple[int, str], Reconstructed]
) -> None:
    """A folder with sheet.png and figures.csv. Raises OutputError."""
    blocks = []
    for number, source in enumerate(sources):
        mine = [each for (picture, _), each in results.items() if picture == number]
        if mine:
            small = [shown(source.pixels, each) for each in mine]
            blocks.append(block(source.name, source.pixels, small, source.note))
    reconstruction.write_sheet(place / "sheet.png", blocks)
    records = [reconstruction.record(sources[n].name, each) for (n, _), each in results.items()]
    reconstruction.write_figures(place / "figures.csv", records)


PANEL = PanelSpec(ReconstructPanel, RECONSTRUCT)
