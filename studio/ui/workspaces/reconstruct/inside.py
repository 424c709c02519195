"""Inside the latent: one experiment, one or two autoencoders, what they show."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QIcon, QPalette, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.bridge.probes import all_probes
from studio.core.autoencoding import Probe, Probed, Tile
from studio.core.errors import UsageError
from studio.core.messages import Failed
from studio.ui.image.canvas import Canvas
from studio.ui.image.qimage import to_qimage
from studio.ui.job import Job
from studio.ui.jobs import Jobs
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.options_box import OptionsBox
from studio.ui.widgets.spin import RealSpin
from studio.ui.workspaces.reconstruct.bench import Bench, short

SETTLE = 250  # milliseconds after the last change
TILE = 116  # logical pixels
NONE = ""
INKS = (212, 28, 140, 330, 268, 52)


class InsideView(QWidget):
    """Runs the chosen probe when something is changed; what was asked last counts."""

    def __init__(self, bench: Bench, jobs: Jobs) -> None:
        super().__init__()
        self.setObjectName("insideView")
        self._bench, self._jobs = bench, jobs
        self._probes = {spec.name: spec for spec in all_probes()}
        self.asked: list[Job] = []
        self.found: dict[str, Probed] = {}  # by the autoencoder
        self._names: list[str] = []  # of the autoencoders, in their order
        self._tiles: list[QToolButton] = []
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE)
        self._settle.timeout.connect(self.run)
        self._make_controls()
        self._make_results()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._bar())
        column.addWidget(self.options)
        column.addWidget(self.words)
        column.addWidget(self._split, 1)
        self._connect()
        self._list_choices()
        self._probe_chosen()

    def _make_controls(self) -> None:
        choices = ((each.name, each.label, each.summary) for each in self._probes.values())
        self.probe = ChoiceBox("insideProbe", "Experiment", "What is done to the latent", choices)
        self.first = ChoiceBox("insideFirst", "Autoencoder", "Whose latent is looked at", ())
        self.second = ChoiceBox("insideSecond", "Beside it", "Another one beside it", ())
        self.other = ChoiceBox("insideOther", "Second picture", "Where two are needed", ())
        for box in (self.probe, self.first, self.second, self.other):
            box.setMinimumWidth(130)
        self.seed = RealSpin()
        self.seed.setObjectName("insideSeed")
        self.seed.setAccessibleName("Seed")
        self.seed.setToolTip("The seed of what is drawn at random")
        self.seed.setDecimals(0)
        self.seed.setRange(0, 2**31)
        self.go = QPushButton("Run")
        self.go.setObjectName("insideRun")
        self.go.setAccessibleName("Run the experiment")
        self.go.setToolTip("Run it again (Ctrl+Enter); changes run by themselves")
        self.options = OptionsBox("insideOptions")
        self.words = QLabel()
        self.words.setObjectName("insideWords")
        self.words.setWordWrap(True)

    def _bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        for box in (self.probe, self.first, self.second, self.other):
            bar.addWidget(box, 1)
        for control in (self.seed, self.go):
            bar.addWidget(control)
        return bar

    def _make_results(self) -> None:
        body = QWidget()
        self._grid = QGridLayout(body)
        self._grid.setSpacing(8)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        area = QScrollArea()
        area.setObjectName("insideArea")
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(body)
        self.canvas = Canvas()
        self.canvas.setObjectName("insideCanvas")
        self.canvas.setAccessibleName("The chosen tile, large")
        self._plot = pg.PlotWidget(enableMenu=False)
        self._plot.setObjectName("insidePlot")
        self._plot.setAccessibleName("What was measured")
        self._plot.setToolTip("The wheel zooms, dragging moves.")
        self._plot.setMinimumHeight(150)
        self.legend = QLabel()
        self.legend.setObjectName("insideLegend")
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setWordWrap(True)
        measured = QWidget()
        below = QVBoxLayout(measured)
        below.setContentsMargins(0, 0, 0, 0)
        below.addWidget(self.legend)
        below.addWidget(self._plot, 1)
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(self.canvas)
        right.addWidget(measured)
        self._split = QSplitter()
        self._split.addWidget(area)
        self._split.addWidget(right)
        self._split.setSizes([620, 320])
        self._split.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def _connect(self) -> None:
        self.probe.edited.connect(self._probe_chosen)
        for control in (self.first, self.second, self.other):
            control.edited.connect(self._changed)
        self.options.edited.connect(self._changed)
        self.seed.valueChanged.connect(self._changed)
        self.go.clicked.connect(self.run)
        self._bench.current_changed.connect(self._changed)
        self._bench.pictures_changed.connect(self._list_choices)
        self._bench.chosen_changed.connect(self._list_choices)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.found:
            self._changed()

    @Slot()
    def _list_choices(self) -> None:
        """The bench's autoencoders and pictures; what was chosen stays chosen."""
        names = tuple((name, short(name), name) for name in self._bench.chosen)
        sources = enumerate(self._bench.sources)
        pictures = tuple((number, each.name, each.name) for number, each in sources)
        for box, entries in (
            (self.first, names),
            (self.second, ((NONE, "nothing beside it", ""), *names)),
            (self.other, pictures),
        ):
            _refill(box, entries)
        if self.other.count() > 1 and self.other.currentIndex() == self._bench.current:
            self.other.setCurrentIndex((self._bench.current + 1) % self.other.count())
        self._changed()

    @Slot()
    def _probe_chosen(self, _: object = None) -> None:
        spec = self._probes[str(self.probe.currentData())]
        self.options.show_parameters(spec.parameters)
        self.other.setVisible(spec.pictures == 2)
        self._changed()

    @Slot()
    def _changed(self, _: object = None) -> None:
        if self.isVisible():
            self._settle.start()

    @Slot()
    def run(self) -> None:
        """Asks anew; what was asked before is cancelled."""
        self._settle.stop()
        self.escape()
        self.found = {}
        chosen = [str(self.first.currentData() or NONE), str(self.second.currentData() or NONE)]
        self._names = [name for name in dict.fromkeys(chosen) if name]
        if not self._names:
            self.words.setText("Tick an autoencoder on the left first.")
            return
        for name in self._names:
            try:
                job = self._jobs.submit(self._request(name))
            except UsageError as error:
                self.words.setText(str(error))
                return
            if job is not None:
                self.asked.append(job)
                job.on(Probed, self._probed)
                job.on(Failed, self._failed)
                job.ended.connect(self._ended)
        self.words.setText("Looking…")

    def _request(self, name: str) -> Probe:
        """Raises UsageError where pictures are missing."""
        spec = self._probes[str(self.probe.currentData())]
        sources, pictures = self._bench.sources, ()  # type: Any, tuple[Any, ...]
        if spec.pictures and self._bench.source is None:
            raise UsageError("Open a picture on the left first.")
        if spec.pictures:
            pictures = (sources[self._bench.current].pixels,)
        if spec.pictures == 2:
            second = self.other.currentData()
            if second is None or len(sources) < 2:
                raise UsageError("Open a second picture on the left: this one needs two.")
            pictures += (sources[int(second)].pixels,)
        return Probe(spec.name, name, pictures, self.options.value(), int(self.seed.value()))

    @Slot()
    def escape(self) -> None:
        """Cancels what is being looked at."""
        asked, self.asked = self.asked, []
        for job in asked:
            job.leave()
            self._jobs.cancel_job(job)

    @Slot(object)
    def _probed(self, event: Probed) -> None:
        self.found[event.autoencoder] = event
        self._show()

    @Slot(object)
    def _failed(self, event: Failed) -> None:
        self.words.setText(f"{event.message[:1].upper()}{event.message[1:]}")

    @Slot()
    def _ended(self) -> None:
        self.asked = [job for job in self.asked if job.end is None]

    def _events(self) -> list[Probed]:
        return [self.found[name] for name in self._names if name in self.found]

    def _show(self) -> None:
        """A group of tiles an autoencoder, the words above, the curves beside."""
        while (item := self._grid.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self._tiles, row, told = [], 0, []
        for event in self._events():
            told.append(f"{short(event.autoencoder)}: {event.words}")
            title = QLabel(short(event.autoencoder))
            title.setProperty("role", "title")
            self._grid.addWidget(title, row, 0, 1, -1)
            columns = min(event.columns, 8)
            for number, tile in enumerate(event.tiles):
                at = row + 1 + number // columns, number % columns
                self._grid.addWidget(self._button(tile, len(self._tiles)), *at)
            row += 2 + len(event.tiles) // columns
        self.words.setText("\n".join(told))
        if self._tiles:
            self._tiles[0].click()
        self._draw()

    def _button(self, tile: Tile, number: int) -> QToolButton:
        button = QToolButton()
        button.setObjectName(f"tile-{number}")
        button.setAccessibleName(f"{tile.label} {tile.detail}".strip())
        button.setToolTip(f"{tile.label}\n{tile.detail}\nClick to enlarge")
        image = to_qimage(tile.image)
        how = Qt.TransformationMode.SmoothTransformation
        small = image.scaled(TILE, TILE, Qt.AspectRatioMode.KeepAspectRatio, how)
        button.setIcon(QIcon(QPixmap.fromImage(small)))
        button.setIconSize(QSize(TILE, TILE))
        button.setText(tile.label + (f"\n{tile.detail}" if tile.detail else ""))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setAutoRaise(True)
        button.clicked.connect(partial(self._enlarge, image))
        self._tiles.append(button)
        return button

    def _enlarge(self, image: Any, _checked: bool = False) -> None:
        self.canvas.show_picture(image)

    def _draw(self) -> None:
        palette, item = self.palette(), self._plot.getPlotItem()
        item.clear()
        events = self._events()
        self._plot.setVisible(any(event.curves for event in events))
        self._plot.setBackground(palette.color(QPalette.ColorRole.Window))
        muted = palette.color(QPalette.ColorRole.PlaceholderText).name()
        told: list[str] = []
        for event in events:
            for side, text in (("bottom", event.x_label), ("left", event.y_label)):
                item.setLabel(side, text, color=muted)
                item.getAxis(side).enableAutoSIPrefix(False)
            for curve in event.curves:
                ink = QColor.fromHsl(INKS[len(told) % len(INKS)], 190, 130)
                name = (
                    f"{short(event.autoencoder)}: {curve.label}" if len(events) > 1 else curve.label
                )
                pen, dot = pg.mkPen(ink, width=2), {"symbolBrush": ink, "symbolPen": None}
                item.plot(curve.x, curve.y, pen=pen, symbol="o", symbolSize=5, **dot)
                told.append(f'<span style="color:{ink.name()}">●</span> {escape(name)}')
        self.legend.setText(" &nbsp; ".join(told))
        self.legend.setVisible(bool(told))


def _refill(box: ChoiceBox, entries: tuple[tuple[Any, str, str], ...]) -> None:
    """Other choices; the chosen one stays if it is still there."""
    before, blocked = box.currentData(), box.blockSignals(True)
    box.clear()
    for data, text, tip in entries:
        box.addItem(text, data)
        box.setItemData(box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
    at = box.findData(before)
    box.setCurrentIndex(at if at >= 0 else 0)
    box.blockSignals(blocked)
