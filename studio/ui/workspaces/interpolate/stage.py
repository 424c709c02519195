"""The frame that is looked at, large, and the cross-fade of the ends' pixels beside it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QBoxLayout, QWidget

from studio.ui.image.scaled import Picture
from studio.ui.image.sight import MOST_FIT, Lens
from studio.ui.image.tiles import fitted
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
        """Where the picture is drawn."""
        room = QRectF(1, 1, max(1.0, self.width() - 2.0), max(1.0, self.height() - 2.0 - CAPTION))
        size = QSizeF(1, 1) if self.picture is None else QSizeF(self.picture.image.size())
        place = fitted(room, size)
        if self.picture is not None and place.width() > MOST_FIT * size.width():
            place.setSize(size * MOST_FIT)
            place.moveCenter(room.center())
        return place

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
