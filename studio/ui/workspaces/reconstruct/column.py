"""The left column of Reconstruct: the pictures, the autoencoders, the buttons."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QFrame, QGridLayout, QListWidget, QListWidgetItem

from studio.ui.image.qimage import to_qimage
from studio.ui.jobs import Jobs
from studio.ui.widgets.buttons import small_button, text_button
from studio.ui.widgets.foot import SIDE, Foot
from studio.ui.widgets.form import caption, column, named, row
from studio.ui.workspaces.reconstruct.workbench import Workbench, short

THUMBNAIL = 56
PICTURES = "The pictures; Delete removes the current one."
AUTOENCODERS = "Ticked autoencoders are compared (Space ticks)."
OPEN = "Open pictures (Ctrl+O); dropping works too"
NEWEST = "Use the newest generated picture"
ALL = "Choose every autoencoder"
ADD = "Open one of yours: a file or a folder"
NAME = Qt.ItemDataRole.UserRole  # of an item: what the autoencoder is opened by
TIPS = (
    "Reconstruct every picture with the ticked autoencoders (Ctrl+Enter)",
    "Stop; finished results are kept (Esc)",
)


class ReconstructColumn(QFrame):
    """`asked` says that reconstructions are wanted; the others what else was clicked."""

    asked = Signal()
    open_asked = Signal()
    newest_asked = Signal()
    sample_asked = Signal()
    add_asked = Signal()

    def __init__(self, bench: Workbench, jobs: Jobs) -> None:
        super().__init__()
        self.setObjectName("reconstructColumn")
        self._bench = bench
        self.pictures, self.autoencoders = QListWidget(), QListWidget()
        named(self.pictures, "reconstructPictures", "Pictures", PICTURES)
        named(self.autoencoders, "reconstructAutoencoders", "Autoencoders", AUTOENCODERS)
        self.pictures.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
        self.foot = Foot(jobs, "reconstruct", "Reconstruct", "reconstructions", TIPS)
        sources = QGridLayout()  # as wide as each other
        sources.setSpacing(6)
        for place, button in enumerate((
            text_button("openPictures", "Open…", OPEN, OPEN, "small", self.open_asked),
            small_button("newestPicture", "Newest", NEWEST, self.newest_asked),
            small_button("samplePicture", "Sample", "Use a bundled picture", self.sample_asked),
        )):  # fmt: skip
            sources.addWidget(button, 0, place)
        choices = row(
            (caption("Autoencoders", "title"), 1),
            small_button("allAutoencoders", "All", ALL, partial(self._tick, True)),
            small_button("noAutoencoders", "None", "Choose none", partial(self._tick, False)),
            text_button("addAutoencoder", "Add…", ADD.split(":")[0], ADD, "small", self.add_asked),
            gap=8,
        )
        parts = caption("Pictures", "title"), sources, (self.pictures, 2), choices
        body = column(*parts, (self.autoencoders, 3), gap=8, margins=(SIDE, 16, SIDE, 0))
        column(body, self.foot, gap=0, on=self)
        self.foot.go.clicked.connect(self.asked)
        self.foot.cancel.clicked.connect(jobs.cancel)
        self.pictures.currentRowChanged.connect(self._picked)
        self.autoencoders.itemChanged.connect(self._ticked)
        bench.pictures_changed.connect(self._fill)
        bench.current_changed.connect(self.pictures.setCurrentRow)
        bench.chosen_changed.connect(self._enable)
        bench.finished.connect(self._enable)
        jobs.changed.connect(self._enable)
        self._fill()

    def show_autoencoders(
        self, names: tuple[tuple[str, str], ...], damaged: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Lists autoencoders by (name, tooltip); those chosen on the bench have a tick. The
        damaged ones come last and cannot be chosen: their tooltip says what is wrong."""
        with QSignalBlocker(self.autoencoders):
            self.autoencoders.clear()
            for name, tip in names:
                item = QListWidgetItem(short(name))
                item.setData(NAME, name)
                item.setToolTip(tip)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(_state(name in self._bench.chosen))
                self.autoencoders.addItem(item)
            for name, reason in damaged:
                item = QListWidgetItem(f"{short(name)} (damaged)")
                item.setToolTip(reason)
                item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, reason)
                item.setFlags(Qt.ItemFlag.NoItemFlags)
                self.autoencoders.addItem(item)

    def items(self) -> list[QListWidgetItem]:
        """Those that can be chosen."""
        all_of_them = map(self.autoencoders.item, range(self.autoencoders.count()))
        return [item for item in all_of_them if item.flags() & Qt.ItemFlag.ItemIsUserCheckable]

    def _tick(self, on: bool, _checked: bool = False) -> None:
        with QSignalBlocker(self.autoencoders):
            for item in self.items():
                item.setCheckState(_state(on))
        self._ticked()

    @Slot()
    def _ticked(self, _: object = None) -> None:
        ticked = (i for i in self.items() if i.checkState() == Qt.CheckState.Checked)
        self._bench.choose(tuple(item.data(NAME) for item in ticked))

    @Slot()
    def _fill(self) -> None:
        with QSignalBlocker(self.pictures):
            self.pictures.clear()
            for source in self._bench.sources:
                step = max(1, max(source.pixels.shape[:2]) // (2 * THUMBNAIL))
                icon = QPixmap.fromImage(to_qimage(source.pixels[::step, ::step]))
                height, width = source.pixels.shape[:2]
                item = QListWidgetItem(QIcon(icon), f"{source.name}\n{width} x {height}")
                item.setToolTip(f"{source.name} {source.note}".strip())
                self.pictures.addItem(item)
            self.pictures.setCurrentRow(self._bench.current)
        self._enable()

    @Slot(int)
    def _picked(self, row: int) -> None:
        if row >= 0 and row != self._bench.current:
            self._bench.select(row)

    @Slot()
    def _enable(self) -> None:
        bench = self._bench
        self.foot.allow(bool(bench.sources and bench.chosen) and bench.job is None)


def _state(on: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
