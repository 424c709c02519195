"""Controls for the options of a sampler or a guidance rule, built from its spec."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.core.specs import Options, Parameter, checked_options
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.form import Check, caption, column, row
from studio.ui.widgets.spin import RealSpin

WIDEST = 1e6  # a spin box has to end somewhere


class OptionsBox(QWidget):
    """One row for each parameter; hidden where there are none. Emits and takes Options."""

    edited = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._rows: QVBoxLayout = column(gap=8, on=self)
        self._parameters: tuple[Parameter, ...] = ()
        self._controls: dict[str, Any] = {}

    def show_parameters(self, parameters: tuple[Parameter, ...]) -> None:
        """Builds the controls anew, each at its default."""
        while (item := self._rows.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.setParent(None)
                old.deleteLater()
        self._parameters = parameters
        self._controls = {each.name: self._control(each) for each in parameters}
        for each in parameters:
            control, line = self._controls[each.name], QWidget()
            row((caption(each.label, "muted", buddy=control), 1), control, on=line)
            self._rows.addWidget(line)
        self.setVisible(bool(parameters))

    def value(self) -> Options:
        """What is chosen, without what is at its default."""
        chosen = ((name, control.value()) for name, control in self._controls.items())
        return checked_options("", self._parameters, chosen)

    @Slot(object)
    def set_value(self, options: Options) -> None:
        """Shows `options`, the rest at their defaults, without reporting an edit."""
        chosen = dict(options)
        for each in self._parameters:
            control = self._controls[each.name]
            with QSignalBlocker(control):
                control.set_value(chosen.get(each.name, each.default))

    def _control(self, parameter: Parameter) -> Any:
        name, label, tip = (
            f"{self.objectName()}-{parameter.name}", parameter.label, parameter.summary
        )  # fmt: skip
        control: Any
        if parameter.choices:
            choices = ((choice, choice.replace("-", " "), "") for choice in parameter.choices)
            control = ChoiceBox(name, label, tip, choices)
        elif isinstance(parameter.default, bool):
            control = Check(name, "", tip)
            control.setAccessibleName(label)
        else:
            control = _number(parameter, name)
        control.set_value(parameter.default)
        control.edited.connect(self._edited)
        return control

    @Slot(object)
    def _edited(self, _: object = None) -> None:
        self.edited.emit(self.value())


def _number(parameter: Parameter, name: str) -> RealSpin:
    whole = isinstance(parameter.default, int)
    low, high = max(parameter.low, -WIDEST), min(parameter.high, WIDEST)
    fine = high - low <= 0.1 or 0 < float(parameter.default) < 0.01
    step = 1 if whole else 0.0001 if fine else 0.1 if high - low > 2 else 0.05
    decimals = 0 if whole else 5 if fine else 2
    tip = parameter.summary
    return RealSpin(name, parameter.label, tip, low, high, step=step, decimals=decimals)
