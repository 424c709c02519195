"""What thumbnails, cells and the large picture are drawn with."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPalette, QPen


def clip_round(painter: QPainter, area: QRectF, radius: float, ground: QColor) -> None:
    """Fills a rectangle with round corners; what is drawn from now on stays within it."""
    shape = QPainterPath()
    shape.addRoundedRect(area, radius, radius)
    painter.setClipPath(shape)
    painter.fillRect(area, ground)


def fitted(room: QRectF, shape: QSizeF) -> QRectF:
    """The largest rectangle of a shape in the middle of a room."""
    place = QRectF(QPointF(), shape.scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio))
    place.moveCenter(room.center())
    return place


def draw_tile(
    painter: QPainter, area: QRect, radius: float, image: object, palette: QPalette
) -> None:
    """A whole image on its ground, if there is one yet."""
    hints = QPainter.RenderHint
    painter.setRenderHints(hints.Antialiasing | hints.SmoothPixmapTransform)
    clip_round(painter, QRectF(area), radius, palette.color(QPalette.ColorRole.Mid))
    if isinstance(image, QImage):
        painter.drawImage(fitted(QRectF(area), QSizeF(image.size())), image)
    painter.setClipping(False)


def draw_ring(
    painter: QPainter, area: QRectF, radius: float, colour: QColor, width: float, far: float
) -> None:
    """A line with round corners `far` around a rectangle."""
    painter.setPen(QPen(colour, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(area.adjusted(-far, -far, far, far), radius, radius)


def draw_pill(painter: QPainter, pill: QRectF, text: str, ground: QColor, ink: QColor) -> None:
    """A few words on a ground with round ends."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(pill, pill.height() / 2, pill.height() / 2)
    painter.setPen(ink)
    painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)


def pale(palette: QPalette) -> QColor:
    """The ground of a pill in the theme's colours."""
    ground = QColor(palette.color(QPalette.ColorRole.AlternateBase))
    ground.setAlphaF(0.88)
    return ground
