"""A text box that grows with its text and walks the prompt history with Alt+Up and Alt+Down,
and weighs words with Ctrl+Up and Ctrl+Down."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy

from studio.core.weighing import STEP, weighed
from studio.ui.widgets.form import named

_WIDE = "utf-16-le", "surrogatepass"  # as Qt counts characters


class PromptBox(QPlainTextEdit):
    """Plain text; Tab leaves the box, Ctrl+Enter submits, dropped files are the window's affair."""

    edited = Signal(object)
    submitted = Signal()

    def __init__(
        self, name: str, label: str, tip: str, placeholder: str, least: int, most: int
    ) -> None:
        """`least` and `most` are lines of height."""
        super().__init__()
        self._least, self._most = least, most
        self._history: tuple[str, ...] = ()  # newest first
        self._at = 0  # 0 is the user's own draft; n is the n-th prompt back
        self._draft = ""
        named(self, name, label, tip)
        self.setPlaceholderText(placeholder)
        self.setTabChangesFocus(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(3)
        self.textChanged.connect(self._changed)
        self._grow()

    @Slot(object)
    def set_value(self, text: str) -> None:
        """Replaces the text; Ctrl+Z brings the old one back."""
        if text != self.toPlainText():
            cursor = QTextCursor(self.document())
            cursor.select(QTextCursor.SelectionType.Document)
            cursor.insertText(text)
            self.moveCursor(QTextCursor.MoveOperation.End)

    def set_history(self, prompts: tuple[str, ...]) -> None:
        """The prompts to walk, newest first; begins before the first."""
        self._history, self._at = prompts, 0

    def walk(self, back: int) -> None:
        """`back` = 1 goes to the previous prompt, -1 towards the user's own draft."""
        to = min(max(self._at + back, 0), len(self._history))
        if to == self._at:
            return
        if self._at == 0:
            self._draft = self.toPlainText()
        if to > self._at and to <= len(self._history) and self._history[to - 1] == self._draft:
            to = min(to + 1, len(self._history))  # what is already in the box is no step back
        self._at = to
        self.set_value(self._draft if to == 0 else self._history[to - 1])

    def weigh(self, by: float) -> None:
        """Changes the weight of what is selected, or of the word at the cursor."""
        text, cursor = self.toPlainText(), self.textCursor()
        places = cursor.selectionStart(), cursor.selectionEnd()
        start, end = (len(_wide(text)[: 2 * at].decode(*_WIDE)) for at in places)
        into, start, end = weighed(text, start, end, by)
        self.set_value(into)
        if start < end:
            cursor = self.textCursor()
            cursor.setPosition(len(_wide(into[:start])) // 2)
            cursor.setPosition(len(_wide(into[:end])) // 2, QTextCursor.MoveMode.KeepAnchor)
            self.setTextCursor(cursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        alt = event.modifiers() & Qt.KeyboardModifier.AltModifier
        if control and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.weigh(STEP if event.key() == Qt.Key.Key_Up else -STEP)
        elif alt and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.walk(1 if event.key() == Qt.Key.Key_Up else -1)
        elif enter and control:
            self.submitted.emit()
        else:
            super().keyPressEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Refuses files and pictures, so that a drop reaches the window."""
        return source.hasText() and not source.hasUrls()

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Pastes as plain text, without surrounding blank lines."""
        self.insertPlainText(source.text().strip("\r\n"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._grow()

    def sizeHint(self) -> QSize:
        return QSize(240, self.height())

    @Slot()
    def _changed(self) -> None:
        self._grow()
        self.edited.emit(self.toPlainText())

    def _grow(self) -> None:
        """As high as the text, within the limits; scrolls beyond."""
        line = self.fontMetrics().lineSpacing()
        lines = max(int(self.document().size().height()), 1)
        over = lines > self._most
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if over else policy.ScrollBarAlwaysOff
        )
        frame = 2 * int(self.document().documentMargin()) + 14
        height = min(max(lines, self._least), self._most) * line + frame
        if height != self.height():
            self.setFixedHeight(height)


def _wide(text: str) -> bytes:
    return text.encode(*_WIDE)
