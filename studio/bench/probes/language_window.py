"""The Language workspace: each view opened, and its controls worked by clicks and keys, with a very
large picture among the others, and a history of thousands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QWidget

from studio.bench.probes.history_window import fill
from studio.bench.probes.stage import Stage
from studio.core.settings import Settings
from studio.gallery import png

TEXTS = ("a red apple", "two friendly puppies beside an automobile", "a smiling face, 3d")
LARGE, QUICK_LARGE = (6000, 8000), (60, 80)  # pixels down and across
PASTED, QUICK_PASTED = 48_000, 480  # characters
PAST, QUICK_PAST = 5_000, 40  # pictures of the history
QUIET = 0.6  # seconds without a job: longer than the views wait before they ask
LEFT, KEY = Qt.MouseButton.LeftButton, Qt.Key
Step = tuple[str, Callable[[], object]]


class Languages:
    """The panel, and what can be done to it."""

    def __init__(self, stage: Stage) -> None:
        stage.wait("the workspaces", stage.built)
        self.stage, self.panel = stage, stage.panel("language")

    def calm(self) -> Callable[[], bool]:
        """True once there has been no job for QUIET seconds, and the history is read."""
        busy, quiet = [time.perf_counter()], 0.3 if self.stage.quick else QUIET

        def over() -> bool:
            if self.stage.jobs.busy or self.panel.past.going:
                busy[0] = time.perf_counter()
            return time.perf_counter() - busy[0] > quiet

        return over

    def brought(self) -> Callable[[], bool]:
        """True once there is a picture more, and calm."""
        desk, calm = self.panel.desk, self.calm()
        before = len(desk.sources)
        return lambda: len(desk.sources) > before and calm()

    def part(self, name: str) -> Any:
        found = self.panel.findChild(QWidget, name)
        assert found is not None, name
        return found

    def click(self, name: str, at: QPoint | None = None) -> Step:
        return f"{name} clicked", lambda: QTest.mouseClick(
            self.part(name), LEFT, pos=at or self.part(name).rect().center()
        )

    def tick(self, name: str) -> Step:
        return f"{name} ticked", lambda: QTest.mouseClick(
            self.part(name), LEFT, pos=QPoint(9, self.part(name).height() // 2)
        )

    def key(self, name: str, key: Qt.Key = KEY.Key_Right) -> Step:
        return f"{name}, {key.name[4:]}", lambda: QTest.keyClick(self.part(name), key)

    def each(self, name: str) -> Iterable[Step]:
        """Every other choice of a box, by the arrow key."""
        box: QComboBox = self.part(name)
        _, act = self.key(name, KEY.Key_Down)
        return [(f"{name}, choice {n + 1}", act) for n in range(1, box.count())]

    def first(self, name: str) -> Step:
        """A click on the first item of a list."""
        view = self.part(name)
        return f"{name}, the first", lambda: QTest.mouseClick(
            view.viewport(), LEFT, pos=view.visualRect(view.model().index(0, 0)).center()
        )

    def labels(self) -> Step:
        """The first entry of a menu."""

        def act() -> None:
            QTest.mouseClick(self.part("likenessLabels"), LEFT)
            menu = self.part("likenessLabelsMenu")
            QTest.keyClick(menu, KEY.Key_Down)
            QTest.keyClick(menu, KEY.Key_Return)

        return "labels as texts", act

    def picture(self, number: int, name: str) -> Step:
        pictures = self.part("languagePictures")
        return name, lambda: QTest.mouseClick(
            pictures.viewport(), LEFT, pos=pictures.visualItemRect(pictures.item(number)).center()
        )

    def type(self, text: str) -> Step:
        return "typed", lambda: QTest.keyClicks(self.part("languageTexts"), text)

    def paste(self, text: str) -> Step:
        def act() -> None:
            QGuiApplication.clipboard().setText(text)
            box = self.part("languageTexts")
            box.selectAll()
            QTest.keyClick(box, KEY.Key_V, Qt.KeyboardModifier.ControlModifier)

        return f"{len(text):,} characters pasted", act

    def open_view(self, number: int, name: str, steps: Callable[[], Iterable[Step]]) -> None:
        """In a hurry the first of the steps alone are done; what they click is there for all."""
        tabs = self.panel.tabs
        at = tabs.tabRect(number).center()
        self.stage.timed(
            f"{name} opened", lambda: QTest.mouseClick(tabs, LEFT, pos=at), self.calm()
        )
        for what, act in [*steps()][: 3 if self.stage.quick else None]:
            self.stage.timed(f"{name}: {what}", act, self.calm())


def prepare(does: Languages, large: tuple[int, int]) -> None:
    """A large picture and two small ones."""
    (height, width), path = large, does.stage.place / "large.png"
    low = np.random.default_rng(0).integers(0, 256, (height // 10, width // 10, 3), np.uint8)
    png.write(path, low.repeat(10, 0).repeat(10, 1), Settings("noise"))
    bring = partial(does.panel.opener.files, (path,))
    does.stage.timed("a large picture opened", bring, does.brought())
    _, sample = does.click("sampleLanguagePicture")
    for number in range(2):
        does.stage.timed(f"sample {number + 1}", sample, does.brought())


def work(stage: Stage) -> None:
    quick = stage.quick
    fill(stage.shared.library.archive, QUICK_PAST if quick else PAST)
    does = Languages(stage)
    prepare(does, QUICK_LARGE if quick else LARGE)
    long = "\n".join((*TEXTS, "a red fox " * ((QUICK_PASTED if quick else PASTED) // 10)))
    click, key, tick, each = does.click, does.key, does.tick, does.each
    both = [does.picture(2, "another picture"), does.picture(0, "the large picture")]
    views: dict[str, Callable[[], Iterable[Step]]] = {
        "tokens": lambda: [does.type(TEXTS[1]), does.paste(long), does.paste("\n".join(TEXTS))],
        "likeness": lambda: [
            *(click(f"likenessMeasure-{name}") for name in ("texts", "pictures", "sigmoid")),
            key("likenessHeatSlider"), click("likenessLearnt"), tick("likenessBest"),
            key("likenessMatrix"), does.labels(), does.paste("\n".join(TEXTS)),
            *each("languageEncoder"), *both,
        ],
        "nearest": lambda: [
            click("nearestWith-picture"), does.first("nearestFound"), click("nearestUse"),
            does.first("nearestWords"), *each("nearestStyle"), click("nearestWhere-history"),
            click("nearestWhere-dataset"),
        ],
        "map": lambda: [
            key("mapPlane"), key("mapPlane", KEY.Key_Plus), tick("mapGap"), tick("mapHistory"),
            *([] if quick else [click("mapLayout-tsne")]), click("mapLayout-pca"),
            tick("mapDataset"),
        ],
        "attention": lambda: [
            click("head-2-1"), click("attentionMatrix"), key("attentionMatrix", KEY.Key_Down),
        ],
        "patches": lambda: [
            *each("patchesFirst"), key("patchesSecond", KEY.Key_Down), click("patches-0"),
            key("patches-0"), click("patchesShown-attention"), *each("patchesLayer"),
            *each("patchesHead"), click("patchesShown-components"), *both,
        ],
        "describe": lambda: [*both, click("useDescribed")],
    }  # fmt: skip
    for number, (name, steps) in enumerate(views.items()):
        does.open_view(number, name, steps)


if __name__ == "__main__":
    Stage().run(work)
