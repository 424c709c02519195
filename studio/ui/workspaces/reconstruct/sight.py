"""What the panes of the wall show of a picture."""

from __future__ import annotations

from PySide6.QtCore import QObject

from studio.ui.image.sight import Sight

SHOWN = ("picture", "difference", "lpips")


class WallSight(Sight):
    """`wipe` (0 to 1): left of it panes show the original, None for no wipe. `original` shows the
    original in every pane, for a flicker. `gain` multiplies differences."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.shown = "picture"
        self.wipe: float | None = None
        self.original = False
        self.gain = 4.0

    def show_what(self, shown: str) -> None:
        """One of SHOWN."""
        assert shown in SHOWN
        self.shown = shown
        self.changed.emit()

    def set_wipe(self, wipe: float | None) -> None:
        self.wipe = None if wipe is None else min(max(wipe, 0.0), 1.0)
        self.changed.emit()

    def show_original(self, original: bool) -> None:
        self.original = original
        self.changed.emit()

    def set_gain(self, gain: float) -> None:
        self.gain = gain
        self.changed.emit()
