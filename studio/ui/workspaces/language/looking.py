"""What the views have in common that show what a network sees in one text or picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from studio.core.messages import Event
from studio.ui.job import Latest

if TYPE_CHECKING:
    from studio.ui.workspaces.language.panel import LanguagePanel


class Looking(QWidget):
    """Asks the engine anew when what it is about changes, while it is in sight."""

    def __init__(self, panel: LanguagePanel, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.panel, self.desk = panel, panel.desk
        self.asks: list[Latest] = []

    def asking(self, kind: type[Event], slot: Callable[[Any], object]) -> Latest:
        """One that hands what it hears to `slot`, a method of this view."""
        made = Latest(self.panel.jobs, kind, self)
        made.came.connect(slot)
        made.failed.connect(self.panel.error)
        self.asks.append(made)
        return made

    def run(self) -> None:
        """Asks for what is to be shown now."""

    def escape(self) -> None:
        """Cancels what was asked for, else dismisses the banner."""
        if all(each.job is None for each in self.asks):
            self.panel.banner.clear()
        for each in self.asks:
            each.drop()

    @Slot()
    def changed(self, _: object = None) -> None:
        if self.isVisible():
            self.run()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.changed()
