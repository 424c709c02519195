"""The view "Pictures": the grid, its third axis as tabs, the scrubber, the cell's tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from studio.core.settings import Settings
from studio.ui.image.sight import Lens
from studio.ui.output.channels import frame_at
from studio.ui.viewer.viewer import summary
from studio.ui.widgets.form import column, row
from studio.ui.widgets.line import Facts
from studio.ui.widgets.tabs import tab_bar
from studio.ui.workspaces.compare.cell import CellView
from studio.ui.workspaces.compare.comparison import Result
from studio.ui.workspaces.compare.frames import Frame, Frames
from studio.ui.workspaces.compare.grid_view import GridView
from studio.ui.workspaces.compare.overlay import WordBar
from studio.ui.workspaces.compare.scrubber import Scrubber
from studio.ui.workspaces.compare.true_runs import TrueRuns, true_run

if TYPE_CHECKING:
    from studio.ui.workspaces.compare.panel import ComparePanel

NARROW = 190  # logical pixels: captions are shortened below
HALF_WAY = 0.5
WANDERS = (
    "Adds noise on the way (the wave): it draws from the same distribution, but need not come near"
    " the picture of its ODE, however many steps it takes."
)


class PicturesView(QWidget):
    """Shows a comparison; only what is in sight is drawn, decoded or run. `bar` below it has room
    for the cell's tools."""

    def __init__(self, panel: ComparePanel) -> None:
        super().__init__()
        self.setObjectName("picturesView")
        comparison, jobs = panel.comparison, panel.jobs
        self._comparison = comparison
        self.lens = Lens(self)
        self.frames = Frames(comparison, jobs, self)
        self.runs = TrueRuns(comparison, jobs, self)
        tip = "The third axis: one grid for each of its values"
        self.tabs = tab_bar("compareTabs", "Third axis", tip)
        self.words = WordBar(comparison, jobs)
        self.grid = GridView(comparison, self.lens)
        self.scrubber = Scrubber()
        self.facts = Facts("details")
        self.bar = row((self.facts, 1), gap=2)
        column(
            row(self.tabs, None, self.words),
            (self.grid, 1),
            self.scrubber,
            self.bar,
            gap=8,
            on=self,
        )
        self._connect()
        self._began()

    def _connect(self) -> None:
        comparison, scrubber = self._comparison, self.scrubber
        comparison.began.connect(self._began)
        comparison.made.connect(self._came)
        comparison.measured.connect(self._came)
        comparison.selected.connect(self._selected)
        self.tabs.currentChanged.connect(self._show_tab)
        scrubber.rested.connect(self._rested)
        scrubber.beside.toggled.connect(self._beside_toggled)
        for changed in (
            comparison.moved, comparison.ended, scrubber.changed, self.frames.changed,
            self.runs.changed, self.words.changed, self.grid.verticalScrollBar().valueChanged,
        ):  # fmt: skip
            changed.connect(self.refresh)

    def turn(self, by: int) -> None:
        """Goes to the next tab of the third axis, or back; scrolls where there is none."""
        if not self.tabs.count():
            bar = self.grid.verticalScrollBar()
            bar.setValue(bar.value() + by * bar.pageStep())
            return
        self.tabs.setCurrentIndex((self.tabs.currentIndex() + by) % self.tabs.count())

    @Slot()
    def _began(self) -> None:
        grid = self._comparison.grid
        with QSignalBlocker(self.tabs):
            while self.tabs.count():
                self.tabs.removeTab(0)
            if grid is not None and grid.tabs is not None:
                for value in grid.tabs.values:
                    text = self._comparison.value_label(grid.tabs.name, value)
                    self.tabs.addTab(text.replace("&", "&&"))  # a prompt's is no key
        self.tabs.setVisible(self.tabs.count() > 0)
        self._show_tab(0)
        self.scrubber.stop()  # which shows the cells anew: those of this comparison

    @Slot(int)
    def _show_tab(self, number: int) -> None:
        self.grid.show_tab(max(number, 0))
        tab = self._comparison.tab(max(number, 0))
        if self._comparison.results and self._comparison.current not in tab:
            self._comparison.select(tab[self._comparison.current % len(tab)])
        self._selected(self._comparison.current)
        self.refresh()

    @Slot(int)
    def _selected(self, index: int) -> None:
        if not (results := self._comparison.results):
            self.facts.set_text("", "")
            return
        tab = index // len(self._comparison.tab(0))
        if self.tabs.count() and tab != self.tabs.currentIndex():
            self.tabs.setCurrentIndex(tab)
        self.scrubber.slider.set_ticks(results[index].times)
        settings, samplers = results[index].settings, self._comparison.samplers
        self.facts.set_text(settings.prompt or "No prompt", summary(settings, samplers))

    @Slot(int)
    def _came(self, index: int) -> None:
        if index == self._comparison.current:
            self._selected(index)
        if index in self.grid.cells:
            self._refresh_cell(self.grid.cells[index])

    @Slot()
    def refresh(self, _: object = None) -> None:
        """Brings the cells in sight up to date."""
        results = self._comparison.results  # of a new comparison, whose cells are yet to come
        cells = [cell for cell in self.grid.in_sight() if cell.index < len(results)]
        there = [results[cell.index] for cell in cells]
        self.words.stand_at(self.scrubber.time)
        self.words.maps.want(each.settings for each in there if each.cell is not None)
        for cell in cells:
            self._refresh_cell(cell)

    @Slot(bool)
    def _beside_toggled(self, on: bool) -> None:
        if on and self.scrubber.time <= 0:  # at the end there is nothing to predict any more
            self.scrubber.slider.set_time(HALF_WAY)

    @Slot()
    def _rested(self) -> None:
        """Asks for what the cells in sight show, in full; and for their true runs."""
        shown = [self._frame(cell.index) for cell in self.grid.in_sight()]
        there = [each for each in shown if each is not None]
        self.frames.want(there)
        if self.scrubber.beside.isChecked():
            runs = (self._true_run(each) for each in there)
            self.runs.want(run for run in runs if run is not None)

    def _frame(self, index: int) -> Frame | None:
        """What a cell shows now; None without a trajectory."""
        times = self._comparison.results[index].times
        if not times:
            return None
        channel = "clean" if self.scrubber.beside.isChecked() else self.scrubber.channel
        frame = frame_at(times, self.scrubber.time)
        if channel == "gap":  # nothing is asked at the end itself
            frame = min(frame, max(0, len(times) - 2))
        return Frame(index, frame, channel)

    def _true_run(self, shown: Frame) -> Settings | None:
        result = self._comparison.results[shown.cell]
        if shown.frame >= len(result.times) - 1:
            return None
        return true_run(result.settings, self._comparison.spec(shown.cell), shown.frame)

    def _refresh_cell(self, cell: CellView) -> None:
        result = self._comparison.results[cell.index]
        shown, spec = self._frame(cell.index), self._comparison.spec(cell.index)
        share = self._comparison.share_done(cell.index)
        run = None
        if shown is not None and self.scrubber.beside.isChecked():
            run = self._true_run(shown)
        beside = self.runs.picture(run) if run is not None else None
        over, told = self.words.over(result.settings) if result.cell is not None else (None, "")
        cell.show_state(
            over=over,
            picture=self.frames.picture(shown) if shown is not None else result.picture,
            note=" · ".join(note for note in (self._note(result, shown), told) if note),
            caption=caption(result, cell.width() < NARROW),
            share=share,
            stochastic=spec is not None and spec.stochastic,
            beside=beside,
            sides=_sides(shown, run, beside is None, cell.width() < NARROW),
        )
        self._describe(cell, result)

    def _note(self, result: Result, shown: Frame | None) -> str:
        if result.cell is None:
            return "waiting" if self._comparison.job is not None else "not made"
        last = len(result.times) - 1
        gap = shown is not None and shown.channel == "gap"
        if shown is None or shown.frame == last or (self.scrubber.time <= 0 and not gap):
            return ""
        if gap and self.frames.picture(shown) is None:
            return "asked once: no gap"
        return f"step {shown.frame} of {last} · t {result.times[shown.frame]:.2f}"

    def _describe(self, cell: CellView, result: Result) -> None:
        label = self._comparison.label(cell.index)
        told = [label, ". ".join(part for part in caption(result, False) if part)]
        if cell.stochastic:
            told.append(WANDERS)
        text = "\n".join(part for part in told if part)
        if text != cell.toolTip():
            cell.setToolTip(text)
            cell.setAccessibleName(": ".join(part for part in told[:2] if part))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refresh()


def caption(result: Result, short: bool) -> tuple[str, str]:
    """What a cell cost, how well it fits its prompt, and how far from its ODE's end it is."""
    cell, distance = result.cell, result.distance
    if cell is None:
        return "", ""
    cost = f"{cell.nfe} NFE · {cell.seconds:.2f} s"
    told = [] if cell.score is None else [f"fits {cell.score.value:.2f}"]
    if distance is not None:
        told.append(f"{'Δ' if short else 'distance'} {distance.latent:.2g}")
        told += [] if distance.lpips is None else [f"LPIPS {distance.lpips:.2g}"]
    return cost, " · ".join(told)


def _sides(shown: Frame | None, run: Settings | None, coming: bool, short: bool) -> tuple[str, str]:
    """What stands on a cell's halves."""
    if shown is None or run is None:
        return "", ""
    dots = " …" if coming else ""
    if short:
        return f"x₀ at {shown.frame}", f"{run.steps} steps{dots}"
    return f"x₀ at step {shown.frame}", f"true {run.steps}-step run{dots}"
