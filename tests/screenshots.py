"""The pictures of the window in README, made anew on the model that is shipped.

    python tests/screenshots.py [window compare ...] [--out docs/screenshots]

Opens the real window off screen, does in it what each picture shows, and writes it. About a minute
and a half on two cores; LPIPS stands in the tables where its weights are in TORCH_HOME.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

import studio.app
from studio.bench.probes.beats import turn_until
from studio.core.grid import Axis, Grid
from studio.core.settings import Settings
from studio.ui.workspaces.compare.panel import ComparePanel
from studio.ui.workspaces.generate.panel import GeneratePanel
from studio.ui.workspaces.history.panel import HistoryPanel
from studio.ui.workspaces.interpolate.panel import InterpolatePanel
from studio.ui.workspaces.language.panel import LanguagePanel
from studio.ui.workspaces.reconstruct.panel import ReconstructPanel
from studio.ui.workspaces.tour.panel import TourPanel

ROOT = Path(__file__).parents[1]
WIDE = 1280, 820
STOP = 15  # of the tour
TEXTS = (
    "a spider web", "two medals", "a face with rolling eyes", "a monkey", "a symbol",
    "a person running",
)  # fmt: skip
MADE = (  # prompt, seed; the last is the newest
    ("a crown on a blue background", 107), ("an apple on a yellow background", 7),
    ("a rocket", 13), ("a star on a purple background", 67), ("a panda", 3),
    ("a frog on a pink background", 9), ("a strawberry", 12), ("two pears", 14),
    ("a smiling sun on a blue background", 16), ("a mushroom on a green background", 18),
    ("a duck", 20), ("a penguin on a blue background", 22), ("a slice of pizza", 24),
    ("a teddy bear", 108), ("a house", 30), ("a rainbow", 32), ("a cactus", 64), ("a car", 38),
    ("a lemon on a green background", 42), ("three cherries", 44), ("a robot", 66),
    ("a koala on a green background", 76), ("a donut", 73), ("a monkey face", 71),
    ("a pig face on a pink background", 70), ("a cat face", 60),
)  # fmt: skip


class Shooting:
    """One window, and what a user would do in it."""

    def __init__(self, app: QApplication, out: Path) -> None:
        self._folder = tempfile.TemporaryDirectory()
        place = Path(self._folder.name)
        studio.app.pictures_folder = lambda: place / "Pictures"  # type: ignore[attr-defined]
        store = QSettings(str(place / "s.ini"), QSettings.Format.IniFormat)
        store.setValue("theme", '"light"')
        self.out, self.studio = out, studio.app.Studio(app, store)
        self.window, self.session = self.studio.window, self.studio.shared.session
        self.window.resize(*WIDE)
        self.studio.show()
        turn_until(lambda: self.studio.shared.jobs.model is not None)
        self.rest(0.5)

    def panel(self, name: str) -> QWidget:
        """Goes to a workspace."""
        self.window._go_to(name)
        self.rest(0.3)
        return self.window.panel(name)

    def rest(self, seconds: float) -> None:
        turn_until(lambda: False, seconds)

    def idle(self) -> None:
        """Until nothing runs and everything is painted."""
        self.rest(0.1)
        turn_until(lambda: not self.studio.shared.jobs.busy, 300)
        self.rest(0.6)

    def generate(
        self, *pictures: tuple[str, int], steps: int = Settings("").steps
    ) -> GeneratePanel:
        panel = self.panel("generate")
        assert isinstance(panel, GeneratePanel)
        for prompt, seed in pictures:
            self.session.prompt.set(prompt)
            self.session.steps.set(steps)
            self.session.seed.set(seed)
            self.session.seed_locked.set(True)
            panel.generate()
        self.idle()
        return panel

    def save(self, name: str) -> None:
        QTest.mouseMove(self.window, self.window.rect().bottomRight())
        self.rest(0.5)
        self.out.mkdir(parents=True, exist_ok=True)
        image = self.window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        assert image.save(str(self.out / f"{name}.png"), "PNG")
        print(self.out / f"{name}.png")

    def close(self) -> None:
        self.window.close()
        self.studio.close()
        self._folder.cleanup()


def window(shooting: Shooting) -> None:
    prompts = "a rocket", "a lion", "a hamburger", "a red apple on a blue background", "a robot"
    shooting.generate(*((prompt, 1) for prompt in prompts), ("a teddy bear", 1))
    shooting.save("window")


def compare(shooting: Shooting) -> None:
    panel = shooting.panel("compare")
    assert isinstance(panel, ComparePanel)
    shooting.session.prompt.set("a rocket")
    shooting.session.seed.set(1)
    shooting.session.seed_locked.set(True)
    samplers = Axis("sampler", ("dpmpp-2m", "flow-euler", "flow-heun"))
    panel.column.axes.set_grid(Grid(Axis("steps", (5, 10, 20, 40)), samplers))
    panel.begin()
    shooting.idle()
    shooting.save("compare")


def lab(shooting: Shooting) -> None:
    panel = shooting.panel("compare")
    assert isinstance(panel, ComparePanel)
    view = panel.show_view("lab")
    shooting.idle()
    view.player.pause()
    view.player.slider.set_time(0.18)
    shooting.save("lab")


def reconstruct(shooting: Shooting) -> None:
    from PIL import Image
    from skimage import data

    panel = shooting.panel("reconstruct")
    assert isinstance(panel, ReconstructPanel)
    path = Path(shooting._folder.name) / "astronaut.png"
    Image.fromarray(data.astronaut()).save(path)
    wanted = ("studio-256/autoencoder", "ae", "vae-l2", "vae-lpips", "vae-refined")
    turn_until(lambda: bool(panel.column.items()))
    for item in panel.column.items():
        ticked = item.text() in wanted
        item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
    panel.opener.files((path,))
    turn_until(lambda: bool(panel.bench.sources))
    panel.column.foot.go.click()
    shooting.idle()
    shooting.save("reconstruct")


def interpolate(shooting: Shooting) -> None:
    panel = shooting.panel("interpolate")
    assert isinstance(panel, InterpolatePanel)
    fruits = ("a red apple", "a green pear", "a yellow lemon", "a bunch of grapes")
    panel.column.show_example(fruits, (3, None, None, None))
    for side in (panel.column.across, panel.column.down):
        side.set_value(4)
        side.edited.emit(4)
    panel.run()
    shooting.idle()
    panel.show_frame(5)
    shooting.save("interpolate")


def image_to_image(shooting: Shooting) -> None:
    panel = shooting.generate(("a fox on a green background", 102))
    panel.start_here()
    turn_until(lambda: shooting.session.start.get() is not None)
    for strength in (0.55, 0.6, 0.65, 0.7, 0.75, 0.8):
        shooting.session.strength.set(strength)
        shooting.generate(("a panda on an orange background", 300), steps=20)
    panel.viewer.strip.walk(1)
    panel.column.area.verticalScrollBar().setValue(9999)
    shooting.save("image-to-image")
    shooting.session.start.set(None)
    panel.column.start.toggle.setChecked(False)


def trajectory(shooting: Shooting) -> None:
    panel = shooting.generate(*MADE[-8:])
    panel.column.trajectories.setChecked(True)
    shooting.generate(("a tiger face on a green background", 61), steps=20)
    panel.column.trajectories.setChecked(False)
    shooting.window.findChild(QWidget, "tool-trajectory").click()
    shooting.rest(1)
    panel.viewer.player.go_to(7)
    shooting.rest(1)
    panel.column.area.verticalScrollBar().setValue(0)
    shooting.save("trajectory")


def history(shooting: Shooting) -> None:
    shooting.generate(*MADE)
    panel = shooting.panel("history")
    assert isinstance(panel, HistoryPanel)
    turn_until(lambda: len(panel.rows.ids) >= len(MADE) and not panel.archive.syncing)
    found = {item.settings.prompt: item.id for item in panel.archive.items(panel.rows.ids)}
    frog = found["a frog on a pink background"]
    panel.archive.mark((frog,), favourite=True, rating=5)
    for prompt, stars in (("a penguin on a blue background", 5), ("a robot", 3), ("a panda", 4)):
        panel.archive.mark((found[prompt],), rating=stars)
    panel.archive.tag((frog,), add=("animals", "for the poster"))
    shooting.rest(1)
    panel.grid.setCurrentIndex(panel.rows.index(panel.rows.ids.index(frog)))
    panel.banner.clear()
    shooting.save("history")


def words(shooting: Shooting) -> None:
    shooting.generate(("a penguin on a blue background", 22))
    press(shooting, "tool-words")
    shooting.idle()
    press(shooting, "word-1")
    shooting.save("words")


def language(shooting: Shooting) -> None:
    panel = shooting.panel("language")
    assert isinstance(panel, LanguagePanel)
    panel.column.texts.set_value("\n".join(TEXTS))
    for _ in range(6):
        press(shooting, "sampleLanguagePicture")
    shooting.idle()
    panel.show_view("likeness")
    shooting.rest(1)
    panel.run()
    shooting.idle()
    shooting.save("language")


def tour(shooting: Shooting) -> None:
    panel = shooting.panel("tour")
    assert isinstance(panel, TourPanel)
    panel.step(STOP)
    panel.measure()
    shooting.idle()
    shooting.save("tour")


def press(shooting: Shooting, name: str) -> None:
    button = shooting.window.findChild(QAbstractButton, name)
    assert button is not None, name
    button.click()
    shooting.rest(0.3)


SHOTS: dict[str, Callable[[Shooting], None]] = {
    "window": window,
    "compare": compare,
    "lab": lab,
    "reconstruct": reconstruct,
    "interpolate": interpolate,
    "image-to-image": image_to_image,
    "trajectory": trajectory,
    "history": history,
    "words": words,
    "language": language,
    "tour": tour,
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shots", nargs="*", metavar="SHOT", help=f"of {', '.join(SHOTS)}")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screenshots")
    chosen = parser.parse_args(arguments)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    app = QApplication([sys.argv[0]])
    for name in chosen.shots or SHOTS:
        shooting = Shooting(app, chosen.out)
        SHOTS[name](shooting)
        shooting.close()


if __name__ == "__main__":
    main()
