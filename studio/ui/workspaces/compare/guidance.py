"""The view "Guidance": one noise, w swept; under each picture, where guidance pulled, by steps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QWidget

from studio.ui.image.sight import WHOLE
from studio.ui.plots.painting import draw_curve, placed
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.form import caption, column, named, row
from studio.ui.widgets.welcome import advice
from studio.ui.workspaces.compare.comparison import Comparison
from studio.ui.workspaces.compare.frames import Frame, Frames

if TYPE_CHECKING:
    from studio.ui.workspaces.compare.panel import ComparePanel

_ROLE, _ALIGN = QPalette.ColorRole, Qt.AlignmentFlag
MOST_TILES, GAP, TILE_GAP = 15, 14, 3
HEAD, CURVE, FOOT, LEAST, MOST = 30, 76, 20, 110, 340  # logical pixels
ADVICE = (
    "The guidance strip needs the Guidance axis: the same noise at several w.\nBelow each picture"
    " then stands, step by step, where and how strongly guidance pulled it: |ε with prompt − ε"
    " without|."
)
SWEEP = "Sweep the guidance"
SWEEP_TIP = "Compare w = 0, 1, 2, 4 and 8 with the prompt and seed at the left"


class GuidanceView(QStackedWidget):
    """The cells along the guidance axis that are like the selected one in all else."""

    def __init__(self, panel: ComparePanel) -> None:
        super().__init__()
        self.setObjectName("guidanceView")
        self._comparison = comparison = panel.comparison
        self.strip = _Strip(comparison, panel.pictures.frames)
        self._area = named(QScrollArea(), "guidanceArea")
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidget(self.strip)
        self.legend = caption("", "muted", "guidanceLegend", wrap=True)
        sweep = text_button("guidanceSweep", SWEEP, SWEEP, SWEEP_TIP, "chip", panel.sweep_guidance)
        empty, filled = QWidget(), QWidget()
        column(None, advice(ADVICE), 10, row(None, sweep, None), None, on=empty)
        column((self._area, 1), self.legend, on=filled)
        self.addWidget(empty)
        self.addWidget(filled)
        for signal in (
            comparison.began, comparison.made, comparison.ended, comparison.selected
        ):  # fmt: skip
            signal.connect(self.refresh)

    def cells(self) -> tuple[int, ...]:
        """The cells of the strip, by w; none without a guidance axis."""
        grid, results = self._comparison.grid, self._comparison.results
        names = {axis.name for axis in grid.axes} if grid is not None else set()
        if "guidance" not in names:
            return ()
        chosen, kept = results[self._comparison.current].settings, names - {"guidance"}
        return tuple(
            index
            for index, result in enumerate(results)
            if all(getattr(result.settings, name) == getattr(chosen, name) for name in kept)
        )

    @Slot()
    def refresh(self, _: object = None) -> None:
        """Draws anew, if it is seen."""
        if not self.isVisible():
            return
        cells = self.cells()
        self.setCurrentIndex(1 if cells else 0)
        if cells:
            self.strip.show_cells(cells, self._area.size() - QSize(2, 2))
            self.legend.setText(
                f"Heat: |ε with prompt − ε without|, 0 (dark) to {self.strip.strongest:.2g} (pale),"
                " the steps from noise to picture, row by row. Curve: its mean. At w = 0 and w = 1"
                " the model is asked once a step."
            )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()


class _Strip(QWidget):
    """Paints the row: heading, picture, heat maps, curve."""

    def __init__(self, comparison: Comparison, frames: Frames) -> None:
        super().__init__()
        named(
            self, "guidanceStrip", "Guidance strip", "One noise; the guidance w grows to the right"
        )
        self._comparison, self._frames = comparison, frames
        self._cells: tuple[int, ...] = ()
        self._means: dict[int, np.ndarray] = {}  # of the gap by steps
        self._side, self._across, self._shape = LEAST, 5, 1.0  # of a picture: height for width

    @property
    def strongest(self) -> float:
        return self._frames.strongest_gap

    def show_cells(self, cells: tuple[int, ...], room: QSize) -> None:
        """As large as fits: the pictures by the width, the heat maps by the height."""
        self._cells = cells
        kept = ((index, self._comparison.results[index].trajectory) for index in cells)
        self._means = {
            index: each.gap.mean((1, 2)) for index, each in kept if each and each.gap.any()
        }
        size = self._comparison.results[cells[0]].settings.size
        self._shape = size.height / size.width
        side = (room.width() - (len(cells) - 1) * GAP) // len(cells)
        self._side = min(max(side, LEAST), MOST)
        fitting = (each for each in (3, 4, 5, 8) if self._high(each) <= room.height())
        self._across = next(fitting, 5)
        self.resize(len(cells) * (self._side + GAP) - GAP, self._high(self._across))
        self.update()

    def _tile(self, across: int) -> float:
        return (self._side - (across - 1) * TILE_GAP) / across

    def _tiles_high(self, across: int) -> float:
        return math.ceil(MOST_TILES / across) * (self._tile(across) * self._shape + TILE_GAP)

    def _high(self, across: int) -> int:
        """How high everything is with so many heat maps beside each other."""
        picture = round(self._side * self._shape)
        return HEAD + picture + 10 + round(self._tiles_high(across)) + 8 + CURVE + FOOT

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, index in enumerate(self._cells):
            left = number * (self._side + GAP)
            if event.rect().right() >= left and event.rect().left() <= left + self._side:
                self._paint(painter, index, float(left))
        painter.end()

    def _paint(self, painter: QPainter, index: int, left: float) -> None:
        side, result = self._side, self._comparison.results[index]
        high = round(side * self._shape)
        font = self.font()
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(self.palette().color(_ROLE.WindowText))
        heading = QRectF(left, 0, side, HEAD)
        painter.drawText(heading, _ALIGN.AlignCenter, f"w = {result.settings.guidance:g}")
        painter.setFont(self.font())
        place = QRectF(left, HEAD, side, high)
        painter.fillRect(place, self.palette().color(_ROLE.Mid))
        if result.picture is not None:
            result.picture.draw(painter, place, WHOLE, self.devicePixelRatioF())
        top = HEAD + high + 10
        self._paint_tiles(painter, index, left, top)
        bottom = top + self._tiles_high(self._across)
        self._paint_curve(painter, index, QRectF(left, bottom + 8, side, CURVE))

    def _paint_tiles(self, painter: QPainter, index: int, left: float, top: float) -> None:
        """Heat maps of the steps, evenly chosen where there are many."""
        steps = max(0, len(self._comparison.results[index].times) - 1)
        tile, shown = self._tile(self._across), min(steps, MOST_TILES)
        high = tile * self._shape
        for number in range(shown):
            frame = round(number * (steps - 1) / max(1, shown - 1))
            heat = self._frames.picture(Frame(index, frame, "gap"))
            row, column = divmod(number, self._across)
            x, y = left + column * (tile + TILE_GAP), top + row * (high + TILE_GAP)
            if heat is not None:
                heat.draw(painter, QRectF(x, y, tile, high), WHOLE, self.devicePixelRatioF())
            elif not number:
                painter.setPen(self.palette().color(_ROLE.PlaceholderText))
                room = QRectF(left, top, self._side, 3 * high)
                told = _ALIGN.AlignHCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(room, told, "asked once:\nno gap")

    def _paint_curve(self, painter: QPainter, index: int, place: QRectF) -> None:
        """The mean gap against t, noise at the left, in one scale for all w."""
        colour = self.palette().color
        painter.setPen(QPen(colour(_ROLE.Mid), 1))
        painter.drawLine(place.bottomLeft(), place.bottomRight())
        painter.setPen(colour(_ROLE.PlaceholderText))
        foot = QRectF(place.left(), place.bottom() + 2, place.width(), FOOT - 4)
        painter.drawText(foot, _ALIGN.AlignLeft, "noise")
        painter.drawText(foot, _ALIGN.AlignRight, "picture")
        if (means := self._means.get(index)) is not None:
            top = max(float(each.max()) for each in self._means.values())
            across = [1 - t for t in self._comparison.results[index].times[:-1]]
            points = placed(place, across, (0.92 / top * means[:-1]).tolist())
            draw_curve(painter, points, colour(_ROLE.Accent))
