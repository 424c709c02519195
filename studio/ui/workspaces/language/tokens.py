"""How each tokenizer cuts a text: its pieces, their numbers, what it does not know."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QToolTip, QWidget

from studio.core.language import Tokenize, Tokenized, TokenRow
from studio.core.wording import many
from studio.ui.widgets.form import caption, column, named, row
from studio.ui.widgets.welcome import advice
from studio.ui.workspaces.language.looking import Looking

if TYPE_CHECKING:
    from studio.ui.workspaces.language.panel import LanguagePanel

KINDS = {  # tokenizer: its title, what to know of it
    "arbitrary": ("Every three characters", "Cuts that follow nothing in the text"),
    "word": ("Words", "Each word it has seen often is one piece"),
    "bpe": ("Byte pairs (BPE)", "Joins the commonest pairs, again and again"),
    "wordpiece": ("WordPiece", "The longest known beginning of each word, then of its rest"),
    "character": ("Characters", "Each character is a piece"),
    "teacher": ("The text tower's own", "What this studio's model reads: WordPiece, lower case"),
}
UNKNOWN = re.compile(r"<0x[0-9A-F]{2}>|\[UNK\]")
HINT = "Type a text on the left: here is how each tokenizer cuts it."
KEY = "A red frame: not in the vocabulary, so the piece stands for one byte of it, or for [UNK]."
MOST = 240  # chips drawn; there may be ten thousand
HEADS = 2  # the hint and the key, above the rows
GAP, PAD, HIGH = 5, 7, 38  # logical pixels of a chip


class TokensView(Looking):
    """A row a tokenizer, as one types."""

    def __init__(self, panel: LanguagePanel) -> None:
        super().__init__(panel, "tokensView")
        self.lines: dict[str, TokenLine] = {}
        self.hint = advice(HINT, "tokensHint")
        self.key = caption(KEY, "muted", "tokensKey", wrap=True)
        self._body = named(QWidget(), "tokensBody")
        self._lines = column(gap=14, margins=(0, 4, 8, 4), on=self._body)
        self._lines.addWidget(self.hint)
        self._lines.addWidget(self.key)
        self._lines.addStretch(1)
        self._found(False)
        area = named(QScrollArea(), "tokensArea", "Tokens")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(self._body)
        column((area, 1), on=self)
        self._tokens = self.asking(Tokenized, self._show)
        self.follow_on(self.desk.text_changed)

    def follow(self) -> None:
        if self.desk.text:
            self._tokens.want(Tokenize(self.desk.text))
        else:
            self._tokens.drop()
            self._found(False)

    @Slot(object)
    def _show(self, event: Tokenized) -> None:
        for number, found in enumerate(event.rows):
            if found.tokenizer not in self.lines:
                self.lines[found.tokenizer] = TokenLine(found.tokenizer)
                self._lines.insertWidget(HEADS + number, self.lines[found.tokenizer])
            self.lines[found.tokenizer].show_row(found)
        self._found(True, any(found.unknown for found in event.rows))

    def _found(self, any_: bool, unknown: bool = False) -> None:
        """Shows the pieces, or the hint where nothing is typed."""
        self.hint.setVisible(not any_)
        self.key.setVisible(unknown)
        for line in self.lines.values():
            line.setVisible(any_)


class TokenLine(QWidget):
    """One tokenizer: its name, how many pieces, the pieces."""

    def __init__(self, tokenizer: str) -> None:
        super().__init__()
        title, tip = KINDS.get(tokenizer, (tokenizer, ""))
        self.setObjectName(f"tokens-{tokenizer}")
        self.count = caption(role="muted", name=f"tokensCount-{tokenizer}", wrap=True)
        self.chips = Chips(f"tokensChips-{tokenizer}", f"Pieces: {title}")
        column(row(caption(title, "title", tip=tip), (self.count, 1)), self.chips, on=self)

    def show_row(self, found: TokenRow) -> None:
        words = f"{many(len(found.ids), 'token')} · vocabulary {found.size:,}"
        if found.unknown:
            parts = " ".join(dict.fromkeys(f"“{part.strip()}”" for part in found.unknown[:6]))
            more = " …" if len(found.unknown) > 6 else ""
            words += f" · not in it: {parts}{more}"
        self.count.setText(words)
        self.chips.show_pieces(found.pieces, found.ids)


class Chips(QWidget):
    """Pieces with their numbers below, as many in a line as fit."""

    def __init__(self, name: str, label: str) -> None:
        super().__init__()
        named(self, name, label)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._chips: list[tuple[str, int, bool]] = []  # shown, number, known
        self._places: list[QRectF] = []
        self._rest = 0

    def show_pieces(self, pieces: tuple[str, ...], ids: tuple[int, ...]) -> None:
        """Says how many more there are than can be drawn."""
        known = [not UNKNOWN.fullmatch(piece) for piece in pieces[:MOST]]
        shown = [piece.replace(" ", "␣").replace("\n", "⏎") for piece in pieces[:MOST]]
        self._chips = list(zip(shown, ids[:MOST], known, strict=True))
        self._rest = len(pieces) - len(shown)
        self.setAccessibleDescription(" ".join(shown))
        self._arrange()

    def _arrange(self) -> None:
        metrics, width = self.fontMetrics(), self.width()
        self._places, x, y = [], 0.0, 0.0
        for text, number, _ in self._chips:
            wide = max(map(metrics.horizontalAdvance, (text, str(number)))) + 2 * PAD
            if x and x + wide > width:
                x, y = 0.0, y + HIGH + GAP
            self._places.append(QRectF(x, y, wide, HIGH))
            x += wide + GAP
        below = metrics.height() + GAP if self._rest else 0
        self.setFixedHeight(int(y) + HIGH + below)
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != self.width():
            self._arrange()

    def sizeHint(self) -> QSize:
        return QSize(200, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Those in sight. A piece's colour follows from its number: it is the same everywhere."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = self.palette().color
        dark = colour(QPalette.ColorRole.Window).lightness() < 128
        seen = QRectF(event.rect())
        for place, (text, number, known) in zip(self._places, self._chips, strict=True):
            if not seen.intersects(place):
                continue
            ground = QColor.fromHsl(number * 47 % 360, 110, 62 if dark else 218)
            edge = ground if known else colour(QPalette.ColorRole.BrightText)
            painter.setPen(QPen(edge, 1 if known else 2))
            painter.setBrush(ground if known else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(place.adjusted(1, 1, -1, -1), 6, 6)
            painter.setPen(colour(QPalette.ColorRole.WindowText))
            upper = place.adjusted(0, 3, 0, -HIGH / 2 + 2)
            painter.drawText(upper, Qt.AlignmentFlag.AlignCenter, text)
            painter.setPen(colour(QPalette.ColorRole.PlaceholderText))
            lower = place.adjusted(0, HIGH / 2 - 2, 0, -2)
            painter.drawText(lower, Qt.AlignmentFlag.AlignCenter, str(number))
        if self._rest:
            painter.drawText(0, self.height() - 4, f"and {self._rest:,} more")
        painter.end()

    def event(self, event: QEvent) -> bool:
        """The tooltip says which piece the mouse is on."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            at = event.pos().toPointF()
            for place, (text, number, known) in zip(self._places, self._chips, strict=True):
                if place.contains(at):
                    told = "" if known else " · stands for what is not in the vocabulary"
                    QToolTip.showText(event.globalPos(), f"{text} · number {number}{told}", self)
            return True
        return super().event(event)
