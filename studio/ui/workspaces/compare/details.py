"""The line under the grid: the selected cell's settings, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studio.ui.session import Session
from studio.ui.viewer.viewer import summary
from studio.ui.widgets.buttons import tool
from studio.ui.workspaces.compare.comparison import Comparison


class Details(QWidget):
    """Two lines of text and the tools."""

    def __init__(self, comparison: Comparison, session: Session) -> None:
        super().__init__()
        self._comparison, self._samplers = comparison, session.samplers
        self._texts = ("", "")
        self.prompt, self.rest = QLabel(), QLabel()
        self.prompt.setObjectName("detailsPrompt")
        self.rest.setObjectName("detailsRest")
        self.prompt.setProperty("role", "title")
        self.rest.setProperty("role", "muted")
        self._column = QWidget()
        lines = QVBoxLayout(self._column)
        lines.setContentsMargins(2, 0, 8, 0)
        lines.setSpacing(1)
        for label in (self.prompt, self.rest):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setMinimumWidth(60)
            lines.addWidget(label)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2)
        self._row.addWidget(self._column, 1)

    def add_tools(self, actions: tuple[QAction, ...]) -> None:
        """The first one says what it does, the others have icons."""
        for action in actions:
            button = tool(action)
            if action is actions[0]:
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            self._row.addWidget(button)

    def refresh(self) -> None:
        """Tells about the selected cell."""
        if not self._comparison.results:
            self._texts = ("", "")
        else:
            settings = self._comparison.results[self._comparison.current].settings
            self._texts = (settings.prompt or "No prompt", summary(settings, self._samplers))
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        room = max(60, self._column.width() - 12)
        for label, text in zip((self.prompt, self.rest), self._texts, strict=True):
            line = " ".join(text.split())
            label.setText(label.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, room))
            label.setToolTip(line)
