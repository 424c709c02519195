"""The view "Words": what each word did in the selected cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QShowEvent

from studio.ui.viewer.words import WordsPage

if TYPE_CHECKING:
    from studio.ui.workspaces.compare.panel import ComparePanel


class WordsView(WordsPage):
    """Asks only while it is in sight."""

    def __init__(self, panel: ComparePanel) -> None:
        super().__init__(panel.jobs)
        self._comparison = panel.comparison
        self.failed.connect(panel.error)
        for changed in (panel.comparison.selected, panel.comparison.made):
            changed.connect(self._look)

    @Slot()
    def _look(self, _: int = 0) -> None:
        results = self._comparison.results
        result = results[self._comparison.current] if results else None
        if result is None or result.picture is None or result.settings == self.words.settings:
            return
        if self.isVisible():
            self.show_picture(result.settings, result.picture.image)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look()
