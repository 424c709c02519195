"""What a pane is drawn with: the density as an image, points by hue, arrows, trails, marginals.

All take pixels, (n, 2) from the top left.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen, QPolygonF

from studio.ui.plots.painting import draw_curve, placed

HUES, PHASES = 30, 4
DOT = 3.4  # logical pixels across
HEAD = 0.34  # of an arrow's length
MOST_ALPHA = 105  # of the density, out of 255


def hue(turn: float, dark: bool) -> QColor:
    """The colour of a direction, 0 to 1; as bright as the theme needs."""
    return QColor.fromHslF(turn, 0.78 if dark else 0.72, 0.66 if dark else 0.46, 0.88)


def density_image(density: np.ndarray, colour: QColor) -> QImage:
    """A veil of one colour, opaquer where it is denser; (side, side) from below."""
    share = np.sqrt(density[::-1] / max(float(density.max()), 1e-12))
    alpha = share * MOST_ALPHA
    tint = np.array([colour.blue(), colour.green(), colour.red(), 255]) / 255
    pixels = np.ascontiguousarray((alpha[..., None] * tint).round().astype(np.uint8))
    side = len(pixels)
    form = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, side, side, 4 * side, form).copy()


@lru_cache(maxsize=8)
def dots(dark: bool, scale: float) -> tuple[QImage, ...]:
    """A dot of every hue at PHASES x PHASES places within a pixel, for so many pixels to a logical
    one: drawn once, since to draw 2,000 round points takes three times as long as to copy them."""
    side = math.ceil(DOT * scale) + 3
    places = [side // 2 + (each + 0.5) / PHASES for each in range(PHASES)]
    none = QPen(Qt.PenStyle.NoPen)
    return tuple(
        _circle(side, scale, QPointF(x, y), none, QBrush(hue((shade + 0.5) / HUES, dark)))
        for shade in range(HUES)
        for y in places
        for x in places
    )


def _circle(side: int, scale: float, middle: QPointF, pen: QPen, brush: QBrush) -> QImage:
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    painter.setBrush(brush)
    painter.drawEllipse(middle, DOT * scale / 2, DOT * scale / 2)
    painter.end()
    image.setDevicePixelRatio(scale)
    return image


def draw_points(
    painter: QPainter, pixels: np.ndarray, angles: np.ndarray, dark: bool, scale: float
) -> None:
    """Round dots in the hues of their angles, at a quarter of a device pixel."""
    sprites = dots(dark, scale)
    middle = (math.ceil(DOT * scale) + 3) // 2
    whole = np.floor(pixels * scale)
    column, row = np.floor((pixels * scale - whole) * PHASES).astype(int).T
    which = ((angles * HUES).astype(int) % HUES * PHASES + row) * PHASES + column
    corners = (whole - middle) / scale
    for (x, y), each in zip(corners.tolist(), which.tolist(), strict=True):
        painter.drawImage(QPointF(x, y), sprites[each])


def draw_rings(painter: QPainter, pixels: np.ndarray, colour: QColor, scale: float) -> None:
    """The true samples: small rings that let the particles be seen; they stand still, so one image
    of them does."""
    side = math.ceil(2 * DOT * scale)
    middle, pen = QPointF(side / 2, side / 2), QPen(colour, 0.9 * scale)
    ring = _circle(side, scale, middle, pen, QBrush(Qt.BrushStyle.NoBrush))
    for x, y in (pixels - side / scale / 2).tolist():
        painter.drawImage(QPointF(x, y), ring)


def draw_trails(painter: QPainter, trails: np.ndarray, angles: np.ndarray, dark: bool) -> None:
    """Lines to where the particles are; trails (k, Q, 2)."""
    for path, turn in zip(trails.transpose(1, 0, 2), angles.tolist(), strict=False):
        shade = hue(turn, dark)
        shade.setAlphaF(0.55)
        painter.setPen(QPen(shade, 1.0))
        ends = zip(path[:-1].tolist(), path[1:].tolist(), strict=True)
        painter.drawLines([QLineF(*start, *end) for start, end in ends])  # quicker than a polyline


def draw_arrows(painter: QPainter, places: np.ndarray, arrows: np.ndarray, colour: QColor) -> None:
    """Arrows (n, 2) in pixels, centred on `places`."""
    along, across = arrows * HEAD, np.stack((-arrows[:, 1], arrows[:, 0]), -1) * HEAD * 0.55
    tail, tip = places - arrows / 2, places + arrows / 2
    lines = [
        QLineF(*start, *end)
        for end in (tail, tip - along + across, tip - along - across)
        for start, end in zip(tip.tolist(), end.tolist(), strict=True)
    ]
    painter.setPen(QPen(colour, 1.0))
    painter.drawLines(lines)


def arrows_of(field: np.ndarray, longest: float) -> np.ndarray:
    """Vectors (n, 2) with y upwards as arrows in pixels, at most `longest`: the root of their size
    counts, so that small ones are seen beside large ones."""
    size = np.linalg.norm(field, axis=-1, keepdims=True)
    scale = max(float(np.quantile(size, 0.95)), 1e-9)
    length = longest * np.sqrt(np.minimum(size / scale, 1.0))
    return field / np.maximum(size, 1e-9) * length * np.array([1.0, -1.0])


def draw_marginal(
    painter: QPainter,
    place: QRectF,
    shares: tuple[np.ndarray, np.ndarray],
    colours: tuple[QColor, QColor],
    upright: bool,
) -> None:
    """Particles filled, the truth as a line; `shares` are 0..1 of the room, over -1..1. `upright`
    is y's, which grows to the right and runs from below."""
    painter.save()
    painter.setClipRect(place.adjusted(-1, -1, 1, 1))
    particles, truth = shares
    count = len(particles)
    edges = np.repeat(np.linspace(0, 1, count + 1), 2)
    steps = np.concatenate(([0.0], np.repeat(particles, 2), [0.0]))
    line = np.linspace(0, 1, len(truth))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colours[0])
    painter.drawPolygon(_outline(edges, steps, place, upright))
    draw_curve(painter, _outline(line, truth, place, upright), colours[1], 1.2)
    painter.restore()


def _outline(along: np.ndarray, share: np.ndarray, place: QRectF, upright: bool) -> QPolygonF:
    if upright:
        return placed(place, share.tolist(), along.tolist())
    return placed(place, along.tolist(), (1 - share).tolist())
