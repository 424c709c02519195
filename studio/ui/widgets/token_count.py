"""How many tokens a prompt has of those that the model reads, and what is marked in its box."""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

from PySide6.QtCore import QEvent, QObject, QTimer, Slot
from PySide6.QtGui import QColor, QPalette, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QLabel, QTextEdit

from studio.core import prompts, wildcards
from studio.core.messages import Ready
from studio.core.tokens import Counted, Tokens
from studio.core.wording import many
from studio.ui.background import Background
from studio.ui.jobs import Jobs, TokensOf
from studio.ui.session import Value
from studio.ui.widgets.form import named
from studio.ui.widgets.prompt_box import PromptBox

REST = 90  # milliseconds without a key
MOST = 300  # marks; a prompt with more is no prompt
_ROLE = QPalette.ColorRole


class Mark(NamedTuple):
    """Characters `start` to `end`, as Qt counts them, that are "syntax", "heavy", "light", "open"
    (a bracket that nothing closes), "cut" (not read) or "chunk" (where another one begins)."""

    start: int
    end: int
    kind: str


class TokenCount(QLabel):
    """Stands beside a box's caption; counts in a thread, so that typing never waits."""

    def __init__(
        self,
        box: PromptBox,
        jobs: Jobs,
        model: Value,
        negative: bool = False,
        each_line: bool = False,
    ) -> None:
        """With `each_line` every line is a prompt, and the longest is told."""
        super().__init__()
        self._box, self._jobs, self._model = box, jobs, model
        self._joins, self._each_line, self._busy = not negative, each_line, False
        self._marks: tuple[Mark, ...] = ()
        named(self, f"{box.objectName()}Tokens", role="muted")
        self._thread = Background(self, done=self._counted, failed=self._failed)
        self._resting = QTimer(self, singleShot=True, interval=REST)
        self._resting.timeout.connect(self._ask)
        box.textChanged.connect(self._resting.start)
        model.changed.connect(self._resting.start)
        jobs.on(Ready, self._ready)
        box.installEventFilter(self)

    @Slot(object)
    def _ready(self, _: Ready) -> None:
        self._resting.start()

    @Slot()
    def _ask(self) -> None:
        text = self._box.toPlainText()
        if (count := self._jobs.tokens_of) is not None and not self._busy:
            self._busy = True
            asked = text, self._model.get()
            self._thread.start(asked, _counted, count, *asked, self._joins, self._each_line)

    @Slot(object, object)
    def _counted(
        self, asked: tuple[str, str], found: tuple[tuple[Counted, ...], tuple[Mark, ...]]
    ) -> None:
        self._busy = False
        if asked != (self._box.toPlainText(), self._model.get()):
            self._resting.start()  # it has been typed on
            return
        counted, self._marks = found
        self._tell(asked[0], counted)
        self._paint()

    @Slot(object, str)
    def _failed(self, _: object, sentence: str) -> None:
        self._busy, self._marks = False, ()
        self.setText("")
        self._paint()

    def _tell(self, text: str, counted: tuple[Counted, ...]) -> None:
        longest = max(counted, key=lambda each: each.count)
        over = longest.count - longest.limit
        about = "" if wildcards.only(text) is not None else "≈ "
        self.setText(f"{about}{longest.count:,} / {longest.limit}" if text.strip() else "")
        told = f"{longest.count:,} of {many(longest.limit, 'token')} that the model reads"
        if longest.begins:
            told = f"{many(longest.count, 'token')}, {many(len(longest.begins) + 1, 'chunk')}"
        if len(counted) > 1:
            told += f", in the longest of its {len(counted)} texts"
        told += _rest(longest, over)
        self.setToolTip(told)
        self.setAccessibleName(told)
        self.setProperty("role", "problem" if over > 0 else "muted")
        self.style().polish(self)

    def _paint(self) -> None:
        self._box.setExtraSelections([self._selection(mark) for mark in self._marks])

    def _selection(self, mark: Mark) -> QTextEdit.ExtraSelection:
        made, cursor = QTextEdit.ExtraSelection(), QTextCursor(self._box.document())
        cursor.setPosition(mark.start)
        cursor.setPosition(mark.end, QTextCursor.MoveMode.KeepAnchor)
        made.cursor, made.format = cursor, _format(mark.kind, self._box.palette())  # type: ignore[attr-defined]
        return made

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The marks are in the theme's colours."""
        if event.type() == QEvent.Type.PaletteChange and self._marks:
            self._paint()
        return super().eventFilter(watched, event)


def _rest(longest: Counted, over: int) -> str:
    """Where further chunks begin, or what is not read."""
    if over > 0:
        return f"; the last {many(over, 'token')}, marked in red, are not read."
    words = ", ".join(f"“{each.text}”" for each in longest.begins)
    which = "the second begins" if len(longest.begins) == 1 else "the others begin"
    return f"; {which} at {words}, underlined." if words else "."


def _format(kind: str, palette: QPalette) -> QTextCharFormat:
    made = QTextCharFormat()
    muted, danger = palette.color(_ROLE.PlaceholderText), palette.color(_ROLE.BrightText)
    if kind == "syntax":
        made.setForeground(muted)
    elif kind == "cut":
        made.setForeground(danger)
        made.setBackground(_faint(danger))
    elif kind == "chunk":
        made.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
        made.setUnderlineColor(palette.color(_ROLE.Accent))
    elif kind == "open":
        made.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        made.setUnderlineColor(danger)
    else:
        made.setBackground(_faint(palette.color(_ROLE.Accent) if kind == "heavy" else muted))
    return made


def _faint(colour: QColor) -> QColor:
    colour.setAlphaF(0.16)
    return colour


def _counted(
    count: TokensOf, text: str, model: str, joins: bool, each_line: bool
) -> tuple[tuple[Counted, ...], tuple[Mark, ...]]:
    """What is read together, and all marks. Raises StudioError."""
    counted, found, before = list[Counted](), list[Mark](), 0
    for prompt in text.split("\n") if each_line else [text]:
        tokens = count(prompt, model, joins)
        counted += tokens.counted
        for start, end, kind in marks(prompt, tokens, joins):
            found.append(Mark(before + start, before + end, kind))
        before += _wide(prompt) + 1
    return tuple(counted), tuple(found[:MOST])


def _wide(text: str) -> int:
    """How many characters it is to Qt."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def marks(prompt: str, tokens: Tokens, joins: bool = True) -> tuple[Mark, ...]:
    """What is to be marked in a prompt as it was typed."""
    kinds = ["syntax"] * len(prompt)
    for part in prompts.read(prompt, joins).parts:
        for piece in part.pieces:
            kind = "heavy" if piece.weight > 1 else "light" if piece.weight < 1 else ""
            kinds[piece.start : piece.end] = [kind] * (piece.end - piece.start)
    for at in tokens.unmatched:
        kinds[at] = "open"
    read = {(t.start, t.end) for each in tokens.counted for t in each.tokens if t.read}
    for start, end in (span for each in tokens.counted for span in each.cut):
        if (start, end) not in read:
            kinds[start:end] = ["cut"] * (end - start)
    for at, letter in enumerate(prompt):  # what lies between what is cut is cut
        if letter == " " and 0 < at < len(prompt) - 1 and kinds[at - 1] == kinds[at + 1] == "cut":
            kinds[at] = "cut"
    wide = [0, *accumulate(1 + (letter > "\uffff") for letter in prompt)]
    ends = [at for at in range(1, len(kinds)) if kinds[at] != kinds[at - 1]]
    spans = zip([0, *ends], [*ends, len(kinds)], strict=True)
    found = [Mark(wide[a], wide[b], kinds[a]) for a, b in spans if kinds and kinds[a]]
    begins = {(word.start, word.end) for each in tokens.counted for word in each.begins}
    found += [Mark(wide[a], wide[b], "chunk") for a, b in sorted(begins)]
    return tuple(found[:MOST])
