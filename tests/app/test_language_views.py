"""Attention, Patches and Describe through real clicks, on a recording bridge."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QListView, QWidget
from pytestqt.qtbot import QtBot

from studio.core.language import Describe, Described, Look, Looked, Read, ReadText
from studio.core.messages import Event, Failed, Finished, Request
from studio.ui.starting.opener import Source
from studio.ui.workspaces.language.attention import AttentionView
from studio.ui.workspaces.language.describe import DescribeView
from studio.ui.workspaces.language.panel import LanguagePanel
from studio.ui.workspaces.language.patches import PatchesView, likeness, squared
from tests.app.conftest import Stage

PIECES = ("[CLS]", "a", "red", "apple", "[SEP]")


@pytest.fixture
def panel(stage: Stage) -> LanguagePanel:
    stage.window._go_to("language")
    found = stage.window.panel("language")
    assert isinstance(found, LanguagePanel)
    return found


def view(panel: LanguagePanel, name: str) -> QWidget:
    panel.tabs.setCurrentIndex([spec.id for spec in panel._specs].index(name))
    return panel._views[name]


def click(qtbot: QtBot, stage: Stage, name: str) -> None:
    qtbot.mouseClick(stage.find(name), Qt.MouseButton.LeftButton)


def asked(stage: Stage, qtbot: QtBot, kind: type[Request], count: int = 1) -> list[int]:
    """The jobs of that kind, once there are so many."""

    def found() -> list[int]:
        return [n for n, each in enumerate(stage.bridge.requests) if isinstance(each, kind)]

    qtbot.waitUntil(lambda: len(found()) >= count)
    return found()


def answer(stage: Stage, event: Event) -> None:
    stage.bridge.begin(event.job)
    stage.bridge.arrived.emit(event)
    stage.bridge.arrived.emit(Finished(event.job, 0.1))


def grey(value: int, height: int = 20, width: int = 30) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def read(job: int, layers: int = 3, heads: int = 4) -> ReadText:
    """Every piece attends to itself by half; in the second head to the next one."""
    count = len(PIECES)
    attention = np.full((layers, heads, count, count), 0.5 / (count - 1), np.float32)
    for layer, head, piece in np.ndindex(layers, heads, count):
        attention[layer, head, piece, (piece + (head == 1)) % count] = 0.5
    positions = np.random.default_rng(0).normal(size=(32, 16)).astype(np.float32)
    return ReadText(job, PIECES, attention, positions, positions)


def test_a_click_on_a_piece_tells_what_it_attends_to(
    stage: Stage, panel: LanguagePanel, qtbot: QtBot
) -> None:
    shown = view(panel, "attention")
    assert isinstance(shown, AttentionView)
    assert shown.hint.isVisible() and not shown.matrix.isVisible()
    panel.column.texts.setPlainText("a red apple")
    (job,) = asked(stage, qtbot, Read)
    assert stage.bridge.requests[job] == Read("a red apple")
    answer(stage, read(job))
    assert len(shown.heads.buttons()) == 12 and shown.matrix.names == PIECES
    matrix = shown.matrix
    place = matrix.place()
    row = QPointF(place.center().x(), place.top() + 2.5 * place.height() / 5).toPoint()
    qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=row)
    assert "“red” attends to red 50%" in shown.words.text()
    qtbot.keyClick(matrix, Qt.Key.Key_Down)
    assert "“apple” attends to apple 50%" in shown.words.text()
    click(qtbot, stage, "head-2-1")
    assert "Layer 3, head 2: “apple” attends to [SEP] 50%" in shown.words.text()
    assert shown.learned.values.shape == shown.sinusoids.values.shape == (32, 16)
    click(qtbot, stage, "language")
    answer(stage, read(asked(stage, qtbot, Read, 2)[1], 1, 2))  # a tower of another size
    assert len(shown.heads.buttons()) == 2
    assert matrix.at(QPointF(-5, -5)) is None


def looked(job: int, side: int = 4, labels: bool = True) -> Looked:
    """Two kinds of patches, left and right; [CLS] attends to one corner in the last layer."""
    patches = np.zeros((side, side, 8), np.float32)
    patches[:, : side // 2, 0] = patches[:, side // 2 :, 1] = 1
    attention = np.full((2, 3, side, side), 0.01, np.float32)
    attention[1, 2, 0, 0] = 0.5
    components = np.zeros((side, side, 3), np.uint8)
    named = (("apple", 0.75), ("fox", 0.2)) if labels else ()
    return Looked(job, patches, attention, components, named)


@pytest.fixture
def patches(stage: Stage, panel: LanguagePanel, qtbot: QtBot) -> PatchesView:
    """With a picture, looked through by the first encoder."""
    shown = view(panel, "patches")
    assert isinstance(shown, PatchesView)
    assert shown.words.isVisible()
    panel.desk.add((Source("first", grey(90)), Source("second", grey(160))))
    (job,) = asked(stage, qtbot, Look)
    request = stage.bridge.requests[job]
    assert isinstance(request, Look) and request.encoder == "vit"
    answer(stage, looked(job))
    return shown


def test_a_click_on_a_patch_shows_which_are_like_it(
    stage: Stage, patches: PatchesView, qtbot: QtBot
) -> None:
    pane = patches.panes[0]
    assert patches.labels[0].text() == "ViT: apple 75%, fox 20%"
    assert not patches.words.isVisible() and not patches.panes[1].isVisible()
    place = pane.place()
    spot = QPointF(place.left() + 0.1 * place.width(), place.center().y()).toPoint()
    qtbot.mouseClick(pane, Qt.MouseButton.LeftButton, pos=spot)
    assert pane.patch() == (2, 0)
    over = pane.overlay()
    assert (over[:, :2] == over[0, 0]).all() and over[0, 0].sum() > over[0, 3].sum()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up):
        qtbot.keyClick(pane, key)
    assert pane.patch() == (1, 2)
    assert pane.overlay()[0, 3].sum() > pane.overlay()[0, 0].sum()
    assert not pane.grab().toImage().isNull()


def test_attention_by_layer_and_head_and_components(
    stage: Stage, patches: PatchesView, qtbot: QtBot
) -> None:
    assert not patches.head.isVisible()
    click(qtbot, stage, "patchesShown-attention")
    assert patches.head.isVisible() and patches.head.count() == 4 and patches.layer.count() == 2
    patches.head.setCurrentIndex(patches.head.findData(2))
    over = patches.panes[0].overlay().sum(-1, dtype=int)
    assert over[0, 0] == over.max() > over[0, 1]
    patches.layer.setCurrentIndex(1)  # the one before, where nothing stands out
    assert len(np.unique(patches.panes[0].overlay())) <= 3
    click(qtbot, stage, "patchesShown-components")
    assert patches.panes[0].overlay().shape == (4, 4, 3)


def test_two_encoders_stand_side_by_side(
    stage: Stage, patches: PatchesView, panel: LanguagePanel, qtbot: QtBot
) -> None:
    patches.boxes[1].setCurrentIndex(patches.boxes[1].findData("dino"))
    job = asked(stage, qtbot, Look, 2)[-1]
    while getattr(stage.bridge.requests[job], "encoder", "") != "dino":
        answer(stage, looked(job))
        job = asked(stage, qtbot, Look, 3)[-1]
    answer(stage, looked(job, 6, labels=False))
    assert patches.labels[1].text() == "DINO" and patches.panes[1].isVisible()
    qtbot.keyClick(patches.panes[1], Qt.Key.Key_Right)
    assert [pane.patch() for pane in patches.panes] == [(2, 3), (3, 4)]  # one point for both


def test_what_comes_too_late_is_not_shown(
    stage: Stage, patches: PatchesView, panel: LanguagePanel, qtbot: QtBot
) -> None:
    panel.desk.select(1)
    job = asked(stage, qtbot, Look, 2)[-1]
    panel.desk.select(0)
    answer(stage, looked(job))
    assert patches.panes[0].found is None
    job = asked(stage, qtbot, Look, 3)[-1]
    stage.bridge.begin(job)
    stage.bridge.arrived.emit(Failed(job, "encoders/vit is missing."))
    assert panel.banner.text.text() == "encoders/vit is missing."


def test_likeness_and_a_white_square() -> None:
    made = np.random.default_rng(0).normal(size=(5, 6, 9))
    cosines = likeness(made, (2, 3))
    assert cosines[2, 3] == pytest.approx(1) and np.abs(cosines).max() <= 1 + 1e-9
    assert likeness(np.zeros((2, 2, 3)), (0, 0)).tolist() == [[0, 0], [0, 0]]
    image = squared(grey(0, 10, 3000))
    assert image.width() == image.height() <= 1000
    assert image.pixelColor(5, 5).red() == 255


def test_a_description_goes_to_generate(stage: Stage, panel: LanguagePanel, qtbot: QtBot) -> None:
    shown = view(panel, "describe")
    assert isinstance(shown, DescribeView)
    assert not shown.use.isEnabled()
    panel.desk.add((Source("first", grey(90)),))
    (job,) = asked(stage, qtbot, Describe)
    assert shown.words.text() == "Looking…"
    answer(stage, Described(job, ("a red apple", "an {odd} one"), (0.41, 0.3)))
    assert shown.prompts.item(0).text() == "0.41   a red apple"
    shown.prompts.setCurrentRow(1)
    click(qtbot, stage, "useDescribed")
    assert panel.session.prompt.get() == r"an \{odd\} one"
    assert stage.panel.isVisible()


def test_a_very_large_picture_is_shown_smaller(
    stage: Stage, panel: LanguagePanel, qtbot: QtBot
) -> None:
    shown = view(panel, "describe")
    assert isinstance(shown, DescribeView)
    panel.desk.add((Source("large", grey(80, 1, 7000)),))
    asked(stage, qtbot, Describe)
    qtbot.waitUntil(lambda: shown.canvas._image is not None)
    assert shown.canvas._image is not None and shown.canvas._image.width() == 1400
    assert (shown.canvas.size_at_100().width(), shown.canvas.size_at_100().height()) == (7000, 1)


def test_escape_drops_what_was_asked(stage: Stage, panel: LanguagePanel, qtbot: QtBot) -> None:
    view(panel, "describe")
    panel.desk.add((Source("first", grey(90)),))
    (job,) = asked(stage, qtbot, Describe)
    qtbot.keyClick(stage.window, Qt.Key.Key_Escape)
    assert stage.bridge.cancels == [job]
    click(qtbot, stage, "language")  # and asks again
    assert asked(stage, qtbot, Describe, 2)


def test_long_captions_wrap_and_nothing_is_cut(
    stage: Stage, panel: LanguagePanel, qtbot: QtBot
) -> None:
    stage.window.resize(900, 700)
    shown = view(panel, "describe")
    assert isinstance(shown, DescribeView)
    assert not shown.prompts.isVisible()  # nothing but the hint
    panel.desk.add((Source("first", grey(90)),))
    (job,) = asked(stage, qtbot, Describe)
    long = "a picture of a saxophone " * 9
    answer(stage, Described(job, (long, "a fox", "x" * 90), (0.41, 0.3, 0.2)))
    qtbot.wait(50)
    lists = shown.prompts
    rows = [lists.visualItemRect(lists.item(number)) for number in range(3)]
    line = lists.fontMetrics().height()
    assert rows[1].height() < 2 * line < rows[2].height()
    for number, row in enumerate(rows):
        room = row.adjusted(10, 0, -10, 0)  # less the padding
        text = lists.item(number).text()
        whole = lists.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, text)
        assert whole.height() <= row.height() and whole.width() <= room.width()
        assert row.right() <= lists.viewport().width()


def test_what_was_said_of_another_picture_is_not_shown(
    stage: Stage, panel: LanguagePanel, qtbot: QtBot
) -> None:
    shown = view(panel, "describe")
    assert isinstance(shown, DescribeView)
    panel.desk.add((Source("first", grey(90)), Source("second", grey(160))))
    (job,) = asked(stage, qtbot, Describe)
    panel.desk.select(1)
    assert stage.bridge.cancels == [job]
    answer(stage, Described(job, ("the first",), (0.4,)))
    assert not shown.prompts.count()


def test_a_narrow_window_cuts_no_control(stage: Stage, panel: LanguagePanel, qtbot: QtBot) -> None:
    stage.window.resize(900, 700)
    panel.desk.add((Source("first", grey(90)),))
    panel.column.texts.setPlainText("a red apple")
    for spec in panel._specs:
        shown = view(panel, spec.id)
        if isinstance(shown, PatchesView):
            click(qtbot, stage, "patchesShown-attention")
        qtbot.wait(50)
        for control in shown.findChildren(QAbstractButton) + shown.findChildren(QComboBox):
            if control.isVisible():
                place = control.rect().translated(control.mapTo(shown, QPoint()))
                assert shown.rect().contains(place), control.objectName()
                assert control.width() >= control.minimumSizeHint().width(), control.objectName()
                segment = control.property("role") == "segment"
                assert not segment or control.width() >= control.sizeHint().width()


def test_every_control_can_be_found_and_named(panel: LanguagePanel) -> None:
    for name in ("attention", "patches", "describe"):
        shown = view(panel, name)
        for control in shown.findChildren(QWidget):
            own = not isinstance(control, QListView)  # those of drop-down lists are Qt's
            if own and control.focusPolicy() & Qt.FocusPolicy.TabFocus:
                assert control.objectName() and control.accessibleName() and control.toolTip()
