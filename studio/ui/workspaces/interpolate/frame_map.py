"""All frames of the walk, each where it lies: a strip between two ends, a grid among four.

A frame that is not made yet shows its nearest neighbour, pale, so that the walk is seen at once.
"""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.ui.image.tiles import draw_ring
from studio.ui.widgets.form import named
from studio.ui.workspaces.interpolate.course import Course

_ROLE = QPalette.ColorRole
HIGH, LOW = 92.0, 48.0  # logical pixels of a strip's frames
RING = 3  # pixels around the frame that is shown
TOP = 3.0  # room for the ring
SPEED = 24  # below a strip: how far its frames look from each other
WIDE_GAP, NARROW = 4.0, 20.0  # between frames; frames narrower than this touch
MOST_HIGH = 16777215  # Qt's own limit
PALE = 0.22
TIP = (
    "Click or drag to look at a frame; the arrow keys move on. The bars below a strip show how"
    " different neighbours look."
)


class FrameMap(QWidget):
    """`picked` gives the frame that was clicked or dragged over, `opened` asks for its menu."""

    picked = Signal(int)
    opened = Signal(QPoint)

    def __init__(self, course: Course) -> None:
        super().__init__()
        self._course = course
        self.current = 0
        named(self, "walkMap", "Frames of the walk", TIP)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(160)
        course.began.connect(self._began)
        course.framed.connect(self._framed)
        course.measured.connect(self.update)
        self._began()

    @property
    def is_grid(self) -> bool:
        return self._course.shape[0] > 1

    def sizeHint(self) -> QSize:
        return QSize(480, 480 if self.is_grid else self.minimumHeight())

    def place(self, index: int) -> QRectF:
        """Where a frame is drawn."""
        rows, columns = self._course.shape
        row, column = divmod(index, max(columns, 1))
        pitch = self._pitch()
        gap = WIDE_GAP if min(pitch.width(), pitch.height()) > NARROW else 0.0
        left = (self.width() - pitch.width() * columns) / 2
        top = (self.height() - pitch.height() * rows) / 2 if self.is_grid else TOP
        corner = QPointF(left + column * pitch.width(), top + row * pitch.height())
        return QRectF(
            corner, QSizeF(pitch.width() - gap, pitch.height() - (gap if rows > 1 else 0))
        )

    def _pitch(self) -> QSizeF:
        """From one frame to the next: whole ones, or slices where a strip has many."""
        (rows, columns), shape = self._course.shape, self._course.wide
        room = QSizeF(self.width() - 2 * RING, self.height() - 2 * RING)
        if rows == 1:
            wide = min(HIGH * shape + WIDE_GAP, room.width() / max(columns, 1))
            return QSizeF(wide, max(LOW, (wide - WIDE_GAP) / shape))
        high = min(room.width() / columns / shape, room.height() / rows)
        return QSizeF(high * shape, high)

    def frame_at(self, where: QPointF) -> int | None:
        """The frame under, or nearest to, a point."""
        if not self._course.count:
            return None
        by, pitch = where - self.place(0).topLeft(), self._pitch()
        return self._index(int(by.y() // pitch.height()), int(by.x() // pitch.width()))

    def select(self, index: int) -> None:
        """Marks a frame."""
        if index != self.current:
            before, self.current = self.current, index
            for each in (before, index):
                self._redraw(each)
            self.setAccessibleDescription(f"Frame {index + 1} of {self._course.count}")

    def neighbour(self, across: int, down: int) -> int:
        """The frame so many columns and rows from the current one, within the walk."""
        row, column = divmod(self.current, max(self._course.shape[1], 1))
        return self._index(row + down, column + across)

    def _index(self, row: int, column: int) -> int:
        """Of the frame there, or the nearest to there within the walk."""
        rows, columns = self._course.shape
        return min(max(row, 0), rows - 1) * columns + min(max(column, 0), columns - 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale, stale = self.devicePixelRatioF(), event.region()
        for index in range(self._course.count):
            place = self.place(index)
            if stale.intersects(place.toAlignedRect()):
                self._paint_frame(painter, index, place, scale)
        if self._course.count:
            accent, width = self.palette().color(_ROLE.Accent), 3 if self.hasFocus() else 2
            draw_ring(painter, self.place(self.current), 2, accent, width, 1)
        if not self.is_grid and event.rect().bottom() > self.place(0).bottom() + RING:
            self._paint_speed(painter)
        painter.end()

    def _paint_frame(self, painter: QPainter, index: int, place: QRectF, scale: float) -> None:
        shown = self._course.nearest(index)
        if shown != index:
            painter.fillRect(place, self.palette().color(_ROLE.Mid))
            painter.setOpacity(PALE)
        if shown is not None:
            shape = place.width() / place.height()
            part = min(1.0, shape / self._course.wide)  # a slice of the middle
            picture = self._course.pictures[shown]
            picture.draw(painter, place, QRectF((1 - part) / 2, 0, part, 1), scale)
        painter.setOpacity(1.0)

    def _paint_speed(self, painter: QPainter) -> None:
        """A bar between neighbours for each distance, the longest as high as there is room."""
        spaced = self._course.spaced
        if spaced is None or not max(spaced.distances):
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(_ROLE.Accent))
        for index, distance in enumerate(spaced.distances):
            left, right = self.place(index), self.place(index + 1)
            high = (SPEED - 10) * distance / max(spaced.distances)
            wide = min(10.0, max(1.0, left.width() / 3))
            middle = (left.right() + right.left()) / 2
            painter.drawRect(QRectF(middle - wide / 2, left.bottom() + 5, wide, max(1.0, high)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pick(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._pick(event)

    def _pick(self, event: QMouseEvent) -> None:
        found = self.frame_at(event.position())
        if found is not None:
            self.picked.emit(found)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._course.count:
            self.opened.emit(event.globalPos())

    @Slot()
    def _began(self) -> None:
        self.current = 0
        self._fit()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def _fit(self) -> None:
        """A strip is as high as its frames, a grid takes what there is."""
        high = 160 if self.is_grid else round(self._pitch().height() + TOP) + SPEED
        self.setMinimumHeight(high)
        self.setMaximumHeight(MOST_HIGH if self.is_grid else high)

    @Slot(int)
    def _framed(self, made: int) -> None:
        """Draws it, and the pale ones that have it for a neighbour now."""
        for index in range(self._course.count):
            if self._course.nearest(index) == made:
                self._redraw(index)

    def _redraw(self, index: int) -> None:
        if index < self._course.count:
            area = self.place(index).toAlignedRect()
            self.update(QRegion(area.adjusted(-RING, -RING, RING, RING)))
