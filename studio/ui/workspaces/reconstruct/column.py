"""The left column of Reconstruct: the pictures, the autoencoders, the buttons."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.ui.image.qimage import to_qimage
from studio.ui.jobs import Jobs
from studio.ui.widgets.foot import SIDE, Foot
from studio.ui.workspaces.reconstruct.bench import Bench, short

THUMBNAIL = 56
NAME = Qt.ItemDataRole.UserRole  # of an item: what the autoencoder is opened by
TIPS = (
    "Pass every picture through the autoencoders (Ctrl+Enter)",
    "Stop; what is done stays (Esc)",
)


class ReconstructColumn(QFrame):
    """`asked` says that reconstructions are wanted; the others what else was clicked."""

    asked = Signal()
    open_asked = Signal()
    newest_asked = Signal()
    sample_asked = Signal()
    add_asked = Signal()

    def __init__(self, bench: Bench, jobs: Jobs) -> None:
        super().__init__()
        self.setObjectName("reconstructColumn")
        self._bench = bench
        self._make_lists()
        self.foot = Foot(jobs, "reconstruct", "Reconstruct", "reconstructions", TIPS)
        self.foot.go.clicked.connect(self.asked)
        self.foot.cancel.clicked.connect(jobs.cancel)
        whole, column = QVBoxLayout(self), QVBoxLayout()
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(column)
        whole.addWidget(self.foot)
        column.setContentsMargins(SIDE, 16, SIDE, 0)
        column.setSpacing(8)
        column.addWidget(_title("Pictures"))
        column.addLayout(self._sources())
        column.addWidget(self.pictures, 2)
        row = QHBoxLayout()
        row.addWidget(_title("Autoencoders"), 1)
        for text, name, tip, act in (
            ("All", "allAutoencoders", "Choose every autoencoder", self._all),
            ("None", "noAutoencoders", "Choose none", self._none),
            ("Add…", "addAutoencoder", "Open one of yours: a file or a folder", self.add_asked),
        ):
            row.addWidget(_small(text, name, tip, act))
        column.addLayout(row)
        column.addWidget(self.autoencoders, 3)
        bench.pictures_changed.connect(self._fill)
        bench.current_changed.connect(self.pictures.setCurrentRow)
        bench.chosen_changed.connect(self._enable)
        bench.finished.connect(self._enable)
        jobs.changed.connect(self._enable)
        self._fill()

    def _make_lists(self) -> None:
        self.pictures = QListWidget()
        self.pictures.setObjectName("reconstructPictures")
        self.pictures.setAccessibleName("Pictures")
        self.pictures.setToolTip("The pictures; Delete takes the current one away.")
        self.pictures.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
        self.pictures.currentRowChanged.connect(self._picked)
        self.autoencoders = QListWidget()
        self.autoencoders.setObjectName("reconstructAutoencoders")
        self.autoencoders.setAccessibleName("Autoencoders")
        self.autoencoders.setToolTip("Those with a tick are compared (Space ticks).")
        self.autoencoders.itemChanged.connect(self._ticked)

    def _sources(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(6)
        grid.addWidget(
            _small("Open…", "openPictures", "Open pictures (Ctrl+O); dropping works too",
                   self.open_asked), 0, 0,
        )  # fmt: skip
        grid.addWidget(
            _small("Newest", "newestPicture", "Take the newest generated picture",
                   self.newest_asked), 0, 1,
        )  # fmt: skip
        grid.addWidget(
            _small("Sample", "samplePicture", "Take a bundled picture", self.sample_asked), 0, 2
        )
        return grid

    def show_autoencoders(
        self, names: tuple[tuple[str, str], ...], damaged: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Lists autoencoders by (name, tooltip); those chosen on the bench have a tick. The
        damaged ones come last and cannot be chosen: their tooltip says what is wrong."""
        blocked = self.autoencoders.blockSignals(True)
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
        self.autoencoders.blockSignals(blocked)

    def items(self) -> list[QListWidgetItem]:
        """Those that can be chosen."""
        all_of_them = map(self.autoencoders.item, range(self.autoencoders.count()))
        return [item for item in all_of_them if item.flags() & Qt.ItemFlag.ItemIsUserCheckable]

    @Slot()
    def _all(self) -> None:
        self._tick(True)

    @Slot()
    def _none(self) -> None:
        self._tick(False)

    def _tick(self, on: bool) -> None:
        blocked = self.autoencoders.blockSignals(True)
        for item in self.items():
            item.setCheckState(_state(on))
        self.autoencoders.blockSignals(blocked)
        self._ticked()

    @Slot()
    def _ticked(self, _: object = None) -> None:
        ticked = (i for i in self.items() if i.checkState() == Qt.CheckState.Checked)
        self._bench.choose(tuple(item.data(NAME) for item in ticked))

    @Slot()
    def _fill(self) -> None:
        blocked = self.pictures.blockSignals(True)
        self.pictures.clear()
        for source in self._bench.sources:
            step = max(1, max(source.pixels.shape[:2]) // (2 * THUMBNAIL))
            icon = QPixmap.fromImage(to_qimage(source.pixels[::step, ::step]))
            height, width = source.pixels.shape[:2]
            item = QListWidgetItem(QIcon(icon), f"{source.name}\n{width} x {height}")
            item.setToolTip(f"{source.name} {source.note}".strip())
            self.pictures.addItem(item)
        self.pictures.setCurrentRow(self._bench.current)
        self.pictures.blockSignals(blocked)
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


def _title(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "title")
    return label


def _small(text: str, name: str, tip: str, act: object) -> QWidget:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setProperty("role", "small")
    button.setAccessibleName(tip.split(":")[0])
    button.setToolTip(tip)
    button.clicked.connect(act)  # type: ignore[arg-type]
    return button
