"""Sets controls by their object names, each as if somebody had done it by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QSlider,
    QSpinBox,
    QTabBar,
    QWidget,
)

from studio.core.errors import UsageError
from studio.ui.widgets.segments import Segments


def set_up(root: QWidget, values: Iterable[tuple[str, Any]]) -> None:
    """Raises UsageError for a control that is not within `root`, or does not take its value."""
    for name, value in values:
        control = root.findChild(QWidget, name)
        if control is None:
            raise UsageError(f"there is no control {name!r} in {root.objectName()}.")
        try:
            _set(control, value)
        except (TypeError, LookupError, ValueError):
            raise UsageError(f"the control {name!r} does not take {value!r}.") from None


def _set(control: QWidget, value: Any) -> None:
    match control:
        case QLineEdit():
            control.setText(value)
            control.textEdited.emit(value)
            control.editingFinished.emit()
        case QPlainTextEdit():
            control.setPlainText(value)
        case QSpinBox() | QDoubleSpinBox() | QSlider():
            if not control.minimum() <= value <= control.maximum():
                raise ValueError
            control.setValue(value)
        case QComboBox():
            control.setCurrentIndex(_index(control, value))
        case QTabBar():
            titles = [control.tabText(i) for i in range(control.count())]
            control.setCurrentIndex(titles.index(value))
        case Segments():
            control.choose(value)
        case QListWidget():
            _tick(control, value)
        case QAbstractButton() if isinstance(value, bool):
            if control.isChecked() != value or not control.isCheckable():
                control.click()
        case _:
            raise TypeError


def _index(box: QComboBox, value: Any) -> int:
    data = [box.itemData(row) for row in range(box.count())]  # findData fails at huge integers
    found = data.index(value) if value in data else box.findText(str(value))
    if found < 0:
        raise LookupError
    return found


def _tick(entries: QListWidget, values: Any) -> None:
    """Ticks these, by what an entry stands for or its text, and no others."""
    items = [entries.item(row) for row in range(entries.count())]
    items = [item for item in items if item.flags() & Qt.ItemFlag.ItemIsUserCheckable]
    names = [{item.text(), item.data(Qt.ItemDataRole.UserRole)} for item in items]
    if any(all(value not in each for each in names) for value in values):
        raise LookupError
    for item, name in zip(items, names, strict=True):
        ticked = any(value in name for value in values)
        item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
