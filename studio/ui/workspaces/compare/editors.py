"""The values of an axis: a checklist, a list of numbers, prompts one a line.

Each has `edited` (nothing else is sent), `values` and `set_values`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QSizePolicy

from studio.core.errors import UsageError
from studio.ui.widgets.form import named
from studio.ui.widgets.prompt_box import PromptBox
from studio.ui.workspaces.compare.values import lines, spelled

ROW, MOST_ROWS = 24, 9  # logical pixels of a checklist's line; lines before it scrolls
_VALUE = Qt.ItemDataRole.UserRole
_CHECKED, _UNCHECKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked
Choice = tuple[str, str, str]  # value, label, tooltip


class Editor(Protocol):
    """What an axis needs from the control of its values."""

    edited: Any

    def values(self) -> tuple[Any, ...]:
        """Raises UsageError for what cannot be read."""
        ...

    def set_values(self, values: tuple[Any, ...]) -> None: ...


class Checklist(QListWidget):
    """Values with boxes to tick, in groups; ticking a group's title ticks all of it."""

    edited = Signal()

    def __init__(
        self, name: str, label: str, tip: str, groups: Iterable[tuple[str, Iterable[Choice]]]
    ) -> None:
        """`groups` are (title, choices); an empty title stands for no title."""
        super().__init__()
        named(self, name, label, tip)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._groups: list[tuple[QListWidgetItem | None, list[QListWidgetItem]]] = []
        for title, choices in groups:
            head = self._item(title, "", "All of this family, or none", True) if title else None
            self._groups.append((head, [self._item(c[1], c[0], c[2]) for c in choices]))
        self.setFixedHeight(min(self.count(), MOST_ROWS) * ROW + 10)
        self.itemChanged.connect(self._changed)

    def _item(self, text: str, value: str, tip: str, title: bool = False) -> QListWidgetItem:
        item = QListWidgetItem(text, self)
        item.setSizeHint(QSize(0, ROW))
        item.setCheckState(_UNCHECKED)
        item.setToolTip(tip)
        if title:
            font = self.font()
            font.setBold(True)
            item.setFont(font)
        else:
            item.setData(_VALUE, value)
        return item

    @property
    def _items(self) -> list[QListWidgetItem]:
        """Without the titles."""
        return [item for _, items in self._groups for item in items]

    def values(self) -> tuple[str, ...]:
        return tuple(i.data(_VALUE) for i in self._items if i.checkState() == _CHECKED)

    def set_values(self, values: tuple[Any, ...]) -> None:
        with QSignalBlocker(self):
            for item in self._items:
                item.setCheckState(_CHECKED if item.data(_VALUE) in values else _UNCHECKED)
        self._sum_up()

    def enable(self, value: str, able: bool) -> None:
        """A choice that this model cannot make is greyed and unticked."""
        with QSignalBlocker(self):
            for item in self._items:
                if item.data(_VALUE) == value:
                    flag = Qt.ItemFlag.ItemIsEnabled
                    item.setFlags(item.flags() | flag if able else item.flags() & ~flag)
                    item.setCheckState(item.checkState() if able else _UNCHECKED)

    @Slot(QListWidgetItem)
    def _changed(self, changed: QListWidgetItem) -> None:
        with QSignalBlocker(self):
            for head, items in self._groups:
                for item in items if head is changed else ():
                    item.setCheckState(changed.checkState())
        self._sum_up()

    def _sum_up(self) -> None:
        """A group's title is ticked when all of it is, half when some is."""
        with QSignalBlocker(self):
            for head, items in self._groups:
                if head is not None:
                    states = {item.checkState() for item in items}
                    some = Qt.CheckState.PartiallyChecked
                    head.setCheckState(states.pop() if len(states) == 1 else some)
        self.viewport().update()
        self.edited.emit()


class NumberList(QLineEdit):
    """Numbers with commas between them; `parse` reads them."""

    edited = Signal()

    def __init__(
        self, name: str, label: str, tip: str, parse: Callable[[str], tuple[float, ...]]
    ) -> None:
        super().__init__()
        self._parse = parse
        named(self, name, label, tip)
        self.textChanged.connect(self._typed)

    def values(self) -> tuple[float, ...]:
        return self._parse(self.text())

    def set_values(self, values: tuple[Any, ...]) -> None:
        self.setText(spelled(values))

    @Slot(str)
    def _typed(self, _text: str) -> None:
        try:
            wrong = not self.values()
        except UsageError:
            wrong = True
        if wrong != bool(self.property("invalid")):
            self.setProperty("invalid", wrong)
            self.style().polish(self)
        self.edited.emit()


class PromptList(PromptBox):
    """One prompt per line."""

    def __init__(self, name: str, label: str, tip: str) -> None:
        super().__init__(name, label, tip, "A teddy bear\nA rocket\nA snowman", 3, 8)

    def values(self) -> tuple[str, ...]:
        return lines(self.toPlainText())

    def set_values(self, values: tuple[Any, ...]) -> None:
        self.set_value("\n".join(values))
