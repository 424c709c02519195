"""The view "Guidance": one noise, w swept; under each picture, where guidance pulled, by steps."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QScrollArea,
    QStackedWidget,
    QWidget,
)

from studio.ui.image.sight import WHOLE
from studio.ui.plots.painting import draw_curve, placed
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.form import caption, column, row
from studio.ui.widgets.welcome import advice
from studio.ui.workspaces.compare.comparison import Comparison
from studio.ui.workspaces.compare.frames import Frame, Frames

_ROLE = QPalette.ColorRole
MOST_TILES, GAP, TILE_GAP = 15, 14, 3
HEAD, CURVE, FOOT, LEAST, MOST = 30, 76, 20, 110, 340  # logical pixels
ADVICE = (
    "The guidance strip needs the Guidance axis: the same noise at several w.\nBelow each picture"
    " then stands, step by step, where and how strongly guidance pulled it: |ε with prompt − ε"
    " without|."
)


class GuidanceView(QWidget):
    """The cells along the guidance axis that are like the selected one in all else."""

    def __init__(self, comparison: Comparison, frames: Frames) -> None:
        super().__init__()
        self.setObjectName("guidanceView")
        self._comparison = comparison
        self.strip = _Strip(comparison, frames)
        self._area = QScrollArea()
        self._area.setObjectName("guidanceArea")
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidget(self.strip)
        self.legend = caption("", "muted", "guidanceLegend", wrap=True)
        filled = QWidget()
        column((self._area, 1), self.legend, on=filled)
        tip = "Compare w = 0, 1, 2, 4 and 8 with the prompt and seed at the left"
        text = "Sweep the guidance"
        self.sweep = text_button("guidanceSweep", text, text, tip, "chip")
        self._pages = QStackedWidget()
        self._pages.addWidget(self._advice())
        self._pages.addWidget(filled)
        column(self._pages, on=self)
        for signal in (
            comparison.began, comparison.made, comparison.ended, comparison.selected
        ):  # fmt: skip
            signal.connect(self.refresh)

    def _advice(self) -> QWidget:
        empty, words = QWidget(), advice(ADVICE)
        column(None, words, 10, row(None, self.sweep, None), None, on=empty)
        return empty

    def cells(self) -> tuple[int, ...]:
        """The cells of the strip, by w; none without a guidance axis."""
        comparison = self._comparison
        grid = comparison.grid
        axis = next((each for each in grid.axes if each.name == "guidance"), None) if grid else None
        if grid is None or axis is None:
            return ()
        kept = [each.name for each in grid.axes if each.name != "guidance"]
        chosen = comparison.results[comparison.current].settings
        return tuple(
            index
            for index, result in enumerate(comparison.results)
            if all(getattr(result.settings, name) == getattr(chosen, name) for name in kept)
        )

    @Slot()
    def refresh(self, _: object = None) -> None:
        """Draws anew, if it is seen."""
        if not self.isVisible():
            return
        cells = self.cells()
        self._pages.setCurrentIndex(1 if cells else 0)
        if cells:
            self.strip.show_cells(cells, self._area.size() - QSize(2, 2))
            most = self.strip.strongest
            self.legend.setText(
                f"Heat: |ε with prompt − ε without|, 0 (dark) to {most:.2g} (pale), the steps from"
                " noise to picture, row by row. Curve: its mean. At w = 0 and w = 1 the model is"
                " asked once a step."
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
        self.setObjectName("guidanceStrip")
        self.setAccessibleName("Guidance strip")
        self.setToolTip("One noise; the guidance w grows to the right")
        self._comparison, self._frames = comparison, frames
        self._cells: tuple[int, ...] = ()
        self._side, self._across = LEAST, 5

    @property
    def strongest(self) -> float:
        return self._frames.strongest_gap

    def show_cells(self, cells: tuple[int, ...], room: QSize) -> None:
        """As large as fits: the pictures by the width, the heat maps by the height."""
        self._cells = cells
        side = (room.width() - (len(cells) - 1) * GAP) // len(cells)
        self._side = min(max(side, LEAST), MOST)
        fitting = (each for each in (3, 4, 5, 8) if self._high(each) <= room.height())
        self._across = next(fitting, 5)
        self.resize(len(cells) * (self._side + GAP) - GAP, self._high(self._across))
        self.update()

    def _tile(self, across: int) -> float:
        return (self._side - (across - 1) * TILE_GAP) / across

    def _high(self, across: int) -> int:
        """How high everything is with so many heat maps beside each other."""
        rows = math.ceil(MOST_TILES / across) * (self._tile(across) + TILE_GAP)
        return HEAD + self._side + 10 + round(rows) + 8 + CURVE + FOOT

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, index in enumerate(self._cells):
            left = number * (self._side + GAP)
            if event.rect().right() >= left and event.rect().left() <= left + self._side:
                self._paint(painter, index, float(left))
        painter.end()

    def _paint(self, painter: QPainter, index: int, left: float) -> None:
        side, scale = self._side, self.devicePixelRatioF()
        result = self._comparison.results[index]
        palette = self.palette()
        font = self.font()
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(palette.color(_ROLE.WindowText))
        middle = Qt.AlignmentFlag.AlignCenter
        heading = QRectF(left, 0, side, HEAD)
        painter.drawText(heading, middle, f"w = {result.settings.guidance:g}")
        painter.setFont(self.font())
        place = QRectF(left, HEAD, side, side)
        painter.fillRect(place, palette.color(_ROLE.Mid))
        if result.picture is not None:
            result.picture.draw(painter, place, WHOLE, scale)
        bottom = self._paint_tiles(painter, index, left, HEAD + side + 10)
        self._paint_curve(painter, index, QRectF(left, bottom + 8, side, CURVE))

    def _paint_tiles(self, painter: QPainter, index: int, left: float, top: float) -> float:
        """Heat maps of the steps, evenly chosen where there are many; returns where they end."""
        steps = max(0, len(self._comparison.results[index].times) - 1)
        across, tile = self._across, self._tile(self._across)
        shown = min(steps, MOST_TILES)
        for number in range(shown):
            frame = round(number * (steps - 1) / max(1, shown - 1))
            heat = self._frames.picture(Frame(index, frame, "gap"))
            row, column = divmod(number, across)
            x, y = left + column * (tile + TILE_GAP), top + row * (tile + TILE_GAP)
            if heat is not None:
                heat.draw(painter, QRectF(x, y, tile, tile), WHOLE, self.devicePixelRatioF())
            elif not number:
                painter.setPen(self.palette().color(_ROLE.PlaceholderText))
                room = QRectF(left, top, self._side, 3 * tile)
                told = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(room, told, "asked once:\nno gap")
        return top + math.ceil(MOST_TILES / across) * (tile + TILE_GAP)

    def _paint_curve(self, painter: QPainter, index: int, place: QRectF) -> None:
        """The mean gap against t, noise at the left, in one scale for all w."""
        palette = self.palette()
        painter.setPen(QPen(palette.color(_ROLE.Mid), 1))
        painter.drawLine(place.bottomLeft(), place.bottomRight())
        painter.setPen(palette.color(_ROLE.PlaceholderText))
        foot = QRectF(place.left(), place.bottom() + 2, place.width(), FOOT - 4)
        for words, side in (
            ("noise", Qt.AlignmentFlag.AlignLeft), ("picture", Qt.AlignmentFlag.AlignRight)
        ):  # fmt: skip
            painter.drawText(foot, side, words)
        cell = self._comparison.results[index].cell
        kept = cell.trajectory if cell is not None else None
        top = self._highest_mean()
        if kept is None or not top or not kept.gap.any():
            return
        means = kept.gap.mean(axis=(1, 2))[:-1]
        across = [1 - t for t in kept.times[: len(means)]]
        points = placed(place, across, (0.92 / top * means).tolist())
        draw_curve(painter, points, palette.color(_ROLE.Accent))

    def _highest_mean(self) -> float:
        most = 0.0
        for index in self._cells:
            cell = self._comparison.results[index].cell
            if cell is not None and cell.trajectory is not None and cell.trajectory.gap.size:
                most = max(most, float(np.max(cell.trajectory.gap.mean(axis=(1, 2)))))
        return most
