"""A view of a picture: the wheel zooms about the mouse, dragging moves, double-click fits."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPalette, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.ui.image.scaled import SQUARES_FROM
from studio.ui.image.sight import Sight

CLICK = 4  # a press that moves less is a click
TURN = 1.2  # what a notch of the wheel enlarges by


class PictureView(QWidget):
    """What has a sight; a subclass says how large its picture is, and draws it."""

    def __init__(
        self,
        sight: Sight,
        name: str = "",
        label: str = "",
        tip: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setToolTip(tip)
        self.sight = sight
        self._grip: QPointF | None = None
        self._dragging = False
        expanding = QSizePolicy.Policy.Expanding
        self.setSizePolicy(expanding, expanding)
        sight.changed.connect(self.update)

    def room(self) -> QRectF:
        """Where the picture is fitted."""
        return QRectF(self.rect())

    def size_at_100(self) -> QSizeF:
        """The picture's, in logical pixels."""
        return self.room().size()

    def place(self) -> QRectF:
        """Where the whole picture is drawn, at whole pixels."""
        room = self.room()
        whole = self.sight.place(room.size(), self.size_at_100()).translated(room.topLeft())
        return QRectF(QPointF(whole.topLeft().toPoint()), whole.size())

    def scale(self) -> float:
        """Logical pixels for a picture's pixel, now."""
        return self.sight.scale(self.room().size(), self.size_at_100())

    def part_at(self, at: QPointF) -> QPointF:
        """The point of the picture under a point of this widget."""
        room = self.room()
        return self.sight.part_at(at - room.topLeft(), room.size(), self.size_at_100())

    def draw(self, painter: QPainter, image: QImage, smooth: bool = False) -> None:
        """The whole image at its place, its pixels as squares from SQUARES_FROM on."""
        small = self.scale() * self.devicePixelRatioF() < SQUARES_FROM
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth or small)
        painter.drawImage(self.place(), image, QRectF(image.rect()))

    def frame(self, painter: QPainter, place: QRectF) -> None:
        """A thin line around a picture."""
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.drawRect(place.adjusted(-0.5, -0.5, 0.5, 0.5))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if turn := event.angleDelta().y():
            room = self.room()
            at = event.position() - room.topLeft()
            self.sight.zoom_at(TURN ** (turn / 120), at, room.size(), self.size_at_100())
            event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._grip, self._dragging = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is None:
            return
        by = event.position() - self._grip
        if self._dragging or by.manhattanLength() > CLICK:
            self._dragging, self._grip = True, event.position()
            self.sight.move(by, self.room().size(), self.size_at_100())
            if self.sight.zoom is not None:
                self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.sight.set_zoom(1.0 if self.sight.zoom is None else None)
