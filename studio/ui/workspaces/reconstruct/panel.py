"""Reconstruct: pictures and autoencoders on the left, what they keep and lose on the right."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from studio.core.autoencoding import Reconstructed
from studio.core.errors import UsageError
from studio.gallery import reconstruction
from studio.gallery.naming import words
from studio.gallery.reconstruction_sheet import Block, block, shown
from studio.ui import actions
from studio.ui.background import Background
from studio.ui.image.qimage import from_qimage, over_white
from studio.ui.library.pictures import Entry
from studio.ui.preferences import texts
from studio.ui.shared import Shared
from studio.ui.starting.section import FILES
from studio.ui.widgets.banner import Banner
from studio.ui.widgets.buttons import tool
from studio.ui.widgets.foot import COLUMN_WIDTH
from studio.ui.widgets.lpips import LpipsButton
from studio.ui.workspaces import Panel, PanelSpec
from studio.ui.workspaces.reconstruct.bench import Bench, Source
from studio.ui.workspaces.reconstruct.column import ReconstructColumn
from studio.ui.workspaces.reconstruct.keys import RECONSTRUCT, TOOLS
from studio.ui.workspaces.reconstruct.reading import read, sample
from studio.ui.workspaces.reconstruct.views import VIEWS, ViewSpec
from studio.ui.workspaces.reconstruct.wall import Wall


class ReconstructPanel(Panel):
    """The workspace that looks into autoencoders."""

    bench: Bench
    wall: Wall

    def __init__(
        self,
        shared: Shared,
        parent: QWidget | None = None,
        views: tuple[ViewSpec, ...] = VIEWS,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("reconstructPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self.shared, self.jobs = shared, shared.jobs
        self.bench = Bench(shared.jobs, self)
        self.column = ReconstructColumn(self.bench, self.jobs)
        self.column.setFixedWidth(COLUMN_WIDTH)
        self.wall = Wall(self.bench)
        self.banner = Banner()
        self.banner.dismiss.setObjectName("reconstructDismiss")
        self.lpips = LpipsButton(self.banner, shared.jobs)
        self._specs, self._views = views, {}  # type: tuple[ViewSpec, ...], dict[str, QWidget]
        self._listed = False
        self._wanted: Entry | None = None  # of the library, being opened
        self._samples = 0
        own = texts(shared.preferences.get("reconstruct").get("own"))
        self._own = [path for path in own if os.path.exists(path)]  # added by their path
        self._background = Background(self)
        self.tabs, self.pages, self._bar = QTabBar(), QStackedWidget(), QHBoxLayout()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.column)
        row.addWidget(self._right(), 1)
        self.actions_by_id = actions.install(RECONSTRUCT, self, self.wall)
        self.column.pictures.addAction(self.actions_by_id["remove_picture"])
        for name in TOOLS:
            self._bar.addWidget(tool(self.actions_by_id[name]))
        self.setFocusProxy(self.column.pictures)
        self._connect()
        self._tab_chosen(0)

    def _right(self) -> QWidget:
        self.tabs.setObjectName("reconstructViews")
        self.tabs.setAccessibleName("Views of the reconstructions")
        self.tabs.setToolTip("Ways to look into autoencoders")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self._bar.addWidget(self.tabs)
        self._bar.addStretch(1)
        self._bar.addWidget(self.lpips)
        for number, spec in enumerate(self._specs):
            self.tabs.addTab(spec.title)
            self.tabs.setTabToolTip(number, spec.tip)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(8)
        column.addLayout(self._bar)
        column.addWidget(self.banner)
        column.addWidget(self.pages, 1)
        return right

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(self._tab_chosen)
        self.column.asked.connect(self.pass_through)
        self.column.open_asked.connect(self.actions_by_id["open_pictures"].trigger)
        self.column.newest_asked.connect(self.take_newest)
        self.column.sample_asked.connect(self.take_sample)
        self.column.add_asked.connect(self.add_autoencoder)
        self._background.done.connect(self._done)
        self._background.failed.connect(self._failed)
        self.lpips.came.connect(self.bench.forget_unjudged)
        self.bench.failed.connect(self._job_failed)
        self.shared.library.opened.connect(self._opened)

    def showEvent(self, event: QShowEvent) -> None:
        """Lists the autoencoders when first seen."""
        super().showEvent(event)
        if not self._listed:
            self._listed = True
            self._background.start("autoencoders", _autoencoders)

    def reconstruct(self) -> None:
        """Asks for what is not there yet; in a view with a work of its own, runs that."""
        own = self._with_own_work()
        (self.pass_through if own is None else own.run)()

    @Slot()
    def pass_through(self) -> None:
        """Asks for what is not there yet, whatever view is shown."""
        if not self.bench.sources or not self.bench.chosen:
            self.banner.say("note", "Open a picture and tick an autoencoder first.")
            return
        try:
            began = self.bench.run()
        except UsageError as error:
            self.banner.say("error", str(error))
            return
        if not began and self.bench.job is None and self.jobs.model is not None:
            self.banner.say("note", "Every picture is there already.")
        elif self.banner.kind == "error":
            self.banner.clear()

    def escape(self) -> None:
        """Cancels the job, else dismisses the banner."""
        if (own := self._with_own_work()) is not None:
            own.escape()
        elif self.jobs.busy:
            self.jobs.cancel()
        else:
            self.banner.clear()

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
        entries = self.shared.library.entries
        if not entries:
            self.banner.say("note", "No picture was generated yet; make one in Generate (Ctrl+1).")
            return
        self._wanted = entries[0]
        self.shared.library.open(entries[0])

    @Slot(object, object)
    def _opened(self, entry: Entry, image: QImage) -> None:
        if self._wanted is entry:
            self._wanted = None
            self._add_image(entry.title(), image)

    def paste(self) -> None:
        """The clipboard's files or picture."""
        mime = QGuiApplication.clipboard().mimeData()
        paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
        if paths:
            self.take_files(tuple(paths))
        elif mime.hasImage():
            self._add_image("pasted", QGuiApplication.clipboard().image())
        else:
            self.banner.say("note", "There is no picture in the clipboard.")

    def _add_image(self, name: str, image: QImage) -> None:
        if not image.isNull():
            self.bench.add((Source(name, from_qimage(over_white(image))),))

    @Slot()
    def add_autoencoder(self) -> None:
        """Asks for a file of an autoencoder; a folder's is any file in it."""
        path, _ = QFileDialog.getOpenFileName(
            self,
            "Open an autoencoder",
            str(Path.home()),
            "Autoencoders (*.safetensors *.pth *.json);;All (*)",
        )
        if path:
            chosen = Path(path)
            own = str(chosen.parent if chosen.suffix == ".json" else chosen)
            self._own.append(own)
            self.bench.choose((*self.bench.chosen, own))
            self._background.start("autoencoders", _autoencoders)

    @Slot(str)
    def trained(self, name: str) -> None:
        """A new autoencoder can be opened."""
        self.bench.clear_result(name)
        self._background.start("autoencoders", _autoencoders)

    def closing(self) -> None:
        """Remembers which autoencoders are compared."""
        if self._listed:
            chosen = {"chosen": list(self.bench.chosen), "own": self._own}
            self.shared.preferences.set("reconstruct", chosen)

    def export(self) -> None:
        """Writes the sheet and the figures of everything that is there."""
        if not self.bench.results:
            self.banner.say("note", "Reconstruct a picture first, then export.")
            return
        results = dict(self.bench.results)
        folder = self.shared.library.folder / "Reconstructions"
        self._background.start("export", _export, folder, self.bench.sources, results)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.take_files(tuple(Path(u.toLocalFile()) for u in event.mimeData().urls()))
        event.acceptProposedAction()

    @Slot(object, object)
    def _done(self, key: object, result: Any) -> None:
        if key == "read":
            sources, problems = result
            self.bench.add(sources)
            if problems:
                self.banner.say("error", " ".join(problems))
        elif key == "autoencoders":
            good, damaged = result
            names = (*good, *((own, own) for own in self._own))
            if not self.bench.chosen:
                last = self.shared.preferences.get("reconstruct").get("chosen", ())
                known = tuple(name for name, _ in names)
                self.bench.choose(tuple(name for name in known if name in last) or known)
            self.column.show_autoencoders(names, damaged)
        else:
            self.banner.say("note", f"Written: {result}")

    @Slot(object, str)
    def _failed(self, key: object, sentence: str) -> None:
        self.banner.say("error", sentence)

    @Slot(str)
    def _job_failed(self, sentence: str) -> None:
        self.banner.say("error", sentence)

    @Slot(int)
    def _tab_chosen(self, number: int) -> None:
        """Makes a view when it is first opened."""
        spec = self._specs[number]
        if spec.id not in self._views:
            self._views[spec.id] = spec.create(self)
            self.pages.addWidget(self._views[spec.id])
        self.pages.setCurrentWidget(self._views[spec.id])
        self.column.setVisible(not spec.alone)

    def _with_own_work(self) -> Any:
        """The shown view, if it has run() and escape()."""
        view = self._views[self._specs[self.tabs.currentIndex()].id]
        return view if hasattr(view, "run") and hasattr(view, "escape") else None


def _autoencoders() -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Names and what to know of each; and of the damaged ones what is wrong."""
    from studio.bridge.autoencoders import surveyed

    good, damaged = surveyed()
    return tuple(
        (info.name, f"{info.parameters / 1e6:.2f} M parameters, {info.format}\n{info.path}")
        for info in good
    ), tuple((each.name, each.reason) for each in damaged)


def _export(
    folder: Path, sources: tuple[Source, ...], results: dict[tuple[int, str], Reconstructed]
) -> Path:
    """A folder with sheet.png and figures.csv. Raises OutputError."""
    place = folder / f"{datetime.now():%Y-%m-%d %H-%M-%S} {words(sources[0].name)}"
    blocks: list[Block] = []
    for number, source in enumerate(sources):
        mine = [each for (picture, _), each in results.items() if picture == number]
        if mine:
            small = [shown(source.pixels, each) for each in mine]
            blocks.append(block(source.name, source.pixels, small, source.note))
    reconstruction.write_sheet(place / "sheet.png", blocks)
    records = [reconstruction.record(sources[n].name, each) for (n, _), each in results.items()]
    reconstruction.write_figures(place / "figures.csv", records)
    return place


PANEL = PanelSpec(ReconstructPanel, RECONSTRUCT, ())
