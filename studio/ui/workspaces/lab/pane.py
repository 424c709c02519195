"""One sampler's particles over the truth's density, with field, trails and marginals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.ui.widgets.form import named
from studio.ui.workspaces.lab import strokes
from studio.ui.workspaces.lab.motion import Motion

_ROLE = QPalette.ColorRole
MARGIN, MARGINAL, GAP, LEAST = 1, 34, 5, 120  # logical pixels
ARROWS = 15  # along one side
RINGS = 400  # true samples that are drawn
TIP = (
    "Each dot is a particle, coloured by the direction its noise lay in: an ODE keeps neighbours"
    " together, a stochastic sampler mixes them. Grey: how dense the truth is at this t. Below and"
    " at the right: where the particles are (filled) against the truth (line). From {0:g} to"
    " {1:g}; a little of the noise lies outside."
)


@dataclass(frozen=True)
class Look:
    """What is drawn: `field` is "none", "velocity" or "score"."""

    field: str = "none"
    trails: bool = False
    truth: bool = False


class Pane(QWidget):
    """Shows a Motion at `time`; without one, `words` in its place. `entered` gives the Motion."""

    entered = Signal(object)

    def __init__(self, number: int) -> None:
        super().__init__()
        named(self, f"labPane{number}", f"Particles {number + 1}")
        self.setMinimumSize(LEAST, LEAST)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # so that Space plays after a click
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.motion: Motion | None = None
        self.words = ""
        self.time = 1.0
        self.look = Look()
        self.show_words("")

    def sizeHint(self) -> QSize:
        return QSize(260, 260)

    def show_motion(self, motion: Motion) -> None:
        """From now on these particles."""
        self.motion, self.words = motion, ""
        self.setToolTip(TIP.format(-motion.extent, motion.extent))
        self.update()

    def show_words(self, words: str, forget: bool = True) -> None:
        """What stands there instead of particles, or over pale ones if they are not forgotten."""
        self.words = words
        if forget:
            self.motion = None
            self.setToolTip(words or "No sampler is chosen here.")
        self.update()

    def set_time(self, t: float) -> None:
        self.time = t
        self.update()

    def set_look(self, look: Look) -> None:
        self.look = look
        self.update()

    def plot(self) -> QRectF:
        """The square where the plane is drawn, as large as fits beside the marginals."""
        beside = MARGINAL + GAP + MARGIN
        side = max(1.0, min(self.width() - beside, self.height() - beside) - MARGIN)
        left = (self.width() - side - MARGINAL - GAP) / 2
        return QRectF(left, MARGIN, side, side)

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """Points of the plane (n, 2), y upwards, as logical pixels of this widget."""
        assert self.motion is not None
        place, extent = self.plot(), self.motion.extent
        share = (np.asarray(points, np.float64) / extent + 1) / 2
        x = place.left() + share[..., 0] * place.width()
        y = place.bottom() - share[..., 1] * place.height()
        return np.stack((x, y), -1)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        if self.motion is not None:
            self.entered.emit(self.motion)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.motion is None and not self.words:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        place = self.plot()
        painter.setPen(QPen(self._colour(_ROLE.Accent if self.hasFocus() else _ROLE.Mid), 1))
        painter.setBrush(self._colour(_ROLE.AlternateBase))
        painter.drawRoundedRect(place, 6, 6)
        if self.motion is not None:
            painter.setOpacity(0.3 if self.words else 1.0)
            painter.save()
            painter.setClipRect(place.adjusted(1, 1, -1, -1))
            self._paint_plane(painter, place, self.motion)
            painter.restore()
            self._paint_marginals(painter, place, self.motion)
            painter.setOpacity(1.0)
        if self.words:
            painter.setPen(self._colour(_ROLE.PlaceholderText))
            told = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(place.adjusted(12, 12, -12, -12), told, self.words)
        painter.end()

    def _colour(self, role: QPalette.ColorRole, alpha: float = 1.0) -> QColor:
        colour = QColor(self.palette().color(role))
        colour.setAlphaF(alpha)
        return colour

    def _paint_plane(self, painter: QPainter, place: QRectF, motion: Motion) -> None:
        density = motion.density(self.time)
        half = place.width() / (len(density) - 1) / 2  # its points are the middles of pixels
        veil = strokes.density_image(density, self._colour(_ROLE.PlaceholderText))
        painter.drawImage(place.adjusted(-half, -half, half, half), veil)
        painter.setPen(QPen(self._colour(_ROLE.Dark, 0.5), 1))
        middle = place.center()
        painter.drawLine(QPointF(place.left(), middle.y()), QPointF(place.right(), middle.y()))
        painter.drawLine(QPointF(middle.x(), place.top()), QPointF(middle.x(), place.bottom()))
        scale, dark = self.devicePixelRatioF(), self._colour(_ROLE.Window).lightness() < 128
        if self.look.trails:
            trails = self.to_pixels(motion.trails(self.time))
            strokes.draw_trails(painter, trails, motion.angles, dark)
        if self.look.truth:
            ring = self._colour(_ROLE.WindowText, 0.38)
            truth = self.to_pixels(motion.run.truth[:RINGS])
            strokes.draw_rings(painter, truth, ring, scale)
        points = self.to_pixels(motion.points(self.time))
        strokes.draw_points(painter, points, motion.angles, dark, scale)
        if self.look.field != "none":
            self._paint_field(painter, place, motion)

    def _paint_field(self, painter: QPainter, place: QRectF, motion: Motion) -> None:
        field = motion.field(self.look.field, self.time)
        side = len(field)
        picked = np.linspace(0, side - 1, min(ARROWS, side) + 2)[1:-1].round().astype(int)
        line = np.linspace(-motion.extent, motion.extent, side)[picked]
        y, x = np.meshgrid(line, line, indexing="ij")
        places = self.to_pixels(np.stack((x, y), -1).reshape(-1, 2))
        vectors = field[np.ix_(picked, picked)].reshape(-1, 2)
        arrows = strokes.arrows_of(vectors, place.width() / (len(picked) + 1) * 0.86)
        strokes.draw_arrows(painter, places, arrows, self._colour(_ROLE.WindowText, 0.55))

    def _paint_marginals(self, painter: QPainter, place: QRectF, motion: Motion) -> None:
        below = QRectF(place.left(), place.bottom() + GAP, place.width(), MARGINAL)
        beside = QRectF(place.right() + GAP, place.top(), MARGINAL, place.height())
        colours = self._colour(_ROLE.Accent, 0.5), self._colour(_ROLE.WindowText, 0.85)
        for axis, room in ((0, below), (1, beside)):
            truth = motion.true_marginal(axis, self.time)
            high = 1.12 * max(float(truth.max()), 0.5 * motion.highest)
            shares = motion.marginal(axis, self.time) / high, truth / high
            strokes.draw_marginal(painter, room, shares, colours, upright=axis == 1)
