"""What is trained and how: the recipe, the four weights, the data, the buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QFormLayout, QFrame, QLayout, QPushButton, QWidget

from studio.bridge.recipes import AutoencoderRecipe, autoencoder_recipes
from studio.core.learning import MOST_WEIGHT, Train
from studio.ui.widgets.buttons import Act, text_button
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.foot import SIDE
from studio.ui.widgets.form import Check, caption, column, line_edit, row
from studio.ui.widgets.spin import RealSpin

LAMBDAS = (
    ("reconstruction", "λ reconstruction", "Weight of the error per pixel"),
    ("kl", "λ KL", "Weight of the KL divergence to N(0, I), per latent value (mean)"),
    ("perceptual", "λ LPIPS", "Weight of LPIPS; above 0 it needs LPIPS's weights here"),
    ("adversarial", "λ adversarial", "Weight of the patch critic"),
)
NORMS = (("l1", "absolute", "Mean absolute error"), ("l2", "squared", "Mean squared error"))
NUMBERS: tuple[tuple[str, str, str, float, float, float, float, int], ...] = (
    # name, label, tip, the least, the most, at first, a step, decimals
    ("trainSize", "Crop size", "Pixels of a training crop", 32, 256, 32, 32, 0),
    ("trainMinutes", "Minutes", "How long to train", 0.1, 10080, 5, 1, 1),
    ("trainSeed", "Seed", "Seed of the crops and the initial weights", 0, 2**31, 0, 1, 0),
)
DATA = "A folder of pictures; empty: the bundled ones"
STOP = "Stop; the run can be resumed later (Esc)"
RESUME = "Continue the cancelled run of this name"


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
        self.recipe = ChoiceBox("trainRecipe", "Recipe", "The recipe to start from", choices)
        self.summary = caption("", "muted", "trainSummary", wrap=True)
        self.weights = {
            name: _Weight(f"train-{name}", label, tip, 0, MOST_WEIGHT, decimals=6)
            for name, label, tip in LAMBDAS
        }
        self.norm = ChoiceBox("trainNorm", "Error", "How the pixels' error is measured", NORMS)
        self.variational = Check(
            "trainVariational", "A posterior (VAE)", "Off: a plain autoencoder"
        )
        self.data = line_edit("trainData", "Pictures", DATA, "the bundled pictures")
        tip = "Choose a folder of pictures"
        choose = self._button("trainChoose", "Choose…", tip, self._choose, "small")
        crop, minutes, seed = (RealSpin(*about) for about in NUMBERS)
        self.crop, self.minutes, self.seed = crop, minutes, seed
        self.name = line_edit("trainName", "Name", "The result's name among the autoencoders")
        self.name.setText("my-vae-1")
        self.resume = Check("trainResume", "Resume the previous run", RESUME)
        self._lay_out(
            ("Recipe", self.recipe),
            ("", self.summary),
            *((label, self.weights[name]) for name, label, _ in LAMBDAS),
            ("Error", self.norm),
            ("", self.variational),
            ("Pictures", row((self.data, 1), choose)),
            *(("Crop size", crop), ("Minutes", minutes), ("Seed", seed), ("Name", self.name)),
            ("", self.resume),
        )
        self.show_running(False)
        self.recipe.edited.connect(self._recipe_chosen)
        self.name.textChanged.connect(self.edited)
        self.crop.valueChanged.connect(self.edited)
        self._recipe_chosen()

    def _lay_out(self, *rows: tuple[str, QWidget | QLayout]) -> None:
        """The rows, and the buttons at the bottom."""
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for text, control in rows:
            form.addRow(*([text] if text else []), control)  # type: ignore[call-overload]
        for box in (self.recipe, self.norm):
            box.setMinimumWidth(170)
        numbers = *self.weights.values(), self.crop, self.minutes, self.seed
        for field in (*numbers, self.data, self.name):
            field.setMinimumWidth(110)
        add = self._button
        self.train = add("train", "Train", "Train (Ctrl+Enter)", self.asked, "primary")
        self.pause = add("trainPause", "Pause", "Pause; other work continues", self.pause_asked)
        self.pause.setCheckable(True)
        self.keep = add(
            "trainKeep", "Stop and keep", "Finish now and keep the result", self.keep_asked
        )
        self.cancel = add("trainCancel", "Cancel", STOP, self.cancel_asked)
        buttons = row(self.pause, self.keep, self.cancel)
        column(form, None, self.train, buttons, margins=(SIDE, 16, SIDE, 16), on=self)

    def _button(self, name: str, text: str, tip: str, act: Act, role: str = "") -> QPushButton:
        button = text_button(name, text, text.rstrip("…"), tip, role, act)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def request(self) -> Train:
        """What the controls say."""
        return Train(
            recipe=str(self.recipe.value()),
            name=self.name.text().strip(),
            norm=str(self.norm.value()),
            variational=self.variational.isChecked(),
            data=self.data.text().strip(),
            size=int(self.crop.value()),
            minutes=self.minutes.value(),
            seed=int(self.seed.value()),
            resume=self.resume.isChecked(),
            **{name: float(spin.value()) for name, spin in self.weights.items()},
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
        self.pause.setText("Resume" if paused else "Pause")

    @Slot()
    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "A folder of pictures")
        if folder:
            self.data.setText(folder)

    @Slot()
    def _recipe_chosen(self, _: object = None) -> None:
        """Fills the weights with the recipe's."""
        chosen: AutoencoderRecipe = self._recipes[str(self.recipe.value())]
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
