"""The frame that is looked at, large, and the cross-fade of the ends' pixels beside it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QBoxLayout, QWidget

from studio.ui.image.scaled import Picture
from studio.ui.image.sight import MOST_FIT, Lens
from studio.ui.image.view import PictureView
from studio.ui.widgets.form import row

TIP = "Scroll to zoom both, drag to pan both, double-click to fit."
CAPTION = 24  # logical pixels below a picture


class View(PictureView):
    """One picture under a lens that its neighbour shares."""

    opened = Signal(QPoint)

    def __init__(self, name: str, label: str, lens: Lens) -> None:
        super().__init__(lens, name, label, TIP)
        self._lens = lens
        self.picture: Picture | None = None
        self.caption = ""
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setMinimumSize(120, 120)

    def show_picture(self, picture: Picture | None) -> None:
        self.picture = picture
        self.update()

    def place(self) -> QRectF:
        """The square that the picture is drawn in."""
        most = float("inf") if self.picture is None else MOST_FIT * self.picture.image.width()
        room = self.height() - 2.0 - CAPTION
        side = max(1.0, min(self.width() - 2.0, room, most))
        return QRectF((self.width() - side) / 2, 1 + (room - side) / 2, side, side)

    def room(self) -> QRectF:
        return self.place()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        place = self.place()
        if self.picture is not None:
            self.picture.draw(painter, place, self._lens.part, self.devicePixelRatioF())
        self.frame(painter, place)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        below = QRectF(0, place.bottom() + 1, self.width(), CAPTION)
        right = Qt.TextElideMode.ElideRight
        text = painter.fontMetrics().elidedText(self.caption, right, self.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.opened.emit(event.globalPos())


class Stage(QWidget):
    """Two views side by side, or one above the other."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("walkStage")
        self.lens = Lens(self)
        self.walk = View("walkFrame", "Frame of the walk", self.lens)
        self.fade = View("walkFade", "Cross-fade of the ends' pixels", self.lens)
        self.fade.caption = "Pixel cross-fade"
        self._row = row((self.walk, 1), (self.fade, 1), gap=12, on=self)

    def begin(self, upright: bool, caption: str) -> None:
        """One above the other, beside a grid; or side by side, above a strip. `caption` lies below
        the walk's frame."""
        self.walk.caption = caption
        self.walk.update()
        way = QBoxLayout.Direction
        self._row.setDirection(way.TopToBottom if upright else way.LeftToRight)
