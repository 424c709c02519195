"""The seed: new every time (dice), kept (lock), or the last one again."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QButtonGroup, QLineEdit, QWidget

from studio.core.settings import MAX_SEED
from studio.ui.session import Value, bind
from studio.ui.widgets.buttons import icon_button
from studio.ui.widgets.form import line_edit, row

TIP = "The noise a picture starts from: 0 to 2^63 - 1. Typing a seed locks it."


class _Seeds(QValidator):
    """Whole numbers from 0 to 2^63 - 1 (QIntValidator ends at 2^31 - 1)."""

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Digits within the range are acceptable, an empty text may become so."""
        if not text:
            return QValidator.State.Intermediate, text, position
        within = text.isascii() and text.isdigit() and int(text) <= MAX_SEED
        state = QValidator.State.Acceptable if within else QValidator.State.Invalid
        return state, text, position


def seed_edit(name: str, label: str, tip: str, empty: str) -> QLineEdit:
    """A line that takes a seed; `empty` stands in grey while it is."""
    line = line_edit(name, label, tip, empty)
    line.setValidator(_Seeds(line))
    return line


class SeedBox(QWidget):
    """`edited` gives the seed, `locked` whether it is kept; typing a seed locks it."""

    edited = Signal(object)
    locked = Signal(object)
    again = Signal()

    def __init__(self, name: str = "seed", label: str = "Seed", tip: str = TIP) -> None:
        super().__init__()
        self.line = seed_edit(name, label, tip, "Random")
        self.dice = icon_button(
            f"{name}Random", "dice", "A new random seed for every Generate", checkable=True
        )
        self.lock = icon_button(
            f"{name}Locked", "lock", "Keep this seed for every Generate", checkable=True
        )
        self.reuse = icon_button(f"{name}Reuse", "again", "Keep the seed of the last pictures")
        modes = QButtonGroup(self)
        modes.addButton(self.dice)
        modes.addButton(self.lock)
        self.dice.setChecked(True)
        self.reuse.setEnabled(False)
        self.setFocusProxy(self.line)
        row((self.line, 1), 4, self.dice, self.lock, self.reuse, gap=4, on=self)
        self._seed = 0
        self.line.textEdited.connect(self._typed)
        self.line.editingFinished.connect(self._left)
        self.lock.toggled.connect(self._mode)
        self.reuse.clicked.connect(self.again)

    def follow(self, seed: Value, locked: Value, last: Value, reuse: Callable[[], None]) -> SeedBox:
        """Is bound to a seed, to whether it is kept, and shows the last one drawn for it; `reuse`
        keeps that one."""
        bind(seed, self)
        self.set_locked(locked.get())
        locked.changed.connect(self.set_locked)
        self.locked.connect(locked.set)
        self.set_last(last.get())
        last.changed.connect(self.set_last)
        self.again.connect(reuse)
        return self

    @Slot(object)
    def set_value(self, seed: int) -> None:
        self._seed = seed
        if self.lock.isChecked():
            self.line.setText(str(seed))

    @Slot(object)
    def set_locked(self, locked: bool) -> None:
        with QSignalBlocker(self.lock):
            (self.lock if locked else self.dice).setChecked(True)
        self.line.setText(str(self._seed) if locked else "")

    @Slot(object)
    def set_last(self, seed: int | None) -> None:
        """Shows the last seed in grey while seeds are random."""
        self.reuse.setEnabled(seed is not None)
        self.line.setPlaceholderText("Random" if seed is None else f"Random (last {seed})")

    @Slot(str)
    def _typed(self, text: str) -> None:
        if text:
            self._seed = int(text)
            self.edited.emit(self._seed)
            if not self.lock.isChecked():
                with QSignalBlocker(self.lock):
                    self.lock.setChecked(True)
                self.locked.emit(True)

    @Slot()
    def _left(self) -> None:
        if not self.line.text() and self.lock.isChecked():
            self.line.setText(str(self._seed))

    @Slot(bool)
    def _mode(self, locked: bool) -> None:
        self.line.setText(str(self._seed) if locked else "")
        self.locked.emit(locked)
