"""What is trained and how: the recipe, the four weights, the data, the buttons."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.bridge.recipes import autoencoder_recipes
from studio.core.learning import MOST_WEIGHT, Train
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.foot import SIDE, SettingsColumn
from studio.ui.widgets.form import Check, Form, caption, column, line_edit, row, settings_grid
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
FIELD = 110  # logical pixels of a number
BUTTONS = (  # name, text, tip; the first begins
    ("train", "Train", "Train (Ctrl+Enter)"),
    ("trainPause", "Pause", "Pause; other work continues"),
    ("trainKeep", "Stop and keep", "Finish now and keep the result"),
    ("trainCancel", "Cancel", "Stop; the run can be resumed later (Esc)"),
)
DATA = "A folder of pictures; empty: the bundled ones"
RESUME = "Continue the cancelled run of this name"


class TrainColumn(SettingsColumn):
    """Every setting of a Train request, and its buttons."""

    edited = Signal()  # what may make no sense

    def __init__(self, parent: QWidget) -> None:
        super().__init__("trainColumn", parent)
        self._recipes = {each.name: each for each in autoencoder_recipes()}
        grid = settings_grid()
        self.rows.addLayout(grid)
        self._add_rows(Form(grid))
        self.train, self.pause, self.keep, self.cancel = (
            text_button(name, text, text, tip, "" if number else "primary")
            for number, (name, text, tip) in enumerate(BUTTONS)
        )
        self.pause.setCheckable(True)
        running, foot = row(self.pause, self.keep, self.cancel), self.end(QWidget())
        column(self.train, running, margins=(SIDE, 8, SIDE, 16), on=foot)
        self.show_running(False)
        self.recipe.edited.connect(self._recipe_chosen)
        for changed in (self.name.textChanged, self.crop.valueChanged):
            changed.connect(self.edited)
        self._recipe_chosen()

    def _add_rows(self, form: Form) -> None:
        add = form.add
        recipes = ((each.name, each.name, each.summary) for each in self._recipes.values())
        box = ChoiceBox("trainRecipe", "Recipe", "The recipe to start from", recipes)
        self.recipe = add("Recipe", box)
        self.summary = add("", caption("", "muted", "trainSummary", wrap=True))
        self.weights = {
            name: add(label, _Weight(f"train-{name}", label, tip, 0, MOST_WEIGHT, decimals=6))
            for name, label, tip in LAMBDAS
        }
        box = ChoiceBox("trainNorm", "Error", "How the pixels' error is measured", NORMS)
        self.norm = add("Error", box)
        tip = "Off: a plain autoencoder"
        self.variational = add("", Check("trainVariational", "A posterior (VAE)", tip))
        self.data = line_edit("trainData", "Pictures", DATA, "the bundled pictures")
        tip = "Choose a folder of pictures"
        choose = text_button("trainChoose", "Choose…", "Choose", tip, "small", self._choose)
        row((self.data, 1), choose, on=add("Pictures", QWidget()))
        self.crop, self.minutes, self.seed = (add(each[1], RealSpin(*each)) for each in NUMBERS)
        for number in (*self.weights.values(), self.crop, self.minutes, self.seed):
            number.setFixedWidth(FIELD)
        line = line_edit("trainName", "Name", "The result's name among the autoencoders")
        self.name = add("Name", line)
        self.name.setText("my-vae-1")
        self.resume = add("", Check("trainResume", "Resume the previous run", RESUME))

    def request(self) -> Train:
        """What the controls say."""
        return Train(
            recipe=self.recipe.value(),
            name=self.name.text().strip(),
            norm=self.norm.value(),
            variational=self.variational.value(),
            data=self.data.text().strip(),
            size=int(self.crop.value()),
            minutes=self.minutes.value(),
            seed=int(self.seed.value()),
            resume=self.resume.value(),
            **{name: spin.value() for name, spin in self.weights.items()},
        )

    def show_running(self, running: bool) -> None:
        """Which buttons make sense."""
        self.train.setEnabled(not running)
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
        chosen = self._recipes[self.recipe.value()]
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
