"""The mask's editor: paint what of a picture is to be made anew."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QPushButton, QWidget

from studio.core.generating import Inputs
from studio.ui.starting.easel import FIRST, GROW, Easel
from studio.ui.widgets.buttons import small_button, text_button
from studio.ui.widgets.form import caption, column, row
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.slider_spin import SliderSpin

WIDTH = "How wide the brush is ([ and ])"
LEAST, MOST = 1, 100  # the brush's width, in hundredths of the picture's
MODES = {
    "paint": ("Paint", "Paint the area to be repainted (X switches)"),
    "erase": ("Erase", "Erase: keep this area of the picture (X switches)"),
}


class MaskEditor(QDialog):
    """`painted` gives the mask (H, W) uint8 when it is taken over, None when it is empty."""

    painted = Signal(object)

    def __init__(self, inputs: Inputs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("maskEditor")
        self.setWindowTitle("Paint the area to be repainted")
        self.easel = Easel(inputs)
        self.modes = Segments("brushMode", "Brush", MODES)
        self.width_box = SliderSpin("brush", "Brush", WIDTH, LEAST, MOST, MOST)
        self.width_box.set_value(round(100 * FIRST))
        self.status = caption("", "muted", "maskSaid")
        mask = self.easel.painted
        tools = (
            self._tool("Fill", "maskFill", "Paint everything", "F", lambda: mask.fill(True)),
            self._tool("Clear", "maskClear", "Clear the mask", "C", lambda: mask.fill(False)),
            self._tool("Invert", "maskInvert", "Invert the mask", "I", mask.invert),
        )
        self.undo = self._tool("Undo", "maskUndo", "Undo the last stroke", "Ctrl+Z", mask.undo)
        self.redo = self._tool("Redo", "maskRedo", "Redo", "Ctrl+Shift+Z", mask.redo)
        text, tip = "Use mask", "Use this mask (Enter)"
        self.use = text_button("maskDone", text, text, tip, "primary", self.accept)
        text, tip = "Cancel", "Discard the changes (Esc)"
        self.leave = text_button("maskCancel", text, text, tip, "beside", self.reject)
        self.use.setDefault(True)
        size = caption("Size", buddy=self.width_box)
        column(
            row(self.modes, 8, size, (self.width_box, 1)),
            row(*tools, None, self.undo, self.redo),
            (self.easel, 1),
            row((self.status, 1), self.leave, self.use, gap=8),
            gap=10,
            margins=(16, 14, 16, 14),
            on=self,
        )
        self._connect()
        self._refresh()
        self.resize(600, 600)

    def _tool(
        self, text: str, name: str, tip: str, key: str, act: Callable[[], None]
    ) -> QPushButton:
        button = small_button(name, text, f"{tip} ({key})")
        QShortcut(QKeySequence(key), self).activated.connect(button.click)
        button.setAutoDefault(False)

        def clicked() -> None:
            act()
            self.easel.update()
            self._refresh()

        button.clicked.connect(clicked)
        return button

    def _connect(self) -> None:
        self.modes.chosen.connect(self._choose_mode)
        self.width_box.edited.connect(self._widen)
        self.easel.changed.connect(self._refresh)
        self.easel.sized.connect(self._grow)
        for key, act in (
            ("X", self.swap),
            ("[", lambda: self._grow(1 / GROW)),
            ("]", lambda: self._grow(GROW)),
        ):
            QShortcut(QKeySequence(key), self).activated.connect(act)
        self.easel.setFocus()

    @Slot()
    def swap(self) -> None:
        """From painting to erasing and back."""
        self.modes.choose("erase" if self.modes.value == "paint" else "paint")

    @Slot(str)
    def _choose_mode(self, mode: str) -> None:
        self.easel.painting = mode == "paint"

    @Slot(float)
    def _grow(self, factor: float) -> None:
        """At least by one hundredth."""
        now = self.width_box.value()
        wider = max(now + 1, round(now * factor)) if factor > 1 else min(now - 1, now * factor)
        self.width_box.set_value(min(max(round(wider), LEAST), MOST))
        self._widen(self.width_box.value())

    @Slot(object)
    def _widen(self, hundredths: float) -> None:
        self.easel.width_share = hundredths / 100
        self.easel.update()

    @Slot()
    def _refresh(self) -> None:
        mask = self.easel.painted
        self.undo.setEnabled(mask.can_undo)
        self.redo.setEnabled(mask.can_redo)
        share = mask.share
        told = (
            f"{100 * share:.0f} % is repainted"
            if share
            else "Nothing is masked: everything may change"
        )
        self.status.setText(told)

    def accept(self) -> None:
        mask = self.easel.painted
        self.painted.emit(mask.pixels.copy() if mask.share else None)
        super().accept()
