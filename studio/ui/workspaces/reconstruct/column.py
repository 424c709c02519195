"""The left column of Reconstruct: the pictures, the autoencoders, the buttons."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from studio.ui.starting.picture_list import PictureList, source_buttons
from studio.ui.widgets.buttons import small_button
from studio.ui.widgets.foot import Foot, SettingsColumn
from studio.ui.widgets.form import caption, named, row
from studio.ui.workspaces.reconstruct.workbench import short

if TYPE_CHECKING:
    from studio.ui.workspaces.reconstruct.panel import ReconstructPanel

PICTURES = "The pictures; Delete removes the current one."
AUTOENCODERS = "Ticked autoencoders are compared (Space toggles a tick)."
ALL = "Tick every autoencoder"
NONE = "Untick every autoencoder"
ADD = "Open one of yours (a file or a folder)"
NAME = Qt.ItemDataRole.UserRole  # of an item: what the autoencoder is opened by
TICKS = Qt.CheckState.Unchecked, Qt.CheckState.Checked
TIPS = (
    "Reconstruct every picture with the ticked autoencoders (Ctrl+Enter)",
    "Stop; finished results are kept (Esc)",
)


class ReconstructColumn(SettingsColumn):
    """Shows the panel's bench; its buttons act on the panel."""

    def __init__(self, panel: ReconstructPanel) -> None:
        super().__init__("reconstructColumn", panel, gap=8)
        bench = self._bench = panel.bench
        self.pictures = PictureList("reconstructPictures", PICTURES, bench)
        self.autoencoders = named(
            QListWidget(), "reconstructAutoencoders", "Autoencoders", AUTOENCODERS
        )
        self.autoencoders.setSpacing(2)
        choices = row(
            (caption("Autoencoders", "title"), 1),
            small_button("allAutoencoders", "All", ALL, partial(self._tick, True)),
            small_button("noAutoencoders", "None", NONE, partial(self._tick, False)),
            small_button("addAutoencoder", "Add…", ADD, panel.add_autoencoder),
            gap=8,
        )
        self.rows.addWidget(caption("Pictures", "title"))
        self.rows.addLayout(source_buttons(panel.opener))
        self.rows.addWidget(self.pictures, 2)
        self.rows.addLayout(choices)
        self.rows.addWidget(self.autoencoders, 3)
        foot = Foot(panel.jobs, "reconstruct", "Reconstruct", "reconstructions", TIPS)
        self.foot = self.end(foot, stretch=0)
        self.foot.go.clicked.connect(panel.begin)
        self.foot.cancel.clicked.connect(panel.jobs.cancel)
        self.autoencoders.itemChanged.connect(self._ticked)
        for signal in (
            bench.pictures_changed,
            bench.chosen_changed,
            bench.finished,
            panel.jobs.changed,
        ):
            signal.connect(self._enable)
        self._enable()

    def show_autoencoders(
        self, names: tuple[tuple[str, str], ...], damaged: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Lists autoencoders by (name, tooltip); those chosen on the bench have a tick. The
        damaged ones come last and cannot be chosen: their tooltip says what is wrong."""
        with QSignalBlocker(self.autoencoders):
            self.autoencoders.clear()
            for name, tip in names:
                item = QListWidgetItem(short(name), self.autoencoders)
                item.setData(NAME, name)
                item.setToolTip(tip)
                item.setCheckState(TICKS[name in self._bench.chosen])
            for name, reason in damaged:
                item = QListWidgetItem(f"{short(name)} (damaged)", self.autoencoders)
                item.setToolTip(reason)
                item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, reason)
                item.setFlags(Qt.ItemFlag.NoItemFlags)

    def items(self) -> list[QListWidgetItem]:
        """Those that can be chosen."""
        all_of_them = map(self.autoencoders.item, range(self.autoencoders.count()))
        return [item for item in all_of_them if item.flags() & Qt.ItemFlag.ItemIsUserCheckable]

    def _tick(self, on: bool, _checked: bool = False) -> None:
        with QSignalBlocker(self.autoencoders):
            for item in self.items():
                item.setCheckState(TICKS[on])
        self._ticked()

    @Slot()
    def _ticked(self, _: object = None) -> None:
        ticked = (i for i in self.items() if i.checkState() == Qt.CheckState.Checked)
        self._bench.choose(tuple(item.data(NAME) for item in ticked))

    @Slot()
    def _enable(self) -> None:
        bench = self._bench
        self.foot.allow(bool(bench.sources and bench.chosen) and bench.job is None)
