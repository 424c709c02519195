"""Controls that show at the next start what they show now."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

from studio.ui.preferences import Preferences

CONTROLS = (QComboBox, QCheckBox, QSpinBox, QDoubleSpinBox, QLineEdit)


class Kept(QObject):
    """The controls in `view`, but those named, under `key`: set now as they were left, as if the
    user did it, and remembered at every change."""

    def __init__(
        self, preferences: Preferences, key: str, view: QWidget, but: Collection[str] = ()
    ) -> None:
        super().__init__(view)
        self._preferences, self._key = preferences, key
        found = (each for each in view.findChildren(QWidget) if isinstance(each, CONTROLS))
        self._controls = {
            name: each
            for each in found
            if (name := each.objectName()) and not name.startswith("qt_") and name not in but
        }
        stored = preferences.get(key)
        for name, control in self._controls.items():
            if name in stored:
                _show(control, stored[name])
        for control in self._controls.values():
            _changed(control).connect(self._remember)

    @Slot()
    def _remember(self, _: object = None) -> None:
        values = {name: _value(control) for name, control in self._controls.items()}
        self._preferences.set(self._key, values)


def _changed(control: Any) -> Any:
    if isinstance(control, QComboBox):
        return control.currentIndexChanged
    if isinstance(control, QCheckBox):
        return control.toggled
    return control.textChanged if isinstance(control, QLineEdit) else control.valueChanged


def _value(control: Any) -> Any:
    if isinstance(control, QComboBox):
        return control.currentData()
    if isinstance(control, QCheckBox):
        return control.isChecked()
    return control.text() if isinstance(control, QLineEdit) else control.value()


def _show(control: Any, value: Any) -> None:
    """What makes no sense is left as it is; a number beyond the control's range is its nearest."""
    if isinstance(control, QComboBox):
        if (index := control.findData(value)) >= 0:
            control.setCurrentIndex(index)
    elif isinstance(control, QCheckBox):
        control.setChecked(value is True)
    elif isinstance(control, QLineEdit):
        if isinstance(value, str):
            control.setText(value)
    elif isinstance(control, QSpinBox):
        if type(value) is int:
            control.setValue(value)
    elif type(value) in (int, float):
        control.setValue(value)
