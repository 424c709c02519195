"""What is trained and how: the recipe, the four weights, the data, the buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.bridge.recipes import AutoencoderRecipe, autoencoder_recipes
from studio.core.learning import MOST_WEIGHT, Train
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.foot import SIDE
from studio.ui.widgets.spin import RealSpin

LAMBDAS = (
    ("reconstruction", "λ reconstruction", "Weight of the error a pixel"),
    ("kl", "λ KL", "Weight of the KL to N(0, I), a latent value (mean form)"),
    ("perceptual", "λ LPIPS", "Weight of LPIPS; above 0 it needs LPIPS's weights here"),
    ("adversarial", "λ adversarial", "Weight of the patch critic"),
)


class TrainColumn(QFrame):
    """Every setting of a Train request, and its buttons."""

    edited = Signal()  # what may make no sense
    asked = Signal()
    pause_asked = Signal(bool)
    keep_asked = Signal()
    cancel_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("trainColumn")
        self._recipes = {each.name: each for each in autoencoder_recipes()}
        choices = ((each.name, each.name, each.summary) for each in self._recipes.values())
        self.recipe = ChoiceBox("trainRecipe", "Recipe", "What to begin from", choices)
        self.summary = QLabel()
        self.summary.setObjectName("trainSummary")
        self.summary.setProperty("role", "muted")
        self.summary.setWordWrap(True)
        self.weights = {name: _weight(name, label, tip) for name, label, tip in LAMBDAS}
        norms = (("l1", "absolute", "Mean absolute error"), ("l2", "squared", "Mean squared error"))
        self.norm = ChoiceBox("trainNorm", "Error", "How the pixels' error is measured", norms)
        for box in (self.recipe, self.norm):
            box.setMinimumWidth(170)
        self.variational = _check(
            "A posterior (VAE)", "trainVariational", "Without it: a plain autoencoder"
        )
        self.crop = _number("trainSize", "Crop size", "Pixels of a training crop", 32, 256, 32)
        self.minutes = _number("trainMinutes", "Minutes", "How long to train", 0.1, 10080, 1, 1)
        self.seed = _number("trainSeed", "Seed", "Of the crops and the first weights", 0, 2**31, 1)
        self.minutes.setValue(5)
        self.data = _line("trainData", "Pictures", "A folder of pictures; empty: the bundled ones")
        self.data.setPlaceholderText("the bundled pictures")
        self.name = _line("trainName", "Name", "The result's name among the autoencoders")
        self.name.setText("my-vae-1")
        self.resume = _check(
            "Go on with this name's run", "trainResume", "Continue a run that was cancelled"
        )
        self._make_buttons()
        self._lay_out()
        self.recipe.edited.connect(self._recipe_chosen)
        self.name.textChanged.connect(self.edited)
        self.crop.valueChanged.connect(self.edited)
        self._recipe_chosen()

    def _make_buttons(self) -> None:
        self.train = _button("Train", "train", "Train (Ctrl+Enter)", self.asked)
        self.train.setProperty("role", "primary")
        self.pause = _button("Pause", "trainPause", "Rest; other work goes on", self._pause)
        self.pause.setCheckable(True)
        self.keep = _button("Stop and keep", "trainKeep", "End now and keep it", self.keep_asked)
        self.cancel = _button(
            "Cancel", "trainCancel", "Stop; the run can be gone on with (Esc)", self.cancel_asked
        )
        self.show_running(False)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        form.addRow("Recipe", self.recipe)
        form.addRow(self.summary)
        for name, label, _ in LAMBDAS:
            form.addRow(label, self.weights[name])
        form.addRow("Error", self.norm)
        form.addRow(self.variational)
        folder = QHBoxLayout()
        folder.addWidget(self.data, 1)
        choose = _button("Choose…", "trainChoose", "Choose a folder of pictures", self._choose)
        choose.setProperty("role", "small")
        folder.addWidget(choose)
        form.addRow("Pictures", folder)
        for label, control in (
            ("Crop size", self.crop), ("Minutes", self.minutes), ("Seed", self.seed),
            ("Name", self.name),
        ):  # fmt: skip
            form.addRow(label, control)
        form.addRow(self.resume)
        column = QVBoxLayout(self)
        column.setContentsMargins(SIDE, 16, SIDE, 16)
        column.addLayout(form)
        column.addStretch(1)
        column.addWidget(self.train)
        row = QHBoxLayout()
        for button in (self.pause, self.keep, self.cancel):
            row.addWidget(button)
        column.addLayout(row)

    def request(self) -> Train:
        """What the controls say."""
        return Train(
            recipe=str(self.recipe.currentData()),
            name=self.name.text().strip(),
            norm=str(self.norm.currentData()),
            variational=self.variational.isChecked(),
            data=self.data.text().strip(),
            size=int(self.crop.value()),
            minutes=self.minutes.value(),
            seed=int(self.seed.value()),
            resume=self.resume.isChecked(),
            **{name: spin.value() for name, spin in self.weights.items()},
        )

    def allow(self, able: bool) -> None:
        """Whether what the controls say can be trained now."""
        self.train.setEnabled(able)

    def show_running(self, running: bool) -> None:
        """Which buttons make sense."""
        self.allow(not running)
        for button in (self.pause, self.keep, self.cancel):
            button.setEnabled(running)
        if not running:
            self.show_paused(False)

    def show_paused(self, paused: bool) -> None:
        self.pause.setChecked(paused)
        self.pause.setText("Go on" if paused else "Pause")

    @Slot()
    def _pause(self) -> None:
        self.pause_asked.emit(self.pause.isChecked())

    @Slot()
    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "A folder of pictures")
        if folder:
            self.data.setText(folder)

    @Slot()
    def _recipe_chosen(self, _: object = None) -> None:
        """Fills the weights with the recipe's."""
        chosen: AutoencoderRecipe = self._recipes[str(self.recipe.currentData())]
        self.summary.setText(chosen.summary)
        for name, spin in self.weights.items():
            spin.setValue(getattr(chosen, name))
        self.norm.set_value(chosen.norm)
        self.variational.setChecked(chosen.variational)
        self.crop.setValue(chosen.size)


class _Weight(RealSpin):
    """From millionths to thousands, without zeros at the end."""

    def textFromValue(self, value: float) -> str:
        text = super().textFromValue(value)
        point = self.locale().decimalPoint()
        return text.rstrip("0").rstrip(point) if point in text else text


def _named(control: QWidget, name: str, label: str, tip: str) -> None:
    if isinstance(control, QDoubleSpinBox | QLineEdit):
        control.setMinimumWidth(110)
    control.setObjectName(name)
    control.setAccessibleName(label)
    control.setToolTip(tip)


def _weight(name: str, label: str, tip: str) -> QDoubleSpinBox:
    spin = _Weight()
    spin.setDecimals(6)
    spin.setRange(0, MOST_WEIGHT)
    spin.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
    _named(spin, f"train-{name}", label, tip)
    return spin


def _number(
    name: str, label: str, tip: str, low: float, high: float, step: float, decimals: int = 0
) -> QDoubleSpinBox:
    spin = RealSpin()
    spin.setDecimals(decimals)
    spin.setRange(low, high)
    spin.setSingleStep(step)
    _named(spin, name, label, tip)
    return spin


def _line(name: str, label: str, tip: str) -> QLineEdit:
    line = QLineEdit()
    _named(line, name, label, tip)
    return line


def _check(text: str, name: str, tip: str) -> QCheckBox:
    box = QCheckBox(text)
    _named(box, name, text, tip)
    return box


def _button(text: str, name: str, tip: str, act: object) -> QPushButton:
    button = QPushButton(text)
    _named(button, name, text.rstrip("…"), tip)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.clicked.connect(act)  # type: ignore[arg-type]
    return button
