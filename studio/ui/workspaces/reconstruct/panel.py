"""Reconstruct: pictures and autoencoders on the left, what they keep and lose on the right."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.core.autoencoding import Reconstructed
from studio.core.errors import UsageError
from studio.core.tour import Stop
from studio.gallery import reconstruction
from studio.gallery.reconstruction_sheet import block, shown
from studio.ui import actions
from studio.ui.background import Background
from studio.ui.output.exporter import Exporter
from studio.ui.panel import PanelSpec, View, later, stacked
from studio.ui.pictures_panel import PicturesPanel
from studio.ui.preferences import texts
from studio.ui.shared import Shared
from studio.ui.starting.opener import Source
from studio.ui.widgets.buttons import tool
from studio.ui.widgets.lpips import LpipsButton
from studio.ui.workspaces.reconstruct.column import ReconstructColumn
from studio.ui.workspaces.reconstruct.keys import RECONSTRUCT, TOOLS
from studio.ui.workspaces.reconstruct.wall import Wall
from studio.ui.workspaces.reconstruct.workbench import Workbench

TABS = ("Views of the reconstructions", "Ways to look into autoencoders")
PICTURES = 2  # that a stop of the tour finds
AUTOENCODERS = "Autoencoders (*.safetensors *.pth *.json);;All (*)"
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


class ReconstructPanel(PicturesPanel):
    """The workspace that looks into autoencoders."""

    bench: Workbench
    column: ReconstructColumn
    wall: Wall

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent, "reconstruct", VIEWS, TABS)
        self.bench = Workbench(self.jobs, self)
        self.column = ReconstructColumn(self)
        self.wall = Wall(self.bench)
        self.lpips = LpipsButton(self.banner, self.jobs)
        self._listed = False
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
        self.opener.came.connect(self.bench.add)
        self.opener.came.connect(self._set_up)
        self.session.model.changed.connect(self._model_changed)
        self.open_view(0)

    def showEvent(self, event: QShowEvent) -> None:
        """Lists the autoencoders when first seen."""
        super().showEvent(event)
        if not self._listed:
            self._listed = True
            self._list_autoencoders()

    @Slot()
    def _model_changed(self) -> None:
        """Its own autoencoder is among them."""
        if self._listed:
            self._list_autoencoders()

    def _list_autoencoders(self) -> None:
        self._background.start("autoencoders", _autoencoders, self.session.model.get())

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
            self.opener.newest()
            lacking -= 1
        for _ in range(lacking):
            self.opener.sample()
        self._set_up()

    @Slot()
    def _set_up(self) -> None:
        stop = self._stop
        if stop is None or len(self.bench.sources) < PICTURES or not self.column.items():
            return
        self._stop = None
        try:
            super().set_up_for(replace(stop, picture=False))
        except UsageError as error:
            self.refuse(str(error))

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

    @Slot(object, object)
    def _done(self, key: object, result: Any) -> None:
        good, damaged = result
        names = (*good, *((own, own) for own in self._own))
        known = tuple(name for name, _ in names)
        last = self.bench.chosen or self.preferences.get("reconstruct").get("chosen", ())
        self.bench.choose(tuple(name for name in known if name in last) or known)
        self.column.show_autoencoders(names, damaged)
        self._set_up()


def _autoencoders(
    model: str,
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Names and what to know of each; and of the damaged ones what is wrong."""
    from studio.bridge.autoencoders import surveyed

    good, damaged = surveyed(model)
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
