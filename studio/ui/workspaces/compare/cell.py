"""One cell of the grid: the picture, linked with all the others, and what it cost."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFontMetricsF,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from studio.ui.image.scaled import Picture, draw_part
from studio.ui.image.sight import WHOLE, Lens
from studio.ui.image.tiles import clip_round, draw_pill, draw_ring
from studio.ui.image.view import PictureView
from studio.ui.plots.painting import draw_curve, placed

_ROLE, _WITHIN = QPalette.ColorRole, Qt.ClipOperation.IntersectClip
HEAD, CAPTION, RING = 24, 42, 4  # logical pixels: above, below and around the picture
ROUND = 7
COVERS = 0.8  # how much a map does
SHADE, LIGHT = QColor(0, 0, 0, 150), QColor(255, 255, 255, 235)  # seen on any picture


class CellView(PictureView):
    """Shows what it is told to; `picked` and `opened` say what was done to it."""

    picked = Signal(int)
    opened = Signal(int)  # with the right button

    def __init__(self, index: int, lens: Lens, parent: QWidget | None = None) -> None:
        super().__init__(lens, f"cell-{index}", parent=parent)
        self.index, self._lens = index, lens
        self.heading = ""  # above the picture, where the grid has no heads of its own
        self.note = ""  # on the picture: the step and its time, or why there is none
        self.caption = ("", "")
        self.stochastic = False
        self.picture: Picture | None = None
        self.over: QImage | None = None  # a word's map, instead of the picture's colours
        self.beside: Picture | None = None  # right of the divider
        self.sides = ("", "")  # what is left and right of it
        self.share: float | None = None  # of the cell under way that is done
        self.is_current = False
        self.setMouseTracking(True)

    def show_state(self, **state: Any) -> None:
        """Takes new values of its attributes; draws itself anew only if one of them is another."""
        if any(getattr(self, name) != value for name, value in state.items()):
            vars(self).update(state)
            self.update()

    def place(self) -> QRectF:
        """Where the picture is."""
        top = RING + (HEAD if self.heading else 0)
        return QRectF(RING, top, self.width() - 2 * RING, self.height() - top - RING - CAPTION)

    def room(self) -> QRectF:
        return self.place()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = self.place()
        if self.heading:
            self._text(painter, QRectF(RING, 0, place.width(), HEAD), self.heading, bold=True)
        clip_round(painter, place, ROUND, self.palette().color(_ROLE.Mid))
        self._paint_picture(painter, place)
        painter.setClipping(False)
        if self.is_current:
            draw_ring(painter, place, ROUND + 2, self.palette().color(_ROLE.Accent), 2, 2.5)
        self._paint_caption(painter, place)
        painter.end()

    def _paint_picture(self, painter: QPainter, place: QRectF) -> None:
        scale = self.devicePixelRatioF()
        if self.picture is not None:
            self.picture.draw(painter, place, self._lens.part, scale)
            if self.over is not None:
                self._paint_over(painter, place, self.picture, self.over)
        elif self.share is None:
            self._text(painter, place, self.note, centred=True)
        if self.sides != ("", ""):
            self._paint_beside(painter, place, scale)
        elif self.picture is not None and self.note:
            self._pill(painter, self.note, place.left() + 7, place.bottom() - 7)
        if self.share is not None and self.picture is None:
            self._paint_share(painter, place, self.share)
        self._paint_cross(painter, place)

    def _paint_over(self, painter: QPainter, place: QRectF, picture: Picture, over: QImage) -> None:
        """The more it covers, the less colour of the picture's own."""
        painter.setOpacity(COVERS)
        picture.grey.draw(painter, place, self._lens.part, self.devicePixelRatioF())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        draw_part(painter, place, over, self._lens.part)
        painter.setOpacity(1.0)

    def _paint_beside(self, painter: QPainter, place: QRectF, scale: float) -> None:
        """The other run right of a divider; it follows the mouse in all cells."""
        hover, seen = self._lens.hover, self._lens.part
        at = self._over(place, seen.center() if hover is None else hover).x()
        if self.beside is not None and place.right() - at >= 1:
            painter.save()
            painter.setClipRect(place.adjusted(at - place.left(), 0, 0, 0), _WITHIN)
            self.beside.draw(painter, place, seen, scale)
            painter.restore()
        painter.fillRect(QRectF(at - 1.5, place.top(), 3, place.height()), SHADE)
        painter.fillRect(QRectF(at - 0.5, place.top(), 1, place.height()), LIGHT)
        left, right_side = self.sides
        self._pill(painter, left, place.left() + 7, place.bottom() - 7)
        self._pill(painter, right_side, place.right() - 7, place.top() + 27, right=True)

    def _over(self, place: QRectF, part: QPointF) -> QPointF:
        """The point of this widget over a point of the picture."""
        seen = self._lens.part
        by = (part - seen.topLeft()) * self._lens.zoom
        return place.topLeft() + QPointF(by.x() * place.width(), by.y() * place.height())

    def _paint_share(self, painter: QPainter, place: QRectF, share: float) -> None:
        left, width = place.left() + place.width() * 0.2, place.width() * 0.6
        painter.setPen(Qt.PenStyle.NoPen)
        for end, role in ((1.0, _ROLE.Dark), (share, _ROLE.Accent)):
            painter.setBrush(self.palette().color(role))
            painter.drawRoundedRect(QRectF(left, place.center().y() - 2, width * end, 4), 2, 2)

    def _paint_cross(self, painter: QPainter, place: QRectF) -> None:
        """The same pixel in all cells."""
        hover = self._lens.hover
        if hover is None or self.picture is None or self.sides != ("", ""):
            return
        at = self._over(place, hover)
        if not place.contains(at):
            return
        ways = QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1)
        for colour, width in ((SHADE, 3), (LIGHT, 1)):
            painter.setPen(QPen(colour, width))
            painter.drawLines([QLineF(at + way * 4, at + way * 13) for way in ways])

    def _paint_caption(self, painter: QPainter, place: QRectF) -> None:
        line = QRectF(place.left() + 1, place.bottom() + 5, place.width() - 2, 17)
        above, below = self.caption
        wave = 20 if self.stochastic and above else 0
        self._text(painter, line.adjusted(0, 0, -wave, 0), above)
        self._text(painter, line.translated(0, 17), below, muted=True)
        if wave:
            self._paint_wave(painter, QRectF(line.right() - 16, line.top() + 4, 16, 9))

    def _paint_wave(self, painter: QPainter, place: QRectF) -> None:
        """Marks a sampler that adds noise on the way."""
        along = [number / 32 for number in range(33)]
        heights = [0.5 + 0.5 * math.sin(4 * math.pi * x) for x in along]
        colour = self.palette().color(_ROLE.PlaceholderText)
        draw_curve(painter, placed(place, along, heights), colour, 1.5)

    def _text(
        self,
        painter: QPainter,
        place: QRectF,
        text: str,
        *,
        bold: bool = False,
        muted: bool = False,
        centred: bool = False,
    ) -> None:
        font = self.font()
        font.setWeight(font.Weight.DemiBold if bold else font.Weight.Normal)
        if not bold:
            font.setPointSizeF(font.pointSizeF() * 0.93)
        painter.setFont(font)
        role = _ROLE.PlaceholderText if muted or centred else _ROLE.WindowText
        painter.setPen(self.palette().color(role))
        elide = Qt.TextElideMode.ElideRight
        shown = QFontMetricsF(font).elidedText(text, elide, place.width())
        middle = Qt.AlignmentFlag.AlignVCenter
        across = Qt.AlignmentFlag.AlignHCenter if centred else Qt.AlignmentFlag.AlignLeft
        painter.drawText(place, middle | across, shown)

    def _pill(
        self, painter: QPainter, text: str, x: float, bottom: float, right: bool = False
    ) -> None:
        if not text:
            return
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.86)
        painter.setFont(font)
        wide = min(QFontMetricsF(font).horizontalAdvance(text) + 14, self.width() - 22.0)
        pill = QRectF(x - wide if right else x, bottom - 20, wide, 20)
        draw_pill(painter, pill, text, SHADE, LIGHT)

    def event(self, event: QEvent) -> bool:
        """The tooltip comes beside the picture only: it would cover what is compared."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            return self.place().contains(QPointF(event.pos())) or super().event(event)
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self.picked.emit(self.index)
        if event.button() == Qt.MouseButton.RightButton:
            self.opened.emit(self.index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        part = self.part_at(event.position())
        on = self.place().contains(event.position()) and WHOLE.contains(part)
        self._lens.point_at(part if on else None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms all pictures about the pixel under the mouse; beside the picture it scrolls."""
        if self.place().contains(event.position()):
            super().wheelEvent(event)
        else:
            event.ignore()

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._lens.point_at(None)
