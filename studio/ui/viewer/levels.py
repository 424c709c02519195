"""The plot of noise and signal over the steps; a click goes to a step."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.ui.output.channels import level
from studio.ui.plots.painting import draw_curve, placed

_ROLE = QPalette.ColorRole
LEFT, RIGHT, TOP, BOTTOM = 44, 24, 30, 40  # logical pixels around the axes
WIDEST = 900
DOT = 3.0


class Levels(QWidget):
    """`picked` gives the frame that was clicked."""

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.times: tuple[float, ...] = (1.0, 0.0)
        self.frame = 0
        self.setObjectName("trajectoryLevels")
        self.setAccessibleName("Noise level of every step")
        self.setToolTip("Noise σ and signal α of every step, α² + σ² = 1; a click goes there.")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 160)

    def show_times(self, times: tuple[float, ...]) -> None:
        self.times = times
        self.update()

    def show_frame(self, frame: int) -> None:
        self.frame = frame
        told = level(self.times[frame])
        self.setAccessibleDescription(f"Step {frame}: noise {told.sigma:.2f}")
        self.update()

    def place(self) -> QRectF:
        """The axes' rectangle."""
        width = min(self.width(), WIDEST)
        left = (self.width() - width) / 2
        return QRectF(left + LEFT, TOP, width - LEFT - RIGHT, self.height() - TOP - BOTTOM)

    def at(self, frame: int, share: float) -> QPointF:
        """Where a value, 0 to 1, of a frame is drawn."""
        along = frame / max(1, len(self.times) - 1)
        return placed(self.place(), (along,), (share,)).at(0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_axes(painter)
        colour = self.palette().color
        levels = [level(t) for t in self.times]
        here = self.at(self.frame, 0).x()
        place = self.place()
        painter.setPen(QPen(colour(_ROLE.PlaceholderText), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(here, place.top()), QPointF(here, place.bottom()))
        self._paint_curve(painter, [each.alpha for each in levels], colour(_ROLE.PlaceholderText))
        self._paint_curve(painter, [each.sigma for each in levels], colour(_ROLE.Accent))
        self._paint_names(painter)
        painter.end()

    def _paint_axes(self, painter: QPainter) -> None:
        place, colour = self.place(), self.palette().color
        last = len(self.times) - 1
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            y = self.at(0, share).y()
            painter.setPen(QPen(colour(_ROLE.Mid), 1))
            painter.drawLine(QPointF(place.left(), y), QPointF(place.right(), y))
            painter.setPen(colour(_ROLE.PlaceholderText))
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(place.left() - 44, y - 9, 36, 18), flags, f"{share:g}")
        for frame in sorted({round(last * n / 4) for n in range(5)}):
            x = self.at(frame, 0).x()
            words = "step 0" if frame == 0 else f"{frame}"
            where = QRectF(x - 40, place.bottom() + 8, 80, 18)
            painter.drawText(where, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_curve(self, painter: QPainter, shares: list[float], colour: QColor) -> None:
        points = [self.at(frame, share) for frame, share in enumerate(shares)]
        draw_curve(painter, QPolygonF(points), colour)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        if len(points) <= 120:
            for point in points:
                painter.drawEllipse(point, DOT, DOT)
        painter.setBrush(self.palette().color(_ROLE.Window))
        painter.setPen(QPen(colour, 2))
        painter.drawEllipse(points[self.frame], 2 * DOT, 2 * DOT)

    def _paint_names(self, painter: QPainter) -> None:
        place, colour = self.place(), self.palette().color
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
        painter.setPen(colour(_ROLE.Accent))
        painter.drawText(QRectF(place.left(), 0, 160, TOP - 8), flags, "noise σ")
        painter.setPen(colour(_ROLE.PlaceholderText))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
        painter.drawText(QRectF(place.right() - 160, 0, 160, TOP - 8), right, "signal α")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place()
        along = (event.position().x() - place.left()) / max(1.0, place.width())
        last = len(self.times) - 1
        self.picked.emit(round(min(max(along, 0.0), 1.0) * last))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)
