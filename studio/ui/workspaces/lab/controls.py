"""What all samplers of the laboratory share: data, source, class, particles, seed; Run, Cancel."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from studio.bridge.toys import toy_sources
from studio.core.laboratory import Lab
from studio.core.settings import MAX_GUIDANCE, Settings
from studio.diffusion.distributions import DISTRIBUTIONS
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.form import caption, column, row
from studio.ui.widgets.spin import RealSpin, WholeSpin

SIDE = 64  # points of the backdrop along one side
PARTICLES, STRENGTH = 800, 2.0
TRAINED = {
    "epsilon": ("Network: epsilon", "A small network trained to predict the noise (DDPM)"),
    "score": ("Network: score", "A small network trained by score matching (SDE)"),
    "velocity": ("Network: velocity", "A small network trained to predict the velocity (flow)"),
    **{
        f"unlabelled-{share}": (
            f"Network: p_uncond {share} %",
            f"A small network that was not told the class of {share} % of its points",
        )
        for share in (0, 10, 20, 50)
    },
    "noisy-classifier": (
        "Classifier of noise",
        "The exact score, guided by a small classifier of noisy points",
    ),
    "clean-classifier": (
        "Classifier, clean",
        "The exact score, guided by a small classifier that never saw noise",
    ),
}
WITHOUT_CLASSES = ("epsilon", "score", "velocity")
EXACT = ("exact", "Exact score", "The distribution's own score: no network, no training error")
DATA = "The distribution to sample (Alt+D)"
SOURCE = (
    "What acts as the denoiser (Alt+O): the exact score, or a network trained on samples; networks"
    " exist for two moons, the grid and three clouds"
)
CLASS = "The class that guidance aims for (Alt+L)"
SCALE = "Guidance scale w (Alt+W): 0 ignores the class, 1 samples it, more overshoots"
RUN = "Run every sampler from the same noise (Ctrl+Enter)"


class Controls(QWidget):
    """One row; `request` is what it says."""

    def __init__(self) -> None:
        super().__init__()
        data = tuple((each.name, each.label, "") for each in DISTRIBUTIONS.values())
        self.data = ChoiceBox("labData", "Distribution", DATA, data)
        self.source = ChoiceBox("labSource", "Source", SOURCE, (EXACT,))
        self.label = ChoiceBox("labClass", "Class", CLASS, ())
        self.strength = RealSpin(
            "labGuidance", "Guidance scale w", SCALE, 0, MAX_GUIDANCE, STRENGTH, 0.5, 1
        )
        self.particles = WholeSpin(
            "labParticles", "Particles", "How many (Alt+A)", 100, 2000, PARTICLES, 100
        )
        self.seed = WholeSpin("labSeed", "Seed", "Fixes all noise (Alt+E)", 0, 2**31 - 1)
        self.run = text_button("labRun", "Run", "Run", RUN, "primary")
        stop = "Stop; finished runs are kept (Esc)"
        self.cancel = text_button("labCancel", "Cancel", "Cancel", stop, "beside")
        for box, least in ((self.data, 128), (self.source, 150), (self.label, 88)):
            box.setMinimumWidth(least)
        fields = (
            ("&Data", self.data), ("S&ource", self.source), ("C&lass", self.label),
            ("&w", self.strength), ("P&articles", self.particles), ("S&eed", self.seed),
        )  # fmt: skip
        row(
            *(column(caption(text, "muted", buddy=box), box, gap=3) for text, box in fields),
            None,
            column(None, row(self.run, self.cancel)),
            gap=8,
            on=self,
        )
        self.data.edited.connect(self._data_chosen)
        self.source.edited.connect(self._enable)
        self.label.edited.connect(self._enable)
        self._data_chosen(self.data.value())

    @Slot(object)
    def _data_chosen(self, name: str) -> None:
        """Offers the networks that were trained on this distribution, and its classes."""
        there = toy_sources(name)
        trained = tuple((each, *words) for each, words in TRAINED.items() if each in there)
        self.source.offer((EXACT, *trained))
        count = len(DISTRIBUTIONS[name].classes)
        classes = tuple((k, f"Class {k + 1}", "Guide all particles there") for k in range(count))
        self.label.offer(((-1, "All", "No guidance"), *classes))
        self.label.set_value(-1)
        self._enable()

    @Slot()
    def _enable(self, _: object = None) -> None:
        """Some networks know no classes, and w is the guidance's."""
        knows = self.source.currentData() not in WITHOUT_CLASSES
        self.label.setEnabled(knows)
        self.strength.setEnabled(knows and self.label.currentData() >= 0)

    def request(self, sampler: str, steps: int, likelihood: bool) -> Lab:
        """What is asked of one sampler."""
        knows = self.source.currentData() not in WITHOUT_CLASSES
        label = self.label.currentData() if knows else -1
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
