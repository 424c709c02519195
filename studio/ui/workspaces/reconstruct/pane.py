"""One picture of the wall, the original or a reconstruction, and what all of them show of it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget

from studio.core.autoencoding import Figures, Reconstructed
from studio.gallery.heat import heat_map
from studio.ui.image.qimage import to_qimage
from studio.ui.image.sight import Sight
from studio.ui.image.view import PictureView
from studio.ui.recent import Recent
from studio.ui.widgets.form import caption, column
from studio.ui.workspaces.reconstruct.workbench import short

UNBROKEN = "\u00a0"
FARTHEST = 0.6  # LPIPS at a pixel that is drawn in the last colour
KEPT = 7  # images of a pane, among them gains that the slider passed
TIP = "Scroll to zoom all, drag to pan all, double-click for fit or 100 %."


class WallSight(Sight):
    """`shown` is "picture", "difference" or "lpips", `gain` multiplies differences. Left of `wipe`
    (0 to 1) panes show the original, None for no wipe; `original` shows it in all, for a flicker.
    """

    shown = "picture"
    gain = 4.0
    wipe: float | None = None
    original = False

    def set_wipe(self, wipe: float) -> None:
        """Within the picture."""
        self.show(wipe=min(max(wipe, 0.0), 1.0))


class Pane(PictureView):
    """`chosen` says that it was clicked. `result` None is the original itself."""

    chosen = Signal()

    def __init__(
        self, name: str, original: np.ndarray, result: Reconstructed | None, sight: WallSight
    ) -> None:
        super().__init__(sight, f"pane-{name}", name, TIP)
        self.sight: WallSight = sight
        self.name, self.original, self.result = name, original, result
        self.setAccessibleDescription("" if result is None else ", ".join(told(result.figures)))
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setMinimumSize(120, 120)
        self._images: Recent[tuple[str, float], QImage] = Recent(KEPT)
        self._wiping = False

    def image(self) -> QImage:
        """What the sight asks for, made when first looked at."""
        original = self.result is None or self.sight.original
        return self._image("original" if original else self.sight.shown)

    def _image(self, shown: str) -> QImage:
        key = (shown, self.sight.gain if shown == "difference" else 1.0)
        found = self._images.look(key)
        return self._images.keep(key, to_qimage(self._pixels(shown))) if found is None else found

    def _pixels(self, shown: str) -> np.ndarray:
        if self.result is None or shown == "original":
            return self.original
        if shown == "difference":
            return signed_difference(self.original, self.result.image, self.sight.gain)
        if shown == "lpips" and self.result.lpips_map is not None:
            return heat_map(self.result.lpips_map, FARTHEST)
        return self.result.image

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, place = QPainter(self), self.place()
        self.draw(painter, self.image())
        if self.sight.wipe is not None and self.result is not None:
            self._paint_wipe(painter, place, place.left() + self.sight.wipe * place.width())
        self.frame(painter, place)
        painter.end()

    def _paint_wipe(self, painter: QPainter, place: QRectF, line: float) -> None:
        """The original left of the line."""
        painter.setClipRect(QRectF(place.topLeft(), QPointF(line, place.bottom())))
        self.draw(painter, self._image("original"))
        painter.setClipping(False)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
        painter.drawLine(QPointF(line, place.top()), QPointF(line, place.bottom()))

    def size_at_100(self) -> QSizeF:
        return QSizeF(self.original.shape[1], self.original.shape[0])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The wipe follows the mouse from here on, where there is one."""
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit()
            self._wiping = self.sight.wipe is not None
            self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._wiping:
            self.sight.set_wipe(self.part_at(event.position()).x())
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self._wiping = False


class Framed(QWidget):
    """A pane with its name above and its figures below."""

    def __init__(self, pane: Pane) -> None:
        super().__init__()
        self.pane = pane
        facts = ["the original"] if pane.result is None else told(pane.result.figures)
        text = " · ".join(fact.replace(" ", UNBROKEN) for fact in facts)
        note = "" if pane.result is None else pane.result.note
        figures = caption(text, "muted", f"figures-{pane.name}", note, wrap=True)
        figures.setAlignment(Qt.AlignmentFlag.AlignTop)
        figures.ensurePolished()
        figures.setMinimumHeight(2 * figures.fontMetrics().lineSpacing())  # panes of one size
        title = caption(short(pane.name), "title", tip=pane.name)
        column(title, (pane, 1), figures, gap=3, on=self)


def told(figures: Figures) -> list[str]:
    """The figures that stand under a picture."""
    facts = [f"{figures.psnr:.1f} dB"]
    for name, value in (("SSIM", figures.ssim), ("LPIPS", figures.lpips)):
        if value is not None:
            facts.append(f"{name} {value:.3f}")
    return [*facts, f"{figures.compression:.3g} : 1"]


def signed_difference(original: np.ndarray, other: np.ndarray, gain: float) -> np.ndarray:
    """Grey where equal, lighter where the other is lighter: (H, W, 3) uint8."""
    gap = other.astype(np.int16) - original
    return np.clip(128 + gain * gap, 0, 255).astype(np.uint8)
