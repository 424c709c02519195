"""How the text tower reads: what each piece attends to, head by head, and where pieces stand."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QIcon, QPalette, QPixmap, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QToolButton, QWidget

from studio.core.language import Read, ReadText
from studio.gallery.heat import heat_map
from studio.ui.image.qimage import to_qimage
from studio.ui.widgets.form import caption, clear, column, named, row
from studio.ui.widgets.welcome import advice
from studio.ui.workspaces.language.looking import Looking
from studio.ui.workspaces.language.matrix import Matrix

if TYPE_CHECKING:
    from studio.ui.workspaces.language.panel import LanguagePanel

HINT = "Type a text on the left: here is what its pieces attend to."
HEAD = 62  # logical pixels of a head's small matrix
MATRIX = "A row is a piece, bright where it attends to; click a row or use the arrow keys"
POSITIONS = "A row is a place in the text, a column a channel of what is added to the piece there"
MOST_TOLD = 4


class AttentionView(Looking):
    """The heads, small; one of them large; what the chosen piece attends to; the positions."""

    def __init__(self, panel: LanguagePanel) -> None:
        super().__init__(panel, "attentionView")
        self.found: ReadText | None = None
        self.head = 0, 0  # layer, head
        self.matrix = Matrix("attentionMatrix", "Attention between pieces", MATRIX)
        self.hint = advice(HINT, "attentionHint")
        self.words = caption("", "", "attentionWords", wrap=True)
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.learned = Matrix("learnedPositions", "Learned positions", POSITIONS)
        self.sinusoids = Matrix("sinusoids", "Sinusoidal positions", POSITIONS)
        self.heads = QButtonGroup(self)
        self._heads, self._body = QWidget(), QWidget()
        self._grid = QGridLayout(self._heads)
        self._grid.setSpacing(4)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        upper = row(self._heads, (self.matrix, 1), gap=16)
        left = column(caption("Positions that this tower learned", "title"), (self.learned, 1))
        right = column(caption("Sinusoids (Vaswani et al. 2017)", "title"), (self.sinusoids, 1))
        lower = row((left, 1), (right, 1), gap=16)
        column((upper, 3), self.words, (lower, 1), gap=10, on=self._body)
        column((self.hint, 1), (self._body, 1), on=self)
        self._body.hide()
        self._read = self.asking(ReadText, self._show)
        self.matrix.picked.connect(self._tell)
        self.follow_on(self.desk.text_changed)

    def follow(self) -> None:
        if self.desk.text:
            self._read.want(Read(self.desk.text))
        else:
            self._read.drop()
            self._reveal(False)

    def _reveal(self, found: bool) -> None:
        self._body.setVisible(found)
        self.hint.setVisible(not found)

    @Slot(object)
    def _show(self, event: ReadText) -> None:
        if self.found is None:  # they are the same for every text
            for matrix, values in (
                (self.learned, event.positions), (self.sinusoids, event.sinusoids)
            ):  # fmt: skip
                ordered = np.sort(values, None)  # np.percentile imports much when first called
                few = len(ordered) // 100
                matrix.show_values(values, ordered[few], ordered[-1 - few])
        self.found = event
        self._reveal(True)
        layers, heads = event.attention.shape[:2]
        if len(self.heads.buttons()) != layers * heads:
            self._lay_out(layers, heads)
        for button, weights in zip(
            self.heads.buttons(),
            event.attention.reshape(-1, *event.attention.shape[2:]),
            strict=True,
        ):
            image = to_qimage(heat_map(weights, 1.0)).scaled(HEAD, HEAD)
            button.setIcon(QIcon(QPixmap.fromImage(image)))
        self._show_head()

    def _lay_out(self, layers: int, heads: int) -> None:
        """A button a head, a row a layer."""
        for button in self.heads.buttons():
            self.heads.removeButton(button)
        clear(self._grid)
        for layer in range(layers):
            self._grid.addWidget(caption(f"Layer {layer + 1}"), layer, 0)
            for head in range(heads):
                label = f"Layer {layer + 1}, head {head + 1}"
                tip = f"{label}: show it large"
                button = named(QToolButton(), f"head-{layer}-{head}", label, tip)
                button.setCheckable(True)
                button.clicked.connect(partial(self._choose, layer, head))
                self.heads.addButton(button)
                self._grid.addWidget(button, layer, head + 1)
        self.head = 0, 0
        self.heads.buttons()[0].setChecked(True)
        self._heads.hide()
        QTimer.singleShot(0, self._heads.show)  # styled in a turn of their own
        self._size_heads()

    def _size_heads(self) -> None:
        """Smaller where the view is narrow, so that the large one has room."""
        side = min(HEAD, self.width() // 16)
        for button in self.heads.buttons():
            button.setIconSize(QSize(side, side))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._size_heads()

    def _choose(self, layer: int, head: int, _checked: bool = False) -> None:
        self.head = layer, head
        self._show_head()

    def _show_head(self) -> None:
        if self.found is not None:
            weights = self.found.attention[self.head]
            self.matrix.show_values(weights, 0.0, float(weights.max()), self.found.pieces)
            self._tell()

    @Slot()
    def _tell(self, _: object = None) -> None:
        """The text, each piece shaded by how much the chosen one attends to it."""
        if self.found is None:
            return
        pieces, weights = self.found.pieces, self.matrix.values[self.matrix.row]
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        shaded = ""
        for piece, share in zip(pieces, weights / weights.max(), strict=True):
            accent.setAlphaF(0.7 * float(share))
            ground = accent.name(QColor.NameFormat.HexArgb)
            shaded += f'<span style="background-color:{ground}">&nbsp;{escape(piece)}&nbsp;</span> '
        best = np.argsort(-weights, kind="stable")[:MOST_TOLD]
        told = ", ".join(f"{escape(pieces[n])} {weights[n]:.0%}" for n in best)
        where = f"Layer {self.head[0] + 1}, head {self.head[1] + 1}"
        chosen = escape(pieces[self.matrix.row])
        self.words.setText(f"{shaded}<br>{where}: “{chosen}” attends to {told}")
