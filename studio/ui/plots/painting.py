"""Curves that a widget paints itself: points in parts of a rectangle, and lines through them."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF


def placed(place: QRectF, across: Iterable[float], up: Iterable[float]) -> QPolygonF:
    """Points from (0, 0), the lower left corner, to (1, 1), the upper right one."""
    left, bottom, width, height = place.left(), place.bottom(), place.width(), place.height()
    pairs = zip(across, up, strict=True)
    return QPolygonF([QPointF(left + x * width, bottom - y * height) for x, y in pairs])


def draw_curve(painter: QPainter, points: QPolygonF, colour: QColor, width: float = 2) -> None:
    """A line through points."""
    painter.setPen(QPen(colour, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(points)
