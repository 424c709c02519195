"""What the views have in common: they follow the desk, and ask for what they lack."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import SignalInstance, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from studio.core.messages import Event
from studio.ui.job import Latest
from studio.ui.panel import Panel

if TYPE_CHECKING:
    from studio.ui.workspaces.language.panel import LanguagePanel


class Looking(QWidget):
    """Looks anew when what it is about changes, while it is in sight."""

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

    def follow_on(self, *signals: SignalInstance) -> None:
        for signal in signals:
            signal.connect(self.changed)

    def follow(self) -> None:
        """Shows what is there, and asks for the rest."""

    def run(self) -> None:
        """What the Run button does."""
        self.follow()

    def escape(self) -> None:
        """Cancels what was asked for, else as every panel."""
        if all(each.job is None for each in self.asks):
            Panel.escape(self.panel)
        for each in self.asks:
            each.drop()

    @Slot()
    def changed(self, _: object = None) -> None:
        if self.isVisible():
            self.follow()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.changed()
