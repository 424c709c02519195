"""One cell of the grid: the picture, linked with all the others, and what it cost."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFontMetricsF,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from studio.ui.image.scaled import Picture
from studio.ui.image.sight import WHOLE, Lens
from studio.ui.image.tiles import clip_round, draw_pill, draw_ring
from studio.ui.image.view import PictureView

_ROLE = QPalette.ColorRole
HEAD, CAPTION, RING = 24, 42, 4  # logical pixels: above, below and around the picture
ROUND = 7
SHADE, LIGHT = QColor(0, 0, 0, 150), QColor(255, 255, 255, 235)  # seen on any picture


class CellView(PictureView):
    """Shows what it is told to; `picked` and `opened` say what was done to it."""

    picked = Signal(int)
    opened = Signal(int)  # with the right button

    def __init__(self, index: int, lens: Lens, parent: QWidget | None = None) -> None:
        super().__init__(lens, parent)
        self.index, self._lens = index, lens
        self.heading = ""  # above the picture, where the grid has no heads of its own
        self.note = ""  # on the picture: the step and its time, or why there is none
        self.caption = ("", "")
        self.stochastic = False
        self.picture: Picture | None = None
        self.beside: Picture | None = None  # right of the divider
        self.sides = ("", "")  # what is left and right of it
        self.share = -1.0  # of the cell under way that is done; negative: none
        self.is_current = False
        self.setObjectName(f"cell-{index}")
        self.setMouseTracking(True)

    def show_state(
        self,
        picture: Picture | None,
        note: str,
        caption: tuple[str, str],
        share: float,
        stochastic: bool,
    ) -> None:
        """Draws itself anew only when something of it has changed."""
        state = (picture, note, caption, share, stochastic)
        if state != (self.picture, self.note, self.caption, self.share, self.stochastic):
            self.picture, self.note, self.caption, self.share, self.stochastic = state
            self.update()

    def show_beside(self, beside: Picture | None, sides: tuple[str, str]) -> None:
        """Another picture right of a divider, with what is on both sides; ("", ""): none."""
        if (beside, sides) != (self.beside, self.sides):
            self.beside, self.sides = beside, sides
            self.update()

    def place(self) -> QRectF:
        """Where the picture is."""
        top = RING + (HEAD if self.heading else 0)
        side = self.width() - 2 * RING
        return QRectF(RING, top, side, side)

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
        elif self.share < 0:
            self._text(painter, place, self.note, centred=True)
        if self.sides != ("", ""):
            self._paint_beside(painter, place, scale)
        elif self.picture is not None and self.note:
            self._pill(painter, self.note, place.left() + 7, place.bottom() - 7)
        if self.share >= 0 and self.picture is None:
            self._paint_share(painter, place)
        self._paint_cross(painter, place)

    def _paint_beside(self, painter: QPainter, place: QRectF, scale: float) -> None:
        """The other run right of a divider; it follows the mouse in all cells."""
        at = self._divider(place)
        if self.beside is not None:
            right = QRectF(place)
            right.setLeft(at)
            part = QRectF(self._lens.part)
            part.setLeft(part.left() + part.width() * (at - place.left()) / place.width())
            if right.width() >= 1:
                self.beside.draw(painter, right, part, scale)
        painter.fillRect(QRectF(at - 1.5, place.top(), 3, place.height()), SHADE)
        painter.fillRect(QRectF(at - 0.5, place.top(), 1, place.height()), LIGHT)
        left, right_side = self.sides
        self._pill(painter, left, place.left() + 7, place.bottom() - 7)
        self._pill(painter, right_side, place.right() - 7, place.top() + 27, right=True)

    def _divider(self, place: QRectF) -> float:
        hover = self._lens.hover
        if hover is None:
            return place.center().x()
        return self._over(place, hover).x()

    def _over(self, place: QRectF, part: QPointF) -> QPointF:
        """The point of this widget over a point of the picture."""
        seen = self._lens.part
        return place.topLeft() + (part - seen.topLeft()) * self._lens.zoom * place.width()

    def _paint_share(self, painter: QPainter, place: QRectF) -> None:
        bar = QRectF(place.left() + place.width() * 0.2, place.center().y() - 2, 0, 4)
        bar.setWidth(place.width() * 0.6)
        for end, role in ((1.0, _ROLE.Dark), (self.share, _ROLE.Accent)):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.palette().color(role))
            painter.drawRoundedRect(QRectF(bar.topLeft(), bar.size()).adjusted(
                0, 0, -bar.width() * (1 - end), 0
            ), 2, 2)  # fmt: skip

    def _paint_cross(self, painter: QPainter, place: QRectF) -> None:
        """The same pixel in all cells."""
        hover = self._lens.hover
        if hover is None or self.picture is None or self.sides != ("", ""):
            return
        at = self._over(place, hover)
        if not place.contains(at):
            return
        for colour, width in ((SHADE, 3), (LIGHT, 1)):
            painter.setPen(QPen(colour, width))
            for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                painter.drawLine(at + QPointF(4 * x, 4 * y), at + QPointF(13 * x, 13 * y))

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
        path, quarter = QPainterPath(), place.width() / 4
        path.moveTo(place.left(), place.center().y())
        for number, height in enumerate((-1, 1, -1, 1)):
            x = place.left() + number * quarter
            middle = place.center().y()
            path.quadTo(x + quarter / 2, middle + height * place.height(), x + quarter, middle)
        painter.setPen(QPen(self.palette().color(_ROLE.PlaceholderText), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)

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
