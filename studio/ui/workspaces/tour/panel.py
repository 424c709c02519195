"""The tour: chapters and stops on the left, the stop to be read on the right."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QWidget

from studio.core import tour
from studio.core.errors import DataError
from studio.core.messages import Failed
from studio.core.tour import Measure, Measured, Stop
from studio.ui import actions
from studio.ui.job import Job
from studio.ui.panel import Panel, PanelSpec
from studio.ui.shared import Shared
from studio.ui.widgets.form import column, named
from studio.ui.workspaces.tour.keys import TOUR
from studio.ui.workspaces.tour.page import Page

TIP = "The stops of the tour, by chapter; Ctrl+Enter shows the selected one"
WIDTH = 330
ROW = 28  # logical pixels, also of rows that are not yet in sight


class TourPanel(Panel):
    """The workspace that leads through the others."""

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent, "tour")
        self.stops: list[tuple[str, Stop]] = []  # each with its chapter's title
        self._items: list[QTreeWidgetItem] = []
        self._job: Job | None = None
        self._found: dict[str, float] = dict(self.preferences.get("tour"))  # values by stops' ids
        self.list = named(QTreeWidget(), "tourStops", "Stops of the tour", TIP)
        self.list.setHeaderHidden(True)
        self.list.setFixedWidth(WIDTH)
        self.list.setIndentation(14)
        self.page = Page()
        right = QWidget()
        column(self.banner, (self.page, 1), gap=0, on=right)
        self.lay_out(self.list, right)
        self.actions_by_id = actions.install(TOUR, self, self.list)
        self.page.show_it.clicked.connect(self.actions_by_id["tour_show"].trigger)
        self.page.measure.clicked.connect(self.actions_by_id["tour_measure"].trigger)
        self.list.currentItemChanged.connect(self._chosen)
        self.list.itemDoubleClicked.connect(self._opened)
        self._fill()

    def _fill(self) -> None:
        try:
            chapters = tour.chapters()
        except DataError as error:
            self.error(str(error))
            return
        for chapter in chapters:
            top = QTreeWidgetItem(self.list, [chapter.title])
            top.setSizeHint(0, QSize(0, ROW))
            top.setFlags(Qt.ItemFlag.ItemIsEnabled)
            for stop in chapter.stops:
                self.stops.append((chapter.title, stop))
                item = QTreeWidgetItem(top)
                item.setSizeHint(0, QSize(0, ROW))
                item.setToolTip(0, stop.title)
                self._items.append(item)
                self._mark(item, stop)
        self.list.expandAll()
        if self._items:
            self.list.setCurrentItem(self._items[0])

    def _mark(self, item: QTreeWidgetItem, stop: Stop) -> None:
        """Ticks a stop whose figure has been measured and holds."""
        value = self._found.get(stop.id)
        holds = isinstance(value, int | float) and stop.figure.holds(value)
        item.setText(0, f"✓ {stop.title}" if holds else stop.title)

    @property
    def number(self) -> int:
        """Of the stop that is shown, from 0."""
        return self._items.index(self.list.currentItem())  # type: ignore[arg-type]

    @property
    def stop(self) -> Stop:
        return self.stops[self.number][1]

    def step(self, by: int) -> None:
        """To the next stop, or the one before."""
        to = min(max(self.number + by, 0), len(self._items) - 1)
        self.list.setCurrentItem(self._items[to])

    def show_stop(self) -> None:
        """Has the window set up its workspace."""
        if self._items:
            self.staged.emit(self.stop, f"{self.number + 1} of {len(self._items)}")

    def measure(self) -> None:
        """Asks the engine for the figure of this stop."""
        if not self._items:
            return
        self.forget_error()
        self._job = self.jobs.submit(Measure(self.stop.figure))
        if self._job is not None:
            self.page.found.setText("Measuring…")
            self._job.on(Measured, self._measured)
            self._job.on(Failed, self.job_failed)
            self._job.ended.connect(self._ended)

    @Slot(object)
    def _measured(self, event: Measured) -> None:
        request = self._job.request if self._job is not None else None
        for item, (_, stop) in zip(self._items, self.stops, strict=True):
            if isinstance(request, Measure) and stop.figure == request.figure:
                self._found[stop.id] = event.value
                self.preferences.set("tour", self._found)
                self._mark(item, stop)
                if stop is self.stop:
                    self.page.show_value(stop.figure, event.value)

    @Slot()
    def _ended(self) -> None:
        if self.page.found.text() == "Measuring…":
            self.page.found.clear()

    @Slot(QTreeWidgetItem, QTreeWidgetItem)
    def _chosen(self, item: QTreeWidgetItem | None, _: QTreeWidgetItem | None) -> None:
        if item in self._items:
            chapter, stop = self.stops[self.number]
            self.page.show_stop(stop, f"{chapter} · Stop {self.number + 1} of {len(self._items)}")
            value = self._found.get(stop.id)
            if isinstance(value, int | float):
                self.page.show_value(stop.figure, value)

    @Slot(QTreeWidgetItem, int)
    def _opened(self, item: QTreeWidgetItem, _: int) -> None:
        if item in self._items:
            self.show_stop()


PANEL = PanelSpec(TourPanel, TOUR, ("tour_show", "tour_measure", "tour_next", "tour_back"))
