"""One column of the laboratory: a sampler and its steps, its pane, and how well it did."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from studio.core.laboratory import LabRun
from studio.core.settings import MAX_STEPS
from studio.core.specs import SamplerSpec
from studio.ui.widgets.form import caption, column, row
from studio.ui.widgets.sampler_box import SamplerBox
from studio.ui.widgets.spin import WholeSpin
from studio.ui.workspaces.lab.motion import Motion
from studio.ui.workspaces.lab.pane import LEAST, Pane

NARROW = 132  # of a column without a sampler, logical pixels
DISTANCE_TIP = (
    "Energy distance of the particles to true samples: 0 if both are spread alike. The floor is"
    " what as many other true samples get: a sampler near it cannot be told from the truth. Both"
    " are estimates without bias, so they may lie a little below 0."
)
MISSED_TIP = (
    "How far a particle ends from where the exact probability-flow ODE takes the same noise: the"
    " median. It is the solver's error, and the network's."
)
MIXED_TIP = (
    "This sampler adds noise on the way: it gets the distribution right, not each particle's end,"
    " so there is no flow map to compare with."
)
LIKELIHOOD_TIP = (
    "Mean log-likelihood of true samples in nats, by the instantaneous change of variables along"
    " the model's own ODE, against what the distribution gives them."
)


class Column(QWidget):
    """`changed` says that another sampler was chosen."""

    changed = Signal()

    def __init__(self, number: int, samplers: dict[str, SamplerSpec], sampler: str) -> None:
        super().__init__()
        self._samplers = samplers
        place = f"Sampler {number + 1}"
        self.box = SamplerBox(samplers.values(), f"labSampler{number}")
        self.box.setAccessibleName(place)
        self.box.setMinimumWidth(60)
        self.box.insertItem(0, "None", "")
        tip = "How many steps from noise to data"
        self.steps = WholeSpin(f"labSteps{number}", f"{place}: steps", tip, 1, MAX_STEPS)
        self.steps.setFixedWidth(54)
        self.pane = Pane(number)
        self.figures = tuple(_figure(f"lab{name}{number}") for name in _FIGURES)
        head = row((self.box, 1), self.steps, gap=5)
        column(head, (self.pane, 1000), column(*self.figures, gap=1), None, on=self)
        self.box.edited.connect(self._chosen)
        self.box.set_value(sampler if sampler in samplers else "")
        self._chosen(self.sampler)

    @property
    def sampler(self) -> str:
        """The sampler's name, "" for none."""
        return str(self.box.currentData() or "")

    @property
    def motion(self) -> Motion | None:
        return self.pane.motion

    @Slot(object)
    def _chosen(self, name: str) -> None:
        chosen = bool(name)
        self.steps.setVisible(chosen)
        if chosen:
            self.steps.setValue(self._samplers[name].default_steps)
        self.forget("Run (Ctrl+Enter) to see it" if chosen else "")
        self.setMaximumWidth(16777215 if chosen else NARROW)
        self.changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The pane no higher than wide, so that the figures follow it."""
        super().resizeEvent(event)
        self.pane.setMaximumHeight(max(self.width(), LEAST))

    def forget(self, words: str) -> None:
        """No run is shown any more."""
        self.pane.show_words(words)
        for label in self.figures:
            label.setText("")

    def show_run(self, run: LabRun, part: bool = False) -> None:
        """The particles, and under them what they amount to; `part`: as for Motion."""
        motion, spec = Motion(run, part), self._samplers[run.settings.sampler]
        self.pane.show_motion(motion)
        steps = f"{run.nfe} evaluations of the denoiser in {run.settings.steps} steps"
        figures = (
            (f"{spec.label} · {run.nfe} NFE", steps),
            (f"Distance {_signed(run.distance)} (floor {_signed(run.floor)})", DISTANCE_TIP),
            ("Stochastic: ends are mixed", MIXED_TIP) if spec.stochastic
            else (f"Off the exact ODE by {motion.missed:.4f}", MISSED_TIP),
            (_likelihood(run), LIKELIHOOD_TIP),
        )  # fmt: skip
        for label, (text, tip) in zip(self.figures, figures, strict=True):
            label.setText(text)
            label.setToolTip(tip)
        self.figures[3].setVisible(run.log_likelihood is not None)
        self.pane.setAccessibleDescription(", ".join(text for text, _ in figures if text))


_FIGURES = ("Cost", "Distance", "Missed", "Likelihood")


def _figure(name: str) -> QLabel:
    label = caption("", "title" if name.startswith("labCost") else "muted", name)
    label.setMinimumWidth(20)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return label


def _likelihood(run: LabRun) -> str:
    if run.log_likelihood is None or run.exact_log_likelihood is None:
        return ""
    model, exact = _signed(run.log_likelihood, 3), _signed(run.exact_log_likelihood, 3)
    return f"log p {model}, exactly {exact} nats"


def _signed(number: float, decimals: int = 4) -> str:
    """With a true minus sign."""
    return f"{number:.{decimals}f}".replace("-", "−")
