"""The line under the grid: the selected cell's settings, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from studio.ui.session import Session
from studio.ui.viewer.viewer import summary
from studio.ui.widgets.buttons import tool
from studio.ui.widgets.form import row
from studio.ui.widgets.line import Facts
from studio.ui.workspaces.compare.comparison import Comparison


class Details(QWidget):
    """Two lines of text and the tools."""

    def __init__(self, comparison: Comparison, session: Session) -> None:
        super().__init__()
        self._comparison, self._samplers = comparison, session.samplers
        self.facts = Facts("details")
        self._row = row((self.facts, 1), gap=2, on=self)

    def add_tools(self, actions: tuple[QAction, ...]) -> None:
        """The first one says what it does, the others have icons."""
        for action in actions:
            button = tool(action)
            if action is actions[0]:
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            self._row.addWidget(button)

    def refresh(self) -> None:
        """Tells about the selected cell."""
        if self._comparison.results:
            settings = self._comparison.results[self._comparison.current].settings
            self.facts.set_text(settings.prompt or "No prompt", summary(settings, self._samplers))
        else:
            self.facts.set_text("", "")
