"""The blind test through real clicks and keys: nothing leaks before the end, the sums are right."""

from __future__ import annotations

import csv
import errno
import os
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget
from pytestqt.qtbot import QtBot

from studio.core.autoencoding import Reconstruct, Reconstructed, Spectra
from studio.gallery.blind import ABX, FIRST, NEITHER, ORIGINAL, PREFERENCE, SECOND
from studio.ui.starting.opener import Source
from studio.ui.workspaces.reconstruct.blind import BlindView
from tests.app.conftest import Stage
from tests.app.test_reconstruct import FIGURES, click, panel_of

NAMES = ("alpha-vae", "beta-vae")
GREYS = {ORIGINAL: 90, "alpha-vae": 100, "beta-vae": 140}
KEYS = {FIRST: Qt.Key.Key_1, SECOND: Qt.Key.Key_2, NEITHER: Qt.Key.Key_0}


def grey(value: int) -> np.ndarray:
    return np.full((30, 40, 3), value, np.uint8)


@pytest.fixture
def view(stage: Stage, qtbot: QtBot) -> BlindView:
    """On the blind test's tab, with a picture that two autoencoders gave back."""
    panel = panel_of(stage, qtbot)
    bench = panel.bench
    bench.add((Source("secret.png", grey(90)),))
    bench.choose(NAMES)
    line = np.linspace(0.1, 0.4, 4)
    for name in NAMES:
        spectra, image = Spectra(line, line, line, line), grey(GREYS[name])
        made = Reconstructed(0, 0, name, image, FIGURES, spectra, (4, 5, 4), 0.1, 0.1, None)
        bench.results[0, name] = made
    panel.tabs.setCurrentIndex([spec.id for spec in panel._specs].index("blind"))
    found = panel._views["blind"]
    assert isinstance(found, BlindView)
    return found


def seen(view: BlindView) -> list[int]:
    """The grey of each pane, from what it paints."""
    return [pane.image().pixelColor(3, 3).red() for pane in view.question.panes]


def texts(root: QWidget) -> str:
    """All that a reader of the screen, or of its tips and names, can find."""
    found = [root, *root.findChildren(QWidget)]
    told = [each.objectName() + each.toolTip() + each.accessibleName() for each in found]
    told += [each.accessibleDescription() for each in found]
    told += [each.text() for each in found if isinstance(each, QLabel | QAbstractButton)]
    return "\n".join(told)


def seen_alone(qtbot: QtBot, view: BlindView) -> int:
    """The grey of the only pane in sight."""
    panes = view.question.panes
    qtbot.waitUntil(lambda: sum(pane.isVisible() for pane in panes) == 1)
    (pane,) = (pane for pane in panes if pane.isVisible())
    return pane.image().pixelColor(3, 3).red()


def test_abx_by_an_eye_that_sees_all(stage: Stage, qtbot: QtBot, view: BlindView) -> None:
    click(qtbot, stage, "blindStart")
    assert len(view.trials) == 16 and view.pages.currentWidget() is view.question
    for number in range(16):
        left, x, right = seen(view)
        assert {left, right} in ({90, 100}, {90, 140}) and x in (left, right)
        told = texts(view)
        assert not any(name in told for name in (*NAMES, "secret", "dB"))
        if number % 2:
            click(qtbot, stage, f"blind-{FIRST if x == left else SECOND}")
        else:
            qtbot.keyClick(view, KEYS[FIRST if x == left else SECOND])
    assert view.pages.currentWidget() is view.result
    words = view.result.words.text()
    assert words.count("told apart in 8 of 8; guessing does as well once in 256 tests") == 2
    assert view.result.table.rowCount() == 2


def test_a_pane_shows_another_while_its_key_is_held(qtbot: QtBot, view: BlindView) -> None:
    view.run()
    left, x, right = seen(view)
    for key, expected in ((Qt.Key.Key_A, left), (Qt.Key.Key_B, right)):
        qtbot.keyPress(view, key)
        assert seen(view) == [left, expected, right]
        qtbot.keyRelease(view, key)
        assert seen(view) == [left, x, right]


def test_one_at_a_time_letters_flip_in_the_same_place(
    stage: Stage, qtbot: QtBot, view: BlindView
) -> None:
    view.run()
    qtbot.keyClick(view, Qt.Key.Key_S)
    truth = seen(view)
    places = []
    for key, place in ((Qt.Key.Key_X, 1), (Qt.Key.Key_A, 0), (Qt.Key.Key_B, 2)):
        qtbot.keyClick(view, key)
        assert seen_alone(qtbot, view) == truth[place]
        pane = view.question.panes[place]
        qtbot.waitUntil(lambda pane=pane: pane.width() > 300)
        places.append((pane.mapTo(view, QPoint()), pane.size()))
    assert places.count(places[0]) == 3
    click(qtbot, stage, "blindShown-first")
    assert seen_alone(qtbot, view) == truth[0] and view.hasFocus()
    qtbot.keyClick(view, Qt.Key.Key_1)
    assert seen_alone(qtbot, view) == seen(view)[1]  # the next question begins with X
    click(qtbot, stage, "blindLayout-beside")
    qtbot.waitUntil(lambda: all(pane.isVisible() for pane in view.question.panes))
    assert not any(name in texts(view) for name in (*NAMES, "secret", "dB"))


def test_two_autoencoders_are_told_apart(stage: Stage, qtbot: QtBot, view: BlindView) -> None:
    click(qtbot, stage, "blindKind-rivals")
    assert "1 pair on 1 picture" in view.setup.plan.text()
    click(qtbot, stage, "blindStart")
    for _ in range(16):
        left, x, right = seen(view)
        assert {left, right} == {100, 140} and x in (left, right)
        qtbot.keyClick(view, KEYS[SECOND if x == left else FIRST])  # always wrong
    words = view.result.words.text()
    assert "alpha-vae and beta-vae: told apart in 0 of 16; guessing does as well in 100%" in words


def test_what_was_looked_at_is_kept(stage: Stage, qtbot: QtBot, view: BlindView) -> None:
    view.run()
    qtbot.keyClick(view, Qt.Key.Key_1)
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_Right):
        qtbot.keyClick(view, key)
    sight = view.question.sight
    assert sight.zoom is not None and sight.centre.x() > 0.5
    qtbot.keyClick(view, Qt.Key.Key_2)
    assert sight.zoom is not None  # all questions are looked at alike
    panel = panel_of(stage, qtbot)
    panel.actions_by_id["wall_actual"].trigger()
    qtbot.keyClick(view, Qt.Key.Key_2)
    qtbot.keyClick(view, Qt.Key.Key_F)
    qtbot.keyClick(view, Qt.Key.Key_2)
    crops = [answer.crop for answer in view.answers]
    assert crops[0] == crops[3] == "fitted" and crops[2].startswith("1.00x at ")
    assert crops[1].split("x at ")[0] != crops[2].split("x at ")[0]


def test_the_column_reconstructs_whatever_view_is_shown(
    stage: Stage, qtbot: QtBot, view: BlindView
) -> None:
    bench = panel_of(stage, qtbot).bench
    bench.add((Source("another.png", grey(50)),))
    assert view.setup.start.isEnabled()  # the first picture is there
    click(qtbot, stage, "reconstruct")
    request = stage.bridge.requests[-1]
    assert isinstance(request, Reconstruct) and len(request.pictures) == 1
    assert view.pages.currentWidget() is view.setup


def test_without_material_ctrl_enter_reconstructs(
    stage: Stage, qtbot: QtBot, view: BlindView
) -> None:
    panel = panel_of(stage, qtbot)
    panel.bench.results = {}
    view.plan()
    panel.actions_by_id["reconstruct"].trigger()
    assert isinstance(stage.bridge.requests[-1], Reconstruct)


def test_a_full_disk_is_said_and_the_answers_stay(
    stage: Stage, qtbot: QtBot, view: BlindView, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    view.run()
    qtbot.keyClick(view, Qt.Key.Key_1)
    click(qtbot, stage, "blindEnd")
    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        click(qtbot, stage, "blindExport")
        qtbot.waitUntil(lambda: "No space left" in view.result.status.text())
    click(qtbot, stage, "blindExport")
    qtbot.waitUntil(lambda: "Written" in view.result.status.text())


def test_preference_undone_ended_exported(stage: Stage, qtbot: QtBot, view: BlindView) -> None:
    click(qtbot, stage, f"blindKind-{PREFERENCE}")
    click(qtbot, stage, "blindStart")
    nearer = []
    for _ in range(5):
        left, middle, right = seen(view)
        assert middle == 90 and {left, right} == {100, 140}
        nearer.append(FIRST if left == 100 else SECOND)
        qtbot.keyClick(view, KEYS[nearer[-1]])
    qtbot.keyClick(view, Qt.Key.Key_0)
    qtbot.keyClick(view, Qt.Key.Key_Backspace)
    click(qtbot, stage, "blindUndo")
    assert len(view.answers) == 4 and view.question.progress.value() == 4
    qtbot.keyClick(view, Qt.Key.Key_0)
    click(qtbot, stage, "blindEnd")
    assert "alpha-vae preferred to beta-vae in 4 of 4, 1 undecided" in view.result.words.text()
    click(qtbot, stage, "blindExport")
    qtbot.waitUntil(lambda: "Written" in view.result.status.text())
    place = Path(view.result.status.text().removeprefix("Written: "))
    with (place / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["choice"] for row in rows] == [*nearer[:4], NEITHER]
    assert {row["picture"] for row in rows} == {"secret.png"}
    click(qtbot, stage, "blindAgain")
    assert view.pages.currentWidget() is view.setup


def test_where_nothing_can_be_written_the_answers_stay(
    stage: Stage, qtbot: QtBot, view: BlindView, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    view._exporter.folder = tmp_path / "file"
    view.run()
    qtbot.keyClick(view, Qt.Key.Key_1)
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    click(qtbot, stage, "blindExport")
    qtbot.waitUntil(lambda: view.result.status.text() != "")
    assert "Written" not in view.result.status.text() and len(view.answers) == 1


def test_what_lacks_is_said(stage: Stage, qtbot: QtBot, view: BlindView) -> None:
    panel = panel_of(stage, qtbot)
    click(qtbot, stage, f"blindKind-{PREFERENCE}")
    panel.bench.choose(NAMES[:1])
    assert "second autoencoder" in view.setup.plan.text() and not view.setup.start.isEnabled()
    click(qtbot, stage, f"blindKind-{ABX}")
    assert view.setup.start.isEnabled()
    panel.bench.clear()
    assert "Reconstruct a picture first" in view.setup.plan.text()
    view.run()  # Ctrl+Enter does nothing then
    assert view.pages.currentWidget() is view.setup


def test_pictures_taken_away_meanwhile_do_not_matter(qtbot: QtBot, view: BlindView) -> None:
    view.run()
    view._bench.clear()
    for _ in range(16):
        qtbot.keyClick(view, Qt.Key.Key_1)
    assert view.pages.currentWidget() is view.result and len(view.answers) == 16


def test_every_control_can_be_found_and_named(view: BlindView) -> None:
    view.run()
    for button in view.findChildren(QAbstractButton):
        if button.objectName().startswith("blind"):
            assert button.toolTip() and button.accessibleName() and button.text()
