"""Controls for the options of a sampler or a guidance rule, built from its spec."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from studio.core.specs import Option, Options, Parameter, checked_options
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.spin import RealSpin

WIDEST = 1e6  # a spin box has to end somewhere


class OptionsBox(QWidget):
    """One row for each parameter; hidden where there are none. Emits and takes Options."""

    edited = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(8)
        self._parameters: tuple[Parameter, ...] = ()
        self._controls: dict[str, QWidget] = {}

    def show_parameters(self, parameters: tuple[Parameter, ...]) -> None:
        """Builds the controls anew, each at its default."""
        while (item := self._rows.takeAt(0)) is not None:
            row = item.widget()
            if row is not None:
                row.setParent(None)
                row.deleteLater()
        self._parameters = parameters
        self._controls = {each.name: self._control(each) for each in parameters}
        for each in parameters:
            self._rows.addWidget(_row(each.label, self._controls[each.name]))
        self.setVisible(bool(parameters))

    def value(self) -> Options:
        """What is chosen, without what is at its default."""
        chosen = ((name, _read(control)) for name, control in self._controls.items())
        return checked_options("", self._parameters, chosen)

    @Slot(object)
    def set_value(self, options: Options) -> None:
        """Shows `options`, the rest at their defaults, without reporting an edit."""
        chosen = dict(options)
        for each in self._parameters:
            control = self._controls[each.name]
            blocked = control.blockSignals(True)
            _show(control, chosen.get(each.name, each.default))
            control.blockSignals(blocked)

    def _control(self, parameter: Parameter) -> QWidget:
        control: QWidget
        if parameter.choices:
            choices = ((choice, choice.replace("-", " "), "") for choice in parameter.choices)
            control = ChoiceBox("", parameter.label, "", choices)
            control.edited.connect(self._edited)
        elif isinstance(parameter.default, bool):
            control = QCheckBox()
            control.toggled.connect(self._edited)
        else:
            control = _number(parameter)
            control.valueChanged.connect(self._edited)
        control.setObjectName(f"{self.objectName()}-{parameter.name}")
        control.setAccessibleName(parameter.label)
        control.setToolTip(parameter.summary)
        blocked = control.blockSignals(True)
        _show(control, parameter.default)
        control.blockSignals(blocked)
        return control

    @Slot(object)
    def _edited(self, _: object = None) -> None:
        self.edited.emit(self.value())


def _row(text: str, control: QWidget) -> QWidget:
    row, label = QWidget(), QLabel(text)
    label.setProperty("role", "muted")
    label.setBuddy(control)
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.addWidget(label, 1)
    line.addWidget(control)
    return row


def _number(parameter: Parameter) -> QDoubleSpinBox:
    spin = RealSpin()
    whole = isinstance(parameter.default, int)
    low, high = max(parameter.low, -WIDEST), min(parameter.high, WIDEST)
    fine = high - low <= 0.1 or 0 < float(parameter.default) < 0.01
    spin.setDecimals(0 if whole else 5 if fine else 2)
    spin.setRange(low, high)
    spin.setSingleStep(1 if whole else 0.0001 if fine else 0.1 if high - low > 2 else 0.05)
    return spin


def _read(control: QWidget) -> Option:
    match control:
        case ChoiceBox():
            return str(control.currentData())
        case QCheckBox():
            return control.isChecked()
        case QDoubleSpinBox():
            number = control.value()
            return int(number) if control.decimals() == 0 else round(number, control.decimals())
    raise AssertionError(control)


def _show(control: Any, value: Option) -> None:
    match control:
        case ChoiceBox():
            control.set_value(value)
        case QCheckBox():
            control.setChecked(bool(value))
        case _:
            control.setValue(float(value))
