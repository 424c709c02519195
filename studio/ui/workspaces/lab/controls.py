"""What all samplers of the laboratory share: data, source, class, particles, seed; Run, Cancel."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.bridge.toys import toy_sources
from studio.core.laboratory import Lab
from studio.core.settings import MAX_GUIDANCE, Settings
from studio.diffusion.distributions import DISTRIBUTIONS
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.spin import RealSpin, WholeSpin

SIDE = 64  # points of the backdrop along one side
PARTICLES, STRENGTH = 800, 2.0
TRAINED = {
    "epsilon": ("Network: epsilon", "A small network trained to predict the noise (DDPM)"),
    "score": ("Network: score", "A small network trained by score matching (SDE)"),
    "velocity": ("Network: velocity", "A small network trained to predict the velocity (flow)"),
}
EXACT = ("exact", "Exact score", "The distribution's own score: no network, no training error")


class Controls(QWidget):
    """One row; `request` is what it says."""

    def __init__(self) -> None:
        super().__init__()
        data = tuple((each.name, each.label, "") for each in DISTRIBUTIONS.values())
        self.data = ChoiceBox("labData", "Distribution", "The distribution to sample (Alt+D)", data)
        self.source = ChoiceBox(
            "labSource",
            "Source",
            "What answers for the denoiser (Alt+O): the exact score, or a network trained on"
            " samples; networks are there for two moons and the grid",
            (EXACT,),
        )
        self.label = ChoiceBox(
            "labClass", "Class", "The part of the data that guidance pulls to (Alt+L)", ()
        )
        self.strength = RealSpin()
        self.particles = WholeSpin()
        self.seed = WholeSpin()
        self.run = QPushButton("Run")
        self.cancel = QPushButton("Cancel")
        self._dress()
        self._lay_out()
        self.data.edited.connect(self._data_chosen)
        self.source.edited.connect(self._enable)
        self.label.edited.connect(self._enable)
        self._data_chosen(self.data.currentData())

    def _dress(self) -> None:
        w = "Guidance scale w (Alt+W): 0 ignores the class, 1 samples it, more overshoots"
        numbers = (
            (self.strength, "labGuidance", "Guidance scale w", w, 0, MAX_GUIDANCE, STRENGTH),
            (self.particles, "labParticles", "Particles", "How many (Alt+A)", 100, 2000, PARTICLES),
            (self.seed, "labSeed", "Seed", "Fixes all noise (Alt+E)", 0, 2**31 - 1, 0),
        )
        for spin, name, label, tip, low, high, value in numbers:
            spin.setObjectName(name)
            spin.setAccessibleName(label)
            spin.setToolTip(tip)
            spin.setRange(low, high)  # type: ignore[arg-type]
            spin.setValue(value)  # type: ignore[arg-type]
        self.strength.setDecimals(1)
        self.strength.setSingleStep(0.5)
        self.particles.setSingleStep(100)
        for button, name, tip in (
            (self.run, "labRun", "Run every sampler from the same noise (Ctrl+Enter)"),
            (self.cancel, "labCancel", "Stop; what has run stays (Esc)"),
        ):
            button.setObjectName(name)
            button.setAccessibleName(button.text())
            button.setToolTip(tip)
        self.run.setProperty("role", "primary")
        self.cancel.setProperty("role", "beside")

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        named = (
            ("&Data", self.data), ("S&ource", self.source), ("C&lass", self.label),
            ("&w", self.strength), ("P&articles", self.particles), ("S&eed", self.seed),
        )  # fmt: skip
        for text, control in named:
            label = QLabel(text)
            label.setProperty("role", "muted")
            label.setBuddy(control)
            column = QVBoxLayout()
            column.setSpacing(3)
            column.addWidget(label)
            column.addWidget(control)
            row.addLayout(column, 0)
        for box, least in ((self.data, 128), (self.source, 150), (self.label, 88)):
            box.setMinimumWidth(least)
        row.addStretch(1)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.run)
        buttons.addWidget(self.cancel)
        column = QVBoxLayout()
        column.addStretch(1)
        column.addLayout(buttons)
        row.addLayout(column)

    @Slot(object)
    def _data_chosen(self, name: str) -> None:
        """Offers the networks that were trained on this distribution, and its classes."""
        source = self.source.currentData()
        trained = tuple((each, *TRAINED[each]) for each in toy_sources(name) if each in TRAINED)
        _refill(self.source, (EXACT, *trained))
        self.source.set_value(source)
        count = len(DISTRIBUTIONS[name].classes)
        classes = tuple((k, f"Class {k + 1}", "Pull all particles there") for k in range(count))
        _refill(self.label, ((-1, "All", "No guidance"), *classes))
        self._enable()

    @Slot()
    def _enable(self, _: object = None) -> None:
        """Networks know no classes, and w is the guidance's."""
        exact = self.source.currentData() == "exact"
        self.label.setEnabled(exact)
        self.strength.setEnabled(exact and self.label.currentData() >= 0)

    def request(self, sampler: str, steps: int, likelihood: bool) -> Lab:
        """What is asked of one sampler."""
        exact = self.source.currentData() == "exact"
        label = self.label.currentData() if exact else -1
        guidance = self.strength.value() if label >= 0 else 1.0
        return Lab(
            self.data.currentData(),
            Settings("", sampler=sampler, steps=steps, guidance=guidance, seed=self.seed.value()),
            source=self.source.currentData(),
            label=label,
            particles=self.particles.value(),
            side=SIDE,
            likelihood=likelihood,
        )


def _refill(box: ChoiceBox, choices: tuple[tuple[object, str, str], ...]) -> None:
    """Other choices, the first one chosen, without reporting an edit."""
    blocked = box.blockSignals(True)
    box.clear()
    for value, text, _ in choices:
        box.addItem(text, value)
    box.blockSignals(blocked)
