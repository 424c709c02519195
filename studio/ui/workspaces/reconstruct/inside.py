"""Inside the latent: one experiment, one or two autoencoders, what they show."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtGui import QIcon, QImage, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QWidget,
)

from studio.bridge.probes import all_probes
from studio.core.autoencoding import Probe, Probed, ProbeSpec, Tile
from studio.core.errors import UsageError
from studio.core.messages import Failed
from studio.core.wording import capitalised
from studio.ui.image.canvas import Canvas
from studio.ui.image.qimage import to_qimage
from studio.ui.job import Job
from studio.ui.plots.chart import Chart, ink, line
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.form import caption, clear, column, named, row
from studio.ui.widgets.options_box import OptionsBox
from studio.ui.widgets.spin import RealSpin
from studio.ui.workspaces.reconstruct.workbench import short

if TYPE_CHECKING:
    from studio.ui.workspaces.reconstruct.panel import ReconstructPanel

SETTLE = 250  # milliseconds after the last change
TILE = 116  # logical pixels
MOST_COLUMNS = 8
NONE = ""
BOXES = (  # name, label, tip
    ("insideFirst", "Autoencoder", "The autoencoder to look into"),
    ("insideSecond", "Beside it", "A second autoencoder to compare"),
    ("insideOther", "Second picture", "For experiments that need two"),
)
AGAIN = "Run it again (Ctrl+Enter); changes run automatically"


class InsideView(QWidget):
    """Runs the chosen probe when something is changed; what was asked last counts."""

    def __init__(self, panel: ReconstructPanel) -> None:
        super().__init__()
        self.setObjectName("insideView")
        self._bench, self._jobs = panel.bench, panel.jobs
        self._probes = {spec.name: spec for spec in all_probes()}
        self.asked: list[Job] = []
        self.found: dict[str, Probed] = {}  # by the autoencoder
        self._names: list[str] = []  # of the autoencoders, in their order
        self._tiles: list[QToolButton] = []
        self._settle = QTimer(self, interval=SETTLE, singleShot=True)
        self._settle.timeout.connect(self.run)
        choices = ((each.name, each.label, each.summary) for each in self._probes.values())
        self.probe = ChoiceBox("insideProbe", "Experiment", "The experiment on the latent", choices)
        self.first, self.second, self.other = (ChoiceBox(*about, ()) for about in BOXES)
        tip = "The seed for random draws"
        self.seed = RealSpin("insideSeed", "Seed", tip, high=2**31, decimals=0)
        self.go = text_button("insideRun", "Run", "Run the experiment", AGAIN, act=self.run)
        self.options = OptionsBox("insideOptions")
        self.words = caption(role="", name="insideWords", wrap=True)
        boxes = (self.probe, self.first, self.second, self.other)
        for box in boxes:
            box.setMinimumWidth(130)
        bar = row(*((box, 1) for box in boxes), self.seed, self.go)
        column(bar, self.options, self.words, (self._results(), 1), on=self)
        self.probe.edited.connect(self._probe_chosen)
        for control in (self.first, self.second, self.other, self.options, self.seed):
            control.edited.connect(self._changed)
        self._bench.current_changed.connect(self._changed)
        for changed in (self._bench.pictures_changed, self._bench.chosen_changed):
            changed.connect(self._list_choices)
        self._list_choices()
        self._probe_chosen()

    def _results(self) -> QSplitter:
        """The tiles; beside them one of them, large, and what was measured."""
        body = QWidget()
        self._grid = QGridLayout(body)
        self._grid.setSpacing(8)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        area = named(QScrollArea(), "insideArea")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(body)
        self.canvas = Canvas("insideCanvas", "The chosen tile, large")
        self._plot = Chart("insidePlot", "What was measured")
        self._plot.setMinimumHeight(150)
        self.legend = caption(role="", name="insideLegend", wrap=True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        measured = QWidget()
        column(self.legend, (self._plot, 1), on=measured)
        right, both = QSplitter(Qt.Orientation.Vertical), QSplitter()
        for splitter, parts in ((right, (self.canvas, measured)), (both, (area, right))):
            for part in parts:
                splitter.addWidget(part)
        both.setSizes([620, 320])
        both.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        return both

    @property
    def _spec(self) -> ProbeSpec:
        return self._probes[self.probe.value()]

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.found:
            self._changed()

    @Slot()
    def _list_choices(self) -> None:
        """The bench's autoencoders and pictures; what was chosen stays chosen."""
        names = tuple((name, short(name), name) for name in self._bench.chosen)
        sources = enumerate(self._bench.sources)
        self.first.offer(names)
        self.second.offer(((NONE, "nothing beside it", ""), *names))
        self.other.offer((number, each.name, each.name) for number, each in sources)
        if self.other.count() > 1 and self.other.currentIndex() == self._bench.current:
            self.other.setCurrentIndex((self._bench.current + 1) % self.other.count())
        self._changed()

    @Slot()
    def _probe_chosen(self, _: object = None) -> None:
        self.options.show_parameters(self._spec.parameters)
        self.other.setVisible(self._spec.pictures == 2)
        for box in (self.first, self.second):
            box.setVisible(not self._spec.own)
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
        own = self._spec.own
        chosen = (own,) if own else (self.first.value(), self.second.value())
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
        spec, sources = self._spec, self._bench.sources
        if spec.pictures and not sources:
            raise UsageError("Open a picture on the left first.")
        if spec.pictures > len(sources):
            raise UsageError("Open a second picture on the left: this one needs two.")
        numbers = (self._bench.current, self.other.value())[: spec.pictures]
        pictures = tuple(sources[number].pixels for number in numbers)
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
        events = [self.found[name] for name in self._names if name in self.found]
        self._show_tiles(events)
        self._show_curves(events)

    @Slot(object)
    def _failed(self, event: Failed) -> None:
        self.words.setText(capitalised(event.message))

    @Slot()
    def _ended(self) -> None:
        self.asked = [job for job in self.asked if job.end is None]

    def _show_tiles(self, events: list[Probed]) -> None:
        """A group of them an autoencoder, the words above."""
        clear(self._grid)
        self._tiles, top = [], 0
        for event in events:
            self._grid.addWidget(caption(short(event.autoencoder), "title"), top, 0, 1, -1)
            columns = min(event.columns, MOST_COLUMNS)
            for number, tile in enumerate(event.tiles):
                at = top + 1 + number // columns, number % columns
                self._tiles.append(self._button(tile, len(self._tiles)))
                self._grid.addWidget(self._tiles[-1], *at)
            top += 2 + len(event.tiles) // columns
        self.words.setText("\n".join(f"{short(e.autoencoder)}: {e.words}" for e in events))
        if self._tiles:
            self._tiles[0].click()

    def _button(self, tile: Tile, number: int) -> QToolButton:
        told, tip = f"{tile.label}\n{tile.detail}".strip(), "Click to enlarge"
        button = QToolButton()
        named(button, f"tile-{number}", told.replace("\n", " "), f"{told}\n{tip}")
        image = to_qimage(tile.image)
        how = Qt.TransformationMode.SmoothTransformation
        small = image.scaled(TILE, TILE, Qt.AspectRatioMode.KeepAspectRatio, how)
        button.setIcon(QIcon(QPixmap.fromImage(small)))
        button.setIconSize(QSize(TILE, TILE))
        button.setText(told)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setAutoRaise(True)
        button.clicked.connect(partial(self._enlarge, image))
        return button

    def _enlarge(self, image: QImage, _checked: bool = False) -> None:
        self.canvas.show_picture(image)

    def _show_curves(self, events: list[Probed]) -> None:
        plot, told = self._plot, list[str]()
        plot.item.clear()
        for event in events:
            plot.name_axes(event.x_label, event.y_label)
            of = f"{short(event.autoencoder)}: " if len(events) > 1 else ""
            for curve in event.curves:
                colour = ink(len(told))
                dots = {"symbol": "o", "symbolSize": 5, "symbolBrush": colour, "symbolPen": None}
                plot.item.plot(curve.x, curve.y, pen=line(colour), **dots)
                name = escape(f"{of}{curve.label}")
                told.append(f'<span style="color:{colour.name()}">●</span> {name}')
        self.legend.setText(" &nbsp; ".join(told))
        for part in (plot, self.legend):
            part.setVisible(bool(told))
