"""The History workspace through real clicks, on a recording bridge and a folder of small PNGs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from studio.core.generating import Generate, Score
from studio.core.settings import Settings
from studio.gallery import metadata, png, sharing
from studio.ui.library.again import restore
from studio.ui.library.pictures import read_picture
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.workspaces.history.panel import HistoryPanel
from tests.app.conftest import Stage
from tests.gallery.metadata.mutations import DATA

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton
PROMPTS = ("a red car", "a blue car", "a green bear", "a cat", "Café at night")


def fill(folder: Path) -> list[Path]:
    """One picture a prompt, of rising seeds and different grounds; the last is the newest."""
    made = []
    for number, prompt in enumerate(PROMPTS):
        pixels = np.full((32, 32, 3), 40 * number, np.uint8)
        sampler = "ddim" if number % 2 else "flow-heun"
        settings = Settings(prompt, seed=100 + number, sampler=sampler)
        path = folder / f"{number}.png"
        png.write(path, pixels, settings, nfe=40, seconds=1.5)
        made.append(path)
    return made


def panel_of(stage: Stage, qtbot: QtBot, pictures: int) -> HistoryPanel:
    panel = next(p for p in stage.window.panels if isinstance(p, HistoryPanel))
    stage.window._go_to("history")
    qtbot.waitUntil(lambda: not panel.archive.syncing and len(panel.rows.ids) == pictures)
    return panel


@pytest.fixture
def panel(stage: Stage, qtbot: QtBot) -> HistoryPanel:
    fill(stage.folder)
    panel = panel_of(stage, qtbot, len(PROMPTS))
    qtbot.waitUntil(lambda: panel.item() is not None)
    return panel


def click(qtbot: QtBot, stage: Stage, name: str) -> None:
    qtbot.mouseClick(stage.find(name), LEFT)


def prompts(panel: HistoryPanel) -> set[str]:
    items = panel.archive.items(panel.rows.ids)
    return {item.settings.prompt for item in items}


def choose(
    qtbot: QtBot,
    panel: HistoryPanel,
    prompt: str,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """Clicks on the tile of a prompt."""
    items = panel.archive.items(panel.rows.ids)
    row = next(at for at, item in enumerate(items) if item.settings.prompt == prompt)
    at = panel.grid.visualRect(panel.rows.index(row)).center()
    qtbot.mouseClick(panel.grid.viewport(), LEFT, modifiers, at)


def cells(panel: HistoryPanel) -> dict[str, tuple[str, ...]]:
    """The table by its first column."""
    table = panel.details.table
    rows = []
    for row in range(table.rowCount()):
        found = [table.item(row, column) for column in range(table.columnCount())]
        rows.append([cell.text() for cell in found if cell is not None])
    return {name: tuple(rest) for name, *rest in rows}


def test_everything_in_the_folder_is_shown(panel: HistoryPanel, qtbot: QtBot) -> None:
    assert panel.filters.count.text() == "5 pictures"
    assert prompts(panel) == set(PROMPTS)
    qtbot.waitUntil(lambda: len(panel.rows.thumbnails._images) == len(PROMPTS))
    assert not panel.banner.isVisible()


def test_search_is_instant_and_shows_what_made_it(
    stage: Stage, panel: HistoryPanel, qtbot: QtBot
) -> None:
    qtbot.keyClick(panel.grid, Qt.Key.Key_Slash)
    search = stage.find("historySearch")
    assert search.hasFocus()
    qtbot.keyClicks(search, "cafe")
    qtbot.waitUntil(lambda: len(panel.rows.ids) == 1)
    qtbot.waitUntil(lambda: panel.details.title.text() == "What made this?" and bool(cells(panel)))
    assert cells(panel)["prompt"] == ("Café at night",)
    assert cells(panel)["seed"] == ("104",)
    assert cells(panel)["sampler"] == ("Flow, Heun",)
    assert "32 × 32" in panel.details.about.text()
    click(qtbot, stage, "historyClear")
    qtbot.waitUntil(lambda: len(panel.rows.ids) == len(PROMPTS))
    qtbot.keyClicks(search, "seed:101")
    qtbot.waitUntil(lambda: prompts(panel) == {"a blue car"})


def test_a_score_is_shown_with_the_tower_that_gave_it(stage: Stage, qtbot: QtBot) -> None:
    score, pixels = Score(0.3125, "siglip 1a2b3c4d"), np.zeros((8, 8, 3), np.uint8)
    path = stage.folder / "scored.png"
    png.write(path, pixels, Settings("a bear"), score=score)
    panel = panel_of(stage, qtbot, 1)
    qtbot.waitUntil(lambda: panel.item() is not None and bool(cells(panel)))
    assert cells(panel)["fits its prompt"] == ("0.31 (siglip 1a2b3c4d)",)
    assert read_picture(path)[1:] == (Settings("a bear"), score)  # and by Generate's strip


def test_filters(stage: Stage, panel: HistoryPanel, qtbot: QtBot) -> None:
    sampler = stage.find("historySampler")
    assert isinstance(sampler, ChoiceBox)
    qtbot.waitUntil(lambda: sampler.count() == 3)
    sampler.setFocus()
    qtbot.keyClicks(sampler, "d")
    qtbot.waitUntil(lambda: prompts(panel) == {"a blue car", "a cat"})
    click(qtbot, stage, "historyClear")
    qtbot.waitUntil(lambda: len(panel.rows.ids) == len(PROMPTS))
    order = stage.find("historyOrder")
    assert isinstance(order, ChoiceBox)
    newest = panel.rows.ids
    order.setFocus()
    qtbot.keyClicks(order, "o")
    qtbot.waitUntil(lambda: panel.rows.query.order == "oldest")
    qtbot.waitUntil(lambda: panel.rows.ids == newest[::-1])
    when = stage.find("historyTime")
    assert isinstance(when, ChoiceBox)
    when.setFocus()
    with qtbot.waitSignal(panel.rows.found):
        qtbot.keyClicks(when, "b")
    assert stage.find("historyFirstDay").isVisible() and len(panel.rows.ids) == len(PROMPTS)
    panel.filters.last.setDate(panel.filters.first.date().addDays(1))
    qtbot.waitUntil(lambda: not panel.rows.ids)
    assert panel.filters.count.text() == "0 pictures"


def test_stars_hearts_and_tags_by_key(stage: Stage, panel: HistoryPanel, qtbot: QtBot) -> None:
    choose(qtbot, panel, "a cat")
    qtbot.keyClick(panel.grid, Qt.Key.Key_4)
    qtbot.waitUntil(lambda: panel.details.stars[3].text() == "★")
    assert panel.details.stars[4].text() == "☆"
    qtbot.keyClick(panel.grid, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: panel.details.heart.text() == "♥")
    qtbot.keyClick(panel.grid, Qt.Key.Key_T)
    line = stage.find("historyNewTag")
    assert line.hasFocus()
    qtbot.keyClicks(line, "best of 2026")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: stage.window.findChild(QWidget, "historyTag-best of 2026") is not None)
    click(qtbot, stage, "historyFavourites")
    qtbot.waitUntil(lambda: prompts(panel) == {"a cat"})
    tags = stage.find("historyTag")
    assert isinstance(tags, ChoiceBox)
    qtbot.waitUntil(lambda: tags.findData("best of 2026") > 0)
    click(qtbot, stage, "historyTag-best of 2026")
    qtbot.waitUntil(lambda: panel.archive.items(panel.rows.ids)[0].tags == ())
    click(qtbot, stage, "historyStar4")  # again: none
    qtbot.waitUntil(lambda: panel.details.stars[0].text() == "☆")
    (item,) = panel.archive.items(panel.rows.ids)
    assert (item.rating, item.favourite) == (0, True)


def test_delete_and_undo(stage: Stage, panel: HistoryPanel, qtbot: QtBot) -> None:
    choose(qtbot, panel, "a cat")
    choose(qtbot, panel, "a red car", CONTROL)
    assert len(panel.selected()) == 2
    qtbot.keyClick(panel.grid, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: len(panel.rows.ids) == 3)
    assert "2 pictures are in the trash." in panel.banner.text.text()
    assert not (stage.folder / "0.png").exists() and not (stage.folder / "3.png").exists()
    qtbot.keyClick(panel.grid, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: len(panel.rows.ids) == 5)
    assert (stage.folder / "0.png").exists() and (stage.folder / "3.png").exists()
    choose(qtbot, panel, "a cat")
    qtbot.keyClick(panel.grid, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: len(panel.rows.ids) == 4)
    click(qtbot, stage, "bannerChoice0")
    qtbot.waitUntil(lambda: len(panel.rows.ids) == 5)
    qtbot.keyClick(panel.grid, Qt.Key.Key_Z, CONTROL)
    assert "Nothing was deleted" in panel.banner.text.text()


def test_the_trash_gives_back(stage: Stage, panel: HistoryPanel, qtbot: QtBot) -> None:
    choose(qtbot, panel, "a cat")
    click(qtbot, stage, "button-history_delete")
    qtbot.waitUntil(lambda: len(panel.rows.ids) == 4)
    click(qtbot, stage, "historyTrash")
    qtbot.waitUntil(lambda: prompts(panel) == {"a cat"})
    qtbot.waitUntil(lambda: stage.find("button-history_put_back").isVisible())
    assert not stage.find("button-history_delete").isVisible()
    choose(qtbot, panel, "a cat")
    click(qtbot, stage, "button-history_put_back")
    qtbot.waitUntil(lambda: not panel.rows.ids)
    click(qtbot, stage, "historyTrash")
    qtbot.waitUntil(lambda: len(panel.rows.ids) == 5)


def test_two_pictures_and_what_differs(panel: HistoryPanel, qtbot: QtBot) -> None:
    choose(qtbot, panel, "a red car")
    choose(qtbot, panel, "a blue car", CONTROL)
    qtbot.waitUntil(lambda: panel.details.title.text() == "What differs?")
    assert set(cells(panel)) - {""} == {"prompt", "sampler", "seed"}
    assert set(cells(panel)["seed"]) == {"100", "101"}


def test_copied_as_text_and_as_command(stage: Stage, panel: HistoryPanel, qtbot: QtBot) -> None:
    choose(qtbot, panel, "a cat")
    settings = Settings("a cat", seed=103, sampler="ddim")
    click(qtbot, stage, "button-history_copy_settings")
    assert QGuiApplication.clipboard().text() == sharing.parameters(settings)
    click(qtbot, stage, "button-history_copy_command")
    assert QGuiApplication.clipboard().text() == sharing.command(settings)


def test_settings_go_to_generate(stage: Stage, panel: HistoryPanel, qtbot: QtBot) -> None:
    choose(qtbot, panel, "a cat")
    click(qtbot, stage, "button-history_restore")
    session = stage.panel.session
    assert (session.prompt.get(), session.seed.get(), session.seed_locked.get()) == (
        "a cat",
        103,
        True,
    )
    qtbot.waitUntil(stage.panel.isVisible)


def test_made_again_and_with_one_thing_changed(
    stage: Stage, panel: HistoryPanel, qtbot: QtBot
) -> None:
    choose(qtbot, panel, "a cat")
    settings = Settings("a cat", seed=103, sampler="ddim")
    qtbot.keyClick(panel.grid, Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: len(stage.bridge.jobs) == 1)
    assert stage.bridge.jobs[0] == Generate(settings)
    click(qtbot, stage, "button-history_next_seed")
    qtbot.waitUntil(lambda: len(stage.bridge.jobs) == 2)
    assert stage.bridge.jobs[1] == Generate(replace(settings, seed=104))
    menu = panel.open_variants()
    assert menu is not None
    next(a for a in menu.actions() if a.objectName() == "vary-steps").trigger()
    menu.close()
    qtbot.waitUntil(lambda: len(stage.bridge.jobs) == 3)
    assert stage.bridge.jobs[2] == Generate(replace(settings, steps=2 * settings.steps))
    stage.bridge.begin(1)
    stage.bridge.make(1)  # appears at once
    qtbot.waitUntil(lambda: len(panel.rows.ids) == 6)


def test_a_new_picture_keeps_the_selection(stage: Stage, panel: HistoryPanel, qtbot: QtBot) -> None:
    choose(qtbot, panel, "a cat")
    before = panel.selected()
    stage.panel.generate()
    stage.bridge.make(len(stage.bridge.requests) - 1)
    qtbot.waitUntil(lambda: len(panel.rows.ids) == 6)
    assert panel.selected() == before
    assert panel.rows.ids.index(before[0]) == 2


def test_enlarged_and_back(panel: HistoryPanel, qtbot: QtBot) -> None:
    choose(qtbot, panel, "a cat")
    qtbot.keyClick(panel.grid, Qt.Key.Key_Return)
    qtbot.waitUntil(panel.canvas.isVisible)
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Escape)
    assert panel.grid.isVisible()


def drop(panel: HistoryPanel, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    panel.dropEvent(
        QDropEvent(
            QPointF(9, 9),
            Qt.DropAction.CopyAction,
            data,
            LEFT,
            Qt.KeyboardModifier.NoModifier,
        )
    )


def test_another_studios_picture_is_dropped(
    stage: Stage, panel: HistoryPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text(
        "parameters",
        "a whale\nNegative prompt: blurry\n"
        "Steps: 30, Sampler: DDIM, CFG scale: 6, Seed: 7, Size: 512x512, Model: sd15",
    )
    path = tmp_path / "foreign.png"
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)
    drop(panel, path)
    qtbot.waitUntil(panel.banner.isVisible)
    session = stage.panel.session
    assert (session.prompt.get(), session.negative.get(), session.steps.get()) == (
        "a whale",
        "blurry",
        30,
    )
    said = panel.banner.text.text()
    notes = metadata.read(path, (session.model.get(),)).notes
    assert "A1111" in said and all(note in said for note in notes) and notes
    click(qtbot, stage, "bannerChoice0")
    qtbot.waitUntil(stage.panel.isVisible)


def test_a_dropped_file_without_settings_is_refused(
    panel: HistoryPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    drop(panel, tmp_path / "plain.png")
    qtbot.waitUntil(panel.banner.isVisible)
    assert panel.banner.kind == "error" and "plain.png" in panel.banner.text.text()


def test_a_picture_without_settings_can_still_be_started_from(
    stage: Stage, panel: HistoryPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    Image.new("RGB", (8, 8), (9, 99, 199)).save(tmp_path / "plain.png")
    drop(panel, tmp_path / "plain.png")
    qtbot.waitUntil(panel.banner.isVisible)
    click(qtbot, stage, "bannerChoice0")
    qtbot.waitUntil(stage.panel.isVisible)
    start = stage.panel.session.start.get()
    assert start.inputs.source[0, 0].tolist() == [9, 99, 199]
    assert stage.panel.column.start.body.isVisible()


def test_start_from_a_picture_of_the_history(
    stage: Stage, panel: HistoryPanel, qtbot: QtBot
) -> None:
    choose(qtbot, panel, "a cat")
    click(qtbot, stage, "button-history_start")
    qtbot.waitUntil(stage.panel.isVisible)
    assert (stage.panel.session.start.get().inputs.source == 120).all()


def test_the_picture_is_copied(panel: HistoryPanel, qtbot: QtBot) -> None:
    choose(qtbot, panel, "a cat")
    qtbot.keyClick(panel.grid, Qt.Key.Key_C, CONTROL)
    qtbot.waitUntil(panel.banner.isVisible)
    assert QGuiApplication.clipboard().image().pixelColor(3, 3).red() == 120


def test_the_right_button_opens_what_can_be_done(panel: HistoryPanel, qtbot: QtBot) -> None:
    choose(qtbot, panel, "a cat")
    panel.grid.customContextMenuRequested.emit(panel.grid.rect().center())
    menu = panel.findChild(QMenu, "historyMenu")
    assert menu is not None and menu.isVisible()
    texts = [each.text() for each in menu.actions() if each.isVisible()]
    assert {"Enlarge", "Use settings", "Start from it", "Copy picture", "Delete"} <= {*texts}
    assert "Restore" not in texts
    menu.close()


def test_the_newest_is_chosen_when_history_is_first_opened(
    stage: Stage, qtbot: QtBot, tmp_path: Path
) -> None:
    panel = next(p for p in stage.window.panels if isinstance(p, HistoryPanel))
    for prompt in ("first", "second"):
        stage.panel.session.prompt.set(prompt)
        stage.panel.generate()
        with qtbot.waitSignal(panel.archive.added):
            stage.bridge.make(len(stage.bridge.requests) - 1)
    qtbot.waitUntil(lambda: len(panel.rows.ids) == 2)
    panel_of(stage, qtbot, 2)
    qtbot.waitUntil(lambda: panel.item() is not None)
    item = panel.item()
    assert item is not None and item.settings.prompt == "second"


def test_what_is_being_made_is_no_news_once_it_is_there(
    stage: Stage, panel: HistoryPanel, qtbot: QtBot
) -> None:
    choose(qtbot, panel, "a cat")
    click(qtbot, stage, "button-history_next_seed")
    qtbot.waitUntil(panel.banner.isVisible)
    stage.bridge.begin(1)
    stage.bridge.make(1)
    qtbot.waitUntil(lambda: not panel.banner.isVisible())


def test_several_tags_at_once(stage: Stage, panel: HistoryPanel, qtbot: QtBot) -> None:
    choose(qtbot, panel, "a cat")
    qtbot.keyClick(panel.grid, Qt.Key.Key_T)
    line = stage.find("historyNewTag")
    qtbot.keyClicks(line, "pets, best of 2026,,")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: (i := panel.item()) is not None and len(i.tags) == 2)
    item = panel.item()
    assert item is not None and set(item.tags) == {"pets", "best of 2026"}


def test_files_that_are_left_out_are_counted(stage: Stage, qtbot: QtBot) -> None:
    fill(stage.folder)
    Image.new("RGB", (8, 8)).save(stage.folder / "holiday.png")
    panel = panel_of(stage, qtbot, len(PROMPTS))
    qtbot.waitUntil(
        lambda: panel.filters.count.text() == "5 pictures · 1 file in the folder skipped"
    )
    assert "no settings" in panel.filters.count.toolTip()


def test_a_search_forgets_what_it_replaces_but_no_mark(panel: HistoryPanel, qtbot: QtBot) -> None:
    item = panel.item()
    assert item is not None
    panel.rate(4)
    panel.filters.search.setText("cafe")  # before the mark is read again
    waiting = panel.rows.thumbnails._reads._waiting
    assert panel.rows.thumbnail(replace(item, id=999)) is None and not waiting
    qtbot.waitUntil(lambda: len(panel.rows.ids) == 1)
    qtbot.waitUntil(lambda: panel.rows.known(item.id).rating == 4)
    qtbot.waitUntil(lambda: panel.rows.thumbnail(item) is not None)


def test_a_picture_that_is_read_late_does_not_come_back(panel: HistoryPanel, qtbot: QtBot) -> None:
    for first in (Qt.Key.Key_Return, Qt.Key.Key_Right):
        with qtbot.waitSignal(panel._large.loaded):
            qtbot.keyClick(panel.pages.currentWidget(), first)
            qtbot.keyClick(panel.pages.currentWidget(), Qt.Key.Key_Escape)  # before it is read
        assert panel.grid.isVisible()
        qtbot.keyClick(panel.grid, Qt.Key.Key_Return)
        qtbot.waitUntil(panel.canvas.isVisible)
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: not panel._large._running)
    assert panel.canvas.isVisible() and panel.item() is not None
    assert panel._shown == panel.item().id


def test_the_line_below_says_where_one_is(stage: Stage, panel: HistoryPanel, qtbot: QtBot) -> None:
    assert not stage.find("historyClear").isEnabled()
    assert not panel.grid.verticalScrollBar().isEnabled()  # five pictures need none
    panel.grid.setCurrentIndex(panel.rows.index(1))
    qtbot.keyClick(panel.grid, Qt.Key.Key_Return)
    qtbot.waitUntil(panel.canvas.isVisible)
    assert panel.filters.count.text() == "2 of 5 · Esc goes back to the grid"
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: panel.filters.count.text().startswith("3 of 5"))
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Escape)
    assert panel.filters.count.text() == "5 pictures"
    click(qtbot, stage, "historyTrash")
    qtbot.waitUntil(lambda: panel.filters.count.text() == "0 pictures in the trash")
    assert panel.grid.sentence == "The trash is empty."


def test_stars_stand_at_even_distances(panel: HistoryPanel, qtbot: QtBot) -> None:
    places = [star.x() for star in panel.details.stars]
    assert places[0] >= 0
    assert len({b - a for a, b in pairwise(places)}) == 1


def test_a_picture_that_settings_began_with_is_not_said_to_stay_behind(stage: Stage) -> None:
    settings = Settings("a cat", source="0" * 32, strength=0.4)
    assert restore(stage.panel.session, settings) == ()


def test_a_dropped_picture_brings_only_what_it_tells(
    stage: Stage, panel: HistoryPanel, qtbot: QtBot
) -> None:
    session = stage.panel.session
    session.guidance.set(2.5)
    session.seed.set(17)
    with qtbot.waitSignal(panel.remake.restored) as told:
        drop(panel, DATA / "comfyui-seed-from-unknown-node.png")
    assert "The seed comes from 'CR Seed', which is not known here; yours is kept." in told.args[0]
    assert "stayed behind" not in told.args[0]
    assert (session.prompt.get(), session.negative.get()) == ("a green pear", "blurry")
    assert (session.guidance.get(), session.seed.get()) == (2.5, 17)
    assert not session.seed_locked.get()


def test_after_a_deletion_the_next_picture_is_chosen(panel: HistoryPanel, qtbot: QtBot) -> None:
    order = [item.settings.prompt for item in panel.archive.items(panel.rows.ids)]

    def chosen(prompt: str) -> bool:
        item = panel.item()
        return item is not None and item.settings.prompt == prompt

    choose(qtbot, panel, order[1])
    for following in (order[2], order[3]):
        qtbot.keyClick(panel.grid, Qt.Key.Key_Delete)
        qtbot.waitUntil(partial(chosen, following))
    choose(qtbot, panel, order[0])
    choose(qtbot, panel, order[4], CONTROL)
    qtbot.keyClick(panel.grid, Qt.Key.Key_Delete)
    qtbot.waitUntil(partial(chosen, order[3]))


def test_long_prompts_are_shown_whole_in_a_difference(
    stage: Stage, qtbot: QtBot, tmp_path: Path
) -> None:
    for number, prompt in enumerate(("a pig face on a pink background", "a " + "wide " * 20)):
        pixels = np.full((32, 32, 3), 90 * number, np.uint8)
        png.write(stage.folder / f"{number}.png", pixels, Settings(prompt.strip(), seed=number))
    panel = panel_of(stage, qtbot, 2)
    panel.grid.selectAll()
    qtbot.waitUntil(lambda: panel.details.title.text() == "What differs?")
    table = panel.details.table
    for row in range(1, table.rowCount()):
        for column in range(table.columnCount()):
            text, room = table.item(row, column).text(), table.columnWidth(column) - 8
            flags = Qt.TextFlag.TextWordWrap
            needed = table.fontMetrics().boundingRect(0, 0, room, 9999, flags, text).height()
            assert table.rowHeight(row) >= needed, text
