"""Points of a plane that are pictures: zoomed with the wheel, dragged about, clicked."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QShowEvent,
)

from studio.ui.image.sight import Sight
from studio.ui.image.tiles import draw_pill, pale
from studio.ui.image.view import PictureView
from studio.ui.library.archive import Archive
from studio.ui.library.loader import Thumbnails
from studio.ui.widgets.form import named
from studio.ui.workspaces.language.vectors import Point, small

TIP = "Scroll to zoom, drag to move; a click or the arrow keys choose a point, 0 fits."
SIDE = 1000.0  # logical pixels of the whole plane at 100 %
MARGIN = 0.04
THUMB, FRAME = 48, 4  # pixels
LEAST, MOST = 15.0, 64.0  # logical pixels of a picture on the plane
ASKS = 100  # thumbnails a drawing: of more than wait the rest would be forgotten
SLICE = 0.008  # seconds: a drawing of all points takes longer, and the window waits for each slice
ARRIVED = 120  # milliseconds: thumbnails that come meanwhile are painted together
WAYS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
ZOOMS = {Qt.Key.Key_Plus: 1.2, Qt.Key.Key_Equal: 1.2, Qt.Key.Key_Minus: 1 / 1.2}


class Plane(PictureView):
    """`chosen` gives the number of the point that was clicked or gone to."""

    chosen = Signal(int)

    def __init__(self, archive: Archive) -> None:
        super().__init__(Sight())
        named(self, "mapPlane", "Map of texts and pictures", TIP)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(280, 240)
        self._archive = archive
        self.points: tuple[Point, ...] = ()
        self.at = np.zeros((0, 2))  # in parts of the plane
        self._colours: list[QColor] = []
        self._asks = ASKS
        self._sized: dict[int, QImage] = {}  # pictures with the frame of their group, as large as
        self._pixels = 0  # they are drawn: to scale a thousand takes longer than to draw them
        self._spent: list[QImage] = []  # to let go of thousands at once takes a frame
        self._drawn: tuple[QImage, QRectF] | None = None  # the points, and their plane's place
        self._draft = QImage()
        self._rest: Iterator[tuple[int, float, float]] = iter(())  # points to be drawn on it
        self._draft_place, self._side = QRectF(), LEAST
        self._stale = False  # the draft is
        self._named = 0  # the first points have their labels beside them
        self.current = self._hovered = -1
        self.thumbnails = Thumbnails(self)
        self.thumbnails.size = THUMB
        self._soon = QTimer(self, interval=ARRIVED, singleShot=True)
        self._soon.timeout.connect(self._redraw)
        self._turns = QTimer(self, interval=0)
        self._turns.timeout.connect(self._draw_some)
        self.sight.changed.connect(self._redraw)
        self.thumbnails.arrived.connect(self._arrived)

    def show_points(self, points: tuple[Point, ...], colours: Sequence[QColor], named: int) -> None:
        """What lies on the plane; where, `move_to` says. The first `named` are labelled."""
        self.points, self._colours, self._named = points, list(colours), named
        self._let_go()
        self.at = np.full((len(points), 2), 0.5)
        self.current = self._hovered = -1
        self._turns.stop()  # the draft is of other points
        self._redraw()

    def move_to(self, places: np.ndarray) -> None:
        """Points (N, 2) in any unit, x to the right and y up: fitted to the plane."""
        low, high = places.min(0), places.max(0)
        middle, span = (low + high) / 2, max(float((high - low).max()), 1e-9)
        self.at = 0.5 + (places - middle) * (1, -1) * (1 - 2 * MARGIN) / span
        self._redraw()

    def size_at_100(self) -> QSizeF:
        return QSizeF(SIDE, SIDE)

    def choose(self, number: int) -> None:
        self.current = number
        self.setAccessibleDescription(self.points[number].label)
        self.update()
        self.chosen.emit(number)

    def side(self) -> float:
        """Logical pixels of a picture: it grows slower than the plane."""
        return float(np.clip(LEAST * self.scale() ** 0.6, LEAST, MOST))

    def placed(self) -> np.ndarray:
        """Every point (N, 2) in this widget."""
        place = self.place()
        corner = (place.left(), place.top())
        return np.asarray(corner + self.at * (place.width(), place.height()))

    def point_at(self, at: QPointF) -> int:
        """The point under the mouse, -1 for none; what is drawn last is above."""
        away = np.abs(self.placed() - (at.x(), at.y())).max(1) if self.points else np.zeros(0)
        near = np.flatnonzero(away <= self.side() / 2 + 2)
        if not near.size:
            return -1
        first = near[near < self._named]
        return int(first[0] if first.size else near[-1])

    @Slot()
    def _redraw(self) -> None:
        """Draws the points anew, a slice a turn of the event loop; until then the old drawing is
        shown, moved and zoomed with the plane."""
        self._stale = True
        if self.isVisible() and not self._turns.isActive():
            self._begin()

    def _begin(self) -> None:
        """Those in sight; labelled ones last."""
        self._asks, self._stale, ratio = ASKS, False, self.devicePixelRatioF()
        placed, side, room = self.placed(), self.side(), (self.width(), self.height())
        if (pixels := round(side * ratio)) != self._pixels:
            self._pixels = pixels
            self._let_go()
        seen = np.flatnonzero(np.all((placed > -side) & (placed < np.array(room) + side), axis=1))
        order = np.concatenate((seen[seen >= self._named], seen[seen < self._named]))
        self._rest = zip(order.tolist(), *placed[order].T.tolist(), strict=True)
        self._draft = QImage(self.size() * ratio, QImage.Format.Format_ARGB32_Premultiplied)
        self._draft.setDevicePixelRatio(ratio)
        self._draft.fill(Qt.GlobalColor.transparent)
        self._draft_place, self._side = self.place(), side
        self._turns.start()

    def _let_go(self) -> None:
        self._spent += self._sized.values()
        self._sized = {}

    @Slot()
    def _draw_some(self) -> None:
        del self._spent[-100:]
        painter, end = QPainter(self._draft), time.perf_counter() + SLICE
        painter.setPen(Qt.PenStyle.NoPen)
        while done := next(self._rest, None):
            self._draw(painter, *done)
            if time.perf_counter() > end:
                break
        painter.end()
        if done is None:
            self._turns.stop()
            self._drawn = self._draft, self._draft_place
            self.update()
            if self._stale:
                self._redraw()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, placed, side = QPainter(self), self.placed(), self.side()
        if self._drawn is not None:
            (image, was), now = self._drawn, self.place()
            painter.translate(now.topLeft())
            painter.scale(now.width() / was.width(), now.height() / was.height())
            painter.drawImage(-was.topLeft(), image)
            painter.resetTransform()
        if self.current >= 0:
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Accent), 3))
            x, y = placed[self.current] - side / 2
            painter.drawRect(QRectF(x, y, side, side))
        named = range(min(self._named, len(self.points)))
        for number in (*named, *{self.current, self._hovered} - {-1, *named}):
            self._label(painter, number, placed[number], side)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._redraw()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._redraw()

    def hideEvent(self, event: QHideEvent) -> None:
        """Other views need the time that reading thumbnails takes."""
        super().hideEvent(event)
        self.thumbnails.forget()

    def _draw(self, painter: QPainter, number: int, x: float, y: float) -> None:
        """A picture, framed in its group's colour; a dot for a text and what is not read yet."""
        image, side = self._sized.get(number) or self._size_once(number), self._side
        if image is not None:
            painter.drawImage(QPointF(x - side / 2, y - side / 2), image)
        else:
            painter.setBrush(self._colours[number])
            dot = side * (0.35 if self.points[number].place is not None else 0.5)
            painter.drawEllipse(QPointF(x, y), dot / 2, dot / 2)

    def _size_once(self, number: int) -> QImage | None:
        """Asks for what is not read yet."""
        point = self.points[number]
        if point.place is None:
            return None
        found = self.thumbnails.known(point.key)
        if found is None:
            if self._asks > 0 or number < self._named:  # what is drawn last is read first
                self._asks -= 1
                self.thumbnails.ask(point.key, small, point.place, THUMB, self._archive)
            return None
        ways = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
        sized = found.scaled(self._pixels, self._pixels, *ways)
        sized = sized.convertToFormat(QImage.Format.Format_RGB32)
        painter = QPainter(sized)
        width = 2 * FRAME * self._pixels / THUMB  # half of it lies outside
        painter.setPen(QPen(self._colours[number], width))
        painter.drawRect(sized.rect())
        painter.end()
        sized.setDevicePixelRatio(self.devicePixelRatioF())
        return self._sized.setdefault(number, sized)

    def _label(self, painter: QPainter, number: int, at: np.ndarray, side: float) -> None:
        text = self.points[number].label
        metrics = self.fontMetrics()
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, 220)
        pill = QRectF(at[0] + side / 2 + 3, at[1] - 10, metrics.horizontalAdvance(text) + 16, 20)
        if pill.right() > self.width():
            pill.moveLeft(max(0.0, at[0] - side / 2 - 3 - pill.width()))
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        draw_pill(painter, pill, text, pale(self.palette()), ink)

    @Slot(object)
    def _arrived(self, _: object) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        hovered = -1 if self._dragging else self.point_at(event.position())
        if hovered != self._hovered:
            self._hovered = hovered
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        clicked = not self._dragging and self._grip is not None
        super().mouseReleaseEvent(event)
        if clicked and (number := self.point_at(event.position())) >= 0:
            self.choose(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in WAYS and self.points:
            self._walk(WAYS[key])
        elif key in ZOOMS:
            middle = self.room().center()
            self.sight.zoom_at(ZOOMS[key], middle, self.room().size(), self.size_at_100())
        elif key == Qt.Key.Key_0:
            self.sight.set_zoom(None)
        else:
            super().keyPressEvent(event)

    def _walk(self, way: tuple[int, int]) -> None:
        """To the nearest point in a direction; from nowhere to the first."""
        if self.current < 0:
            self.choose(0)
            return
        by = self.at - self.at[self.current]
        along = by @ np.array(way)
        aside = np.abs(by @ np.array(way[::-1]))
        far = np.where((along > 1e-9) & (aside <= along), along + aside, np.inf)
        if np.isfinite(far).any():
            self.choose(int(far.argmin()))
