"""How alike texts and pictures are: the matrix, as cosines or as probabilities."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QFrame, QScrollArea, QToolTip, QWidget

from studio.core.language import chances
from studio.dataset.catalogue import bundled
from studio.ui.background import Background
from studio.ui.image.qimage import thinned, to_qimage
from studio.ui.image.tiles import draw_tile
from studio.ui.starting.opener import Source
from studio.ui.widgets.buttons import small_button
from studio.ui.widgets.flow import flow
from studio.ui.widgets.form import Check, caption, column, named, row
from studio.ui.widgets.menus import add, passing_menu
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.slider_spin import SliderSpin
from studio.ui.widgets.welcome import advice
from studio.ui.workspaces.language.looking import Looking

if TYPE_CHECKING:
    from studio.ui.workspaces.language.panel import LanguagePanel

COSINE, OF_TEXTS, OF_PICTURES, SIGMOID = "cosine", "texts", "pictures", "sigmoid"
MEASURES = {
    COSINE: ("Cosine", "Of the angle between the vectors of a text and a picture"),
    OF_TEXTS: ("Softmax over texts", "Which text fits a picture: each column sums to 1"),
    OF_PICTURES: ("Softmax over pictures", "Which picture fits a text: each row sums to 1"),
    SIGMOID: ("Sigmoid", "Whether they fit, each pair for itself (SigLIP)"),
}
HEAT = "What differences of cosines are divided by; the smaller, the surer"
LEARNT = "Back to the temperature that the encoders have learnt"
HINT = "Write texts on the left, one a line, and add pictures: drop files, or press Sample."
LABELS = "Write the dataset's labels as texts, to label the pictures with (zero-shot)"
BEST = "Order the texts by how well they fit the current picture"
HEAD, WIDE, HIGH, THUMB = 210, 76, 32, 60  # logical pixels: of a text, a cell, a picture


def probabilities(cosines: np.ndarray, measure: str, heat: float, bias: float) -> np.ndarray:
    """Cosines (T, P) as one of MEASURES, float64; `heat` is the temperature."""
    if measure == COSINE:
        return cosines.astype(np.float64)
    axes = {SIGMOID: None, OF_TEXTS: 0, OF_PICTURES: 1}
    return chances(cosines, 1 / heat, bias, axes[measure])


class LikenessView(Looking):
    """Every text against every picture; only a new text or picture asks the engine."""

    def __init__(self, panel: LanguagePanel) -> None:
        super().__init__(panel, "likenessView")
        self._vectors = panel.vectors
        self._space: object = None  # whose temperature is shown
        self._cosines: np.ndarray | None = None
        self.measure = Segments("likenessMeasure", "Measure", MEASURES)
        self.heat = SliderSpin("likenessHeat", "Temperature", HEAT, 0.001, 1.0, 0.3, 3, 0.001)
        self.learnt = small_button("likenessLearnt", "Learnt", LEARNT, self._show_learnt)
        self.best = Check("likenessBest", "Best first", BEST)
        self.labels = small_button("likenessLabels", "Labels…", LABELS, self.offer_labels)
        self.matrix = Matrix()
        self.hint = advice(HINT, "likenessHint")
        self._area = named(QScrollArea(), "likenessArea")
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(self.matrix)
        upper = flow(self.measure, self.best, self.labels)
        heat = caption("Temperature", buddy=self.heat)
        column(upper, row(heat, (self.heat, 1), self.learnt), self.hint, (self._area, 1), on=self)
        desk = panel.desk
        self.follow_on(
            desk.texts_changed, desk.pictures_changed, desk.encoder_changed, panel.vectors.came
        )
        for signal in (
            desk.current_changed, self.measure.chosen, self.heat.edited, self.best.edited,
        ):  # fmt: skip
            signal.connect(self._draw)
        self.matrix.chosen.connect(desk.select)
        Background(self).start("the labels", bundled)  # to be there when they are asked for

    def follow(self) -> None:
        desk = self.desk
        texts, pictures = self._vectors.all_of(desk.texts), self._vectors.all_of(desk.sources)
        self._cosines = None if texts is None or pictures is None else texts @ pictures.T
        self.hint.setVisible(not (desk.texts and desk.sources))
        if self._cosines is None:
            self._vectors.want()
        elif self._space is not self._vectors.space:
            self._space = self._vectors.space
            self._show_learnt()
        self._draw()

    @Slot()
    def _show_learnt(self) -> None:
        if (space := self._vectors.space) is not None:
            self.heat.set_value(1 / space.scale)
        self._draw()

    @Slot()
    def _draw(self, _: object = None) -> None:
        if not self.isVisible():
            return  # the desk may have changed since
        measure, space, desk = self.measure.value, self._vectors.space, self.desk
        for control in (self.heat, self.learnt):
            control.setEnabled(measure != COSINE)
        self.matrix.setVisible(self._cosines is not None)
        if self._cosines is None or space is None:
            return
        values = probabilities(self._cosines, measure, self.heat.value(), space.bias)
        order = list(range(len(desk.texts)))
        if self.best.isChecked():
            order.sort(key=lambda text: -values[text, desk.current])
        texts = tuple(desk.texts[each] for each in order)
        self.matrix.show_values(texts, desk.sources, values[order], measure == COSINE)
        self.matrix.mark(desk.current)

    @Slot()
    def offer_labels(self) -> None:
        """The dataset's groups, or the names of all things in one of them."""
        menu = passing_menu(self, "likenessLabelsMenu")
        groups: dict[str, list[str]] = {}
        for concept in bundled().concepts:
            groups.setdefault(concept.group, []).append(concept.label)
        add(menu, "labels-groups", "The groups", partial(self._write, list(groups)))
        menu.addSeparator()
        for group, labels in groups.items():
            text = f"All {len(labels)} names: {group}"
            add(menu, f"labels-{group}", text, partial(self._write, labels))
        menu.popup(self.labels.mapToGlobal(QPoint(0, self.labels.height())))

    def _write(self, labels: list[str]) -> None:
        self.best.setChecked(True)
        self.panel.column.texts.set_value("\n".join(labels))


class Matrix(QWidget):
    """A row a text, a column a picture; a click or the arrow keys choose a picture."""

    chosen = Signal(int)  # the picture's number

    def __init__(self) -> None:
        super().__init__()
        named(self, "likenessMatrix", "Likeness of texts and pictures")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.texts: tuple[str, ...] = ()
        self.values = np.zeros((0, 0))
        self._cosines = True
        self._sources: tuple[Source, ...] = ()
        self._thumbs: dict[Source, QImage] = {}
        self._at = 0

    def show_values(
        self, texts: tuple[str, ...], sources: tuple[Source, ...], values: np.ndarray, cosines: bool
    ) -> None:
        """`values` (T, P); cosines are shaded from the least to the largest, others from 0 to 1."""
        self.texts, self._sources, self.values, self._cosines = texts, sources, values, cosines
        self._thumbs = {each: self._thumbs.get(each) or _thumb(each) for each in sources}
        self.resize(self.sizeHint())
        self.update()

    def mark(self, number: int) -> None:
        """The current picture; a screen reader is told what fits it best."""
        self._at = number
        best = np.argsort(-self.values[:, number])[:3] if number < self.values.shape[1] else ()
        told = (f"{self.texts[each]} {self._words(each, number)}" for each in best)
        self.setAccessibleDescription(", ".join(told))
        self.update()

    def sizeHint(self) -> QSize:
        rows, columns = self.values.shape
        return QSize(HEAD + columns * WIDE, THUMB + 8 + rows * HIGH)

    def cell(self, text: int, picture: int) -> QRect:
        return QRect(HEAD + picture * WIDE, THUMB + 8 + text * HIGH, WIDE - 3, HIGH - 3)

    def _words(self, text: int, picture: int) -> str:
        value = self.values[text, picture]
        return f"{value:.3f}" if self._cosines else f"{100 * value:.2f} %"

    def _shades(self) -> np.ndarray:
        if not self._cosines or not self.values.size:
            return self.values
        low, high = self.values.min(), self.values.max()
        return (self.values - low) / max(high - low, 1e-9)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Only the cells in sight."""
        painter, colour = QPainter(self), self.palette().color
        (rows, columns), seen = self.values.shape, event.rect()
        first, last = ((y - THUMB - 8) // HIGH for y in (seen.top(), seen.bottom()))
        shades, metrics = self._shades(), self.fontMetrics()
        accent, ink = colour(QPalette.ColorRole.Accent), colour(QPalette.ColorRole.WindowText)
        for number, source in enumerate(self._sources):
            place = QRect(HEAD + number * WIDE + (WIDE - 3 - THUMB) // 2, 2, THUMB, THUMB)
            draw_tile(painter, place, 6, self._thumbs[source], self.palette())
            if number == self._at:
                painter.setPen(QPen(accent, 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(QRectF(place).adjusted(-1, -1, 1, 1), 7, 7)
        for text in range(max(0, first), min(rows, last + 1)):
            line = QRect(0, THUMB + 8 + text * HIGH, HEAD - 10, HIGH - 3)
            painter.setPen(ink)
            shown = metrics.elidedText(self.texts[text], Qt.TextElideMode.ElideRight, HEAD - 12)
            sides = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(line, sides, shown)
            for picture in range(columns):
                shade, cell = float(shades[text, picture]), self.cell(text, picture)
                ground = QColor(accent)
                ground.setAlphaF(min(1.0, 0.06 + 0.94 * shade))
                painter.fillRect(cell, ground)
                role = "HighlightedText" if shade > 0.55 else "WindowText"
                painter.setPen(colour(QPalette.ColorRole[role]))
                painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, self._words(text, picture))
        painter.end()

    def _at_point(self, at: QPointF) -> tuple[int, int]:
        """The text (-1: none, the head) and the picture under the mouse."""
        return int(at.y() - THUMB - 8) // HIGH, int(at.x() - HEAD) // WIDE

    def mousePressEvent(self, event: QMouseEvent) -> None:
        _, picture = self._at_point(event.position())
        if 0 <= picture < len(self._sources):
            self.chosen.emit(picture)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if by:
            self.chosen.emit(self._at + by)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            text, picture = self._at_point(event.pos().toPointF())
            if 0 <= picture < len(self._sources):
                told = self._sources[picture].name
                if 0 <= text < len(self.texts):
                    told = f"{self.texts[text]}\n{told}\n{self._words(text, picture)}"
                QToolTip.showText(event.globalPos(), told, self)
            return True
        return super().event(event)


def _thumb(source: Source) -> QImage:
    return to_qimage(thinned(source.pixels, 8 * THUMB))
