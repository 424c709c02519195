"""A workspace that looks into pictures of any origin: opened, dropped, pasted."""

from __future__ import annotations

from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from studio.ui.panel import View, ViewsPanel
from studio.ui.shared import Shared
from studio.ui.starting.opener import Opener
from studio.ui.starting.well import holds_picture


class PicturesPanel(ViewsPanel):
    """`opener` gives what is asked for, and what is dropped on it."""

    def __init__(
        self,
        shared: Shared,
        parent: QWidget | None,
        name: str,
        views: tuple[View, ...],
        told: tuple[str, str],
    ) -> None:
        super().__init__(shared, parent, name, views, told)
        self.setAcceptDrops(True)
        self.opener = Opener(self.library, self)
        self.opener.lacking.connect(self.note)
        self.opener.problem.connect(self.error)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if holds_picture(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.opener.take(event.mimeData())
        event.acceptProposedAction()
