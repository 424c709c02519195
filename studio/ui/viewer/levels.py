"""The plot of noise and signal over the steps; a click goes to a step."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.ui.output.channels import level
from studio.ui.plots.painting import draw_curve, placed
from studio.ui.widgets.form import named

_ROLE, _ALIGN = QPalette.ColorRole, Qt.AlignmentFlag
LEFT, RIGHT, TOP, BOTTOM = 44, 24, 30, 40  # logical pixels around the axes
WIDEST = 900
TIP = "Noise σ and signal α of every step, α² + σ² = 1; a click goes there."
DOT, MOST_DOTS = 3.0, 120


class Levels(QWidget):
    """`picked` gives the frame that was clicked."""

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.times: tuple[float, ...] = (1.0, 0.0)
        self.frame = 0
        named(self, "trajectoryLevels", "Noise level of every step", TIP)
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
        muted, accent = map(self.palette().color, (_ROLE.PlaceholderText, _ROLE.Accent))
        painter.setPen(QPen(muted, 1, Qt.PenStyle.DashLine))
        painter.drawLine(self.at(self.frame, 0), self.at(self.frame, 1))
        levels = [level(t) for t in self.times]
        head = QRectF(self.place().left(), 0, self.place().width(), TOP - 8)
        for name, shares, colour, side in (
            ("signal α", [each.alpha for each in levels], muted, _ALIGN.AlignRight),
            ("noise σ", [each.sigma for each in levels], accent, _ALIGN.AlignLeft),
        ):
            self._paint_curve(painter, shares, colour)
            painter.setPen(colour)
            painter.drawText(head, side | _ALIGN.AlignBottom, name)
        painter.end()

    def _paint_axes(self, painter: QPainter) -> None:
        colour, last = self.palette().color, len(self.times) - 1
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            left, right = self.at(0, share), self.at(last, share)
            painter.setPen(QPen(colour(_ROLE.Mid), 1))
            painter.drawLine(left, right)
            painter.setPen(colour(_ROLE.PlaceholderText))
            where = QRectF(left.x() - 44, left.y() - 9, 36, 18)
            painter.drawText(where, _ALIGN.AlignRight | _ALIGN.AlignVCenter, f"{share:g}")
        for frame in sorted({round(last * n / 4) for n in range(5)}):
            below = self.at(frame, 0)
            where = QRectF(below.x() - 40, below.y() + 8, 80, 18)
            painter.drawText(where, _ALIGN.AlignCenter, f"{frame}" if frame else "step 0")

    def _paint_curve(self, painter: QPainter, shares: list[float], colour: QColor) -> None:
        points = [self.at(frame, share) for frame, share in enumerate(shares)]
        draw_curve(painter, QPolygonF(points), colour)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        for point in points if len(points) <= MOST_DOTS else ():
            painter.drawEllipse(point, DOT, DOT)
        painter.setBrush(self.palette().color(_ROLE.Window))
        painter.setPen(QPen(colour, 2))
        painter.drawEllipse(points[self.frame], 2 * DOT, 2 * DOT)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place()
        along = (event.position().x() - place.left()) / max(1.0, place.width())
        last = len(self.times) - 1
        self.picked.emit(round(min(max(along, 0.0), 1.0) * last))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)
