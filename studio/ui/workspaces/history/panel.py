"""History: every picture ever made, found in an instant, and what made it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QShowEvent
from PySide6.QtWidgets import QMenu, QStackedWidget, QWidget

from studio.core.settings import Settings
from studio.core.wording import many
from studio.gallery.history.index import Facets
from studio.gallery.history.query import Query
from studio.gallery.history.rows import Item
from studio.gallery.history.sync import Synced
from studio.ui import actions
from studio.ui.actions import PICTURE
from studio.ui.image.canvas import Canvas
from studio.ui.library.again import notes
from studio.ui.library.archive import Archive, Done, Ids
from studio.ui.library.grid import Grid
from studio.ui.library.loader import Loader
from studio.ui.library.pictures import read_picture
from studio.ui.library.rows import Rows
from studio.ui.panel import Panel, PanelSpec
from studio.ui.shared import Shared
from studio.ui.starting.reader import picture_in
from studio.ui.widgets.buttons import tool
from studio.ui.widgets.form import column
from studio.ui.widgets.menus import passing_menu
from studio.ui.widgets.progress import Progress
from studio.ui.workspaces.history.details import Details
from studio.ui.workspaces.history.filters import Filters
from studio.ui.workspaces.history.keys import BUTTONS, HISTORY, LARGE, MENU
from studio.ui.workspaces.history.remake import Remake

READING = "Scanning the folder", "How many of the new files have been read"


class HistoryPanel(Panel):
    """The workspace that finds pictures again."""

    archive: Archive
    grid: Grid
    canvas: Canvas
    details: Details
    remake: Remake

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent, "history")
        self.setAcceptDrops(True)
        self.archive = self.library.archive
        self.rows = Rows(self.archive, self)
        labels = {name: spec.label for name, spec in self.session.samplers.items()}
        self.filters, self.grid, self.details = Filters(labels), Grid(self.rows), Details(labels)
        self.canvas, self.progress = Canvas("historyCanvas"), Progress("historyProgress", *READING)
        self.pages = QStackedWidget()
        self._shown = 0  # the id of the picture that is, or soon will be, large
        self._skipped = 0  # files of the folder that are not shown
        self._thrown: list[Ids] = []  # what can be undone, the last first
        self._large = Loader(1, 1, self)
        self.remake = Remake(shared.session, shared.jobs, self)
        self.lay_out(self._left(), self.details)
        self.actions_by_id = actions.install(HISTORY, self, self.pages)
        self.actions_by_id |= actions.install(LARGE, self, self.canvas)
        self.details.add_buttons([self.actions_by_id[name] for name in BUTTONS])
        self.filters.add_tool(tool(self.actions_by_id["history_sync"]))
        self.setFocusProxy(self.grid)
        self._connect()
        self._select()

    def _left(self) -> QWidget:
        self.progress.hide()
        self.pages.addWidget(self.grid)
        self.pages.addWidget(self.canvas)
        left = QWidget()
        parts = (self.filters, self.banner, self.progress, (self.pages, 1), self.filters.count)
        column(*parts, gap=8, margins=(16, 12, 8, 8), on=left)
        return left

    def _connect(self) -> None:
        archive = self.archive
        archive.progress.connect(self._progress)
        archive.synced.connect(self._sync_ended)
        archive.facets.connect(self._facets)
        archive.done.connect(self._done)
        archive.added.connect(archive.ask_facets)
        archive.failed.connect(self._archive_failed)
        self.filters.changed.connect(self._search)
        self.rows.found.connect(self._found)
        self.rows.arrived.connect(self._select)
        self.rows.failed.connect(self._archive_failed)
        self.grid.chosen.connect(self._select)
        self.grid.doubleClicked.connect(self.enlarge)
        self.details.rated.connect(self.rate)
        self.details.liked.connect(self._like)
        self.details.tags.added.connect(self._add_tags)
        self.details.tags.removed.connect(self._remove_tag)
        self._large.loaded.connect(self._show_large)
        self._large.problem.connect(self.error)
        self.remake.restored.connect(self._restored)
        self.remake.message.connect(self.banner.show_message)
        self.remake.refused.connect(self._refused)
        self.remake.made.connect(self._made)
        self.grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.grid.customContextMenuRequested.connect(self._menu_asked)
        self.canvas.customContextMenuRequested.connect(self._menu_asked)

    def showEvent(self, event: QShowEvent) -> None:
        """Shows what the index knows, and looks through the folder again."""
        super().showEvent(event)
        if not self.rows.ids:
            self.rows.search(self.filters.query())
        elif not self.selected():
            self.rows.refresh()  # and the first is chosen, when it is known
        self.archive.sync()

    def selected(self) -> Ids:
        """The ids of what is selected."""
        return self.grid.selected()

    def item(self) -> Item | None:
        """The one selected picture, once it is read."""
        chosen = self._items()
        return chosen[0] if len(chosen) == 1 and len(self.selected()) == 1 else None

    def to_search(self) -> None:
        self.filters.search.setFocus()
        self.filters.search.selectAll()

    def escape(self) -> None:
        """Back to the grid, else dismisses the banner."""
        self._shown = 0
        if self.pages.currentWidget() is self.canvas:
            self._show_page(self.grid)
        elif self.filters.search.hasFocus():
            self.grid.setFocus()
        else:
            self.banner.clear()

    def enlarge(self) -> None:
        """Shows the picture large, or the grid again."""
        if self.pages.currentWidget() is self.canvas:
            self.escape()
        elif (item := self.item()) is not None:
            self._enlarge(item)

    def _follow(self) -> None:
        """The large picture is the selected one."""
        item = self.item() if self.pages.currentWidget() is self.canvas else None
        if item is not None and item.id != self._shown:
            self._enlarge(item)

    def _enlarge(self, item: Item) -> None:
        self._shown = item.id
        self._large.ask(item, read_picture, item.path)

    def rate(self, stars: int) -> None:
        if ids := self.selected():
            self.archive.mark(ids, rating=stars)

    def toggle_favourite(self) -> None:
        """All become favourites, unless all that are in sight are."""
        self._like(not all(item.favourite for item in self._items()))

    def delete(self) -> None:
        """To the trash; out of it, nothing is ever deleted by one key."""
        if (ids := self.selected()) and not self.rows.query.trashed:
            self.archive.trash(ids)

    def put_back(self) -> None:
        if (ids := self.selected()) and self.rows.query.trashed:
            self.archive.restore(ids)

    def empty_trash(self) -> None:
        """Asks first: this cannot be undone."""
        if self.rows.query.trashed:
            sure = (("&Delete for good", self.archive.empty_trash),)
            self.banner.show_message(
                "offer", "Everything in the trash will be deleted for good.", sure
            )

    def undo(self) -> None:
        """Brings back what was deleted last."""
        if self._thrown:
            self.archive.restore(self._thrown[-1])
        else:
            self.note("Nothing was deleted in this session; the trash may hold older pictures.")

    def open_variants(self) -> QMenu | None:
        """What can be changed with one click."""
        if (item := self.item()) is None:
            return None
        menu = self.remake.menu(item.settings, self)
        menu.popup(self.details.mapToGlobal(self.details.table.pos()))
        return menu

    def menu(self) -> QMenu:
        """What can be done with what is selected."""
        menu = passing_menu(self, "historyMenu")
        for group in MENU:
            menu.addSeparator()
            menu.addActions([self.actions_by_id[name] for name in group])
        return menu

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.source() is None and picture_in(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if (path := picture_in(event.mimeData())) is not None:
            event.acceptProposedAction()
            self.remake.take(path)

    @Slot(str)
    def _restored(self, said: str) -> None:
        """Goes to Generate, unless there is something to read here first."""
        go = partial(self.wanted.emit, "generate")
        if said:
            self.banner.show_message("offer", said, (("&Go to Generate", go),))
        else:
            go()

    @Slot(object, str)
    def _refused(self, path: Path, sentence: str) -> None:
        """A picture without settings is good for something all the same."""
        start = ("&Start from it", partial(self.remake.start, path))
        self.error(sentence, start)

    @Slot()
    def _made(self) -> None:
        if self.banner.kind == "note":
            self.banner.clear()

    @Slot(QPoint)
    def _menu_asked(self, at: QPoint) -> None:
        if self.selected():
            self.menu().popup(self.pages.mapToGlobal(at))

    @Slot(object)
    def _search(self, query: Query) -> None:
        if self.banner.kind == "note":
            self.banner.clear()
        self.rows.search(query)

    @Slot(int)
    def _found(self, count: int) -> None:
        self.grid.sentence = self.filters.nothing()
        if count and not self.selected() and self.isVisible():
            self.grid.walk(0)  # where the cursor was, else the first
        elif not count:
            self._shown = 0
            self._show_page(self.grid)
        self._select()

    @Slot(int, int)
    def _progress(self, done: int, files: int) -> None:
        self.progress.setVisible(done < files)
        self.progress.show_share(done / files if files else None)

    @Slot(object)
    def _sync_ended(self, synced: Synced) -> None:
        self._skipped = synced.skipped
        self.progress.hide()
        self._show_count()

    @Slot(object)
    def _facets(self, facets: Facets) -> None:
        self.filters.offer(facets)
        self.details.tags.set_known(tuple(tag for tag, _ in facets.tags))

    @Slot(object)
    def _done(self, done: Done) -> None:
        """What can be undone is offered in place."""
        if done.what == "trash" and done.ids:
            self._thrown.append(done.ids)
            self.note(f"{_are(done.ids)} in the trash.", ("&Undo", self.undo))
        elif done.what == "restore":
            back = set(done.ids)
            self._thrown = [ids for ids in self._thrown if not back & set(ids)]
            self.note(f"{_are(done.ids)} back.")
        elif done.what == "empty":
            self._thrown.clear()
        if done.what != "mark":
            self.archive.ask_facets()

    @Slot(str)
    def _archive_failed(self, sentence: str) -> None:
        """Without its index the folder is shown all the same, and the index can be tried again."""
        self.progress.hide()
        way = ("&Try again", self.archive.reopen if self.archive.problem else self.archive.sync)
        self.error(sentence, way)

    @Slot(bool)
    def _like(self, favourite: bool) -> None:
        if ids := self.selected():
            self.archive.mark(ids, favourite=favourite)

    @Slot(object)
    def _add_tags(self, tags: tuple[str, ...]) -> None:
        self.archive.tag(self.selected(), add=tags)

    @Slot(str)
    def _remove_tag(self, tag: str) -> None:
        self.archive.tag(self.selected(), remove=(tag,))

    @Slot(object, object)
    def _show_large(self, item: Item, result: tuple[QImage, Settings | None]) -> None:
        if item.id != self._shown:
            return  # one has gone back, or on
        self.canvas.show_picture(result[0])
        self._show_page(self.canvas)
        self._follow()

    def _show_page(self, page: QWidget) -> None:
        if self.pages.currentWidget() is not page:
            self.pages.setCurrentWidget(page)
            page.setFocus()
            self._show_count()

    def _show_count(self) -> None:
        if self.pages.currentWidget() is self.canvas:
            self.filters.show_place(self.grid.currentIndex().row(), len(self.rows.ids))
        else:
            self.filters.show_count(len(self.rows.ids), self._skipped)

    def _items(self) -> tuple[Item, ...]:
        """Of what is selected, the first items that are read."""
        ids = self.selected()
        rows = self.grid.rows
        return tuple(item for number in ids[:FEW] if (item := rows.known(number)) is not None)

    @Slot()
    def _select(self) -> None:
        ids, items = self.selected(), self._items()
        if len(ids) == len(items) == 1:
            self.details.show_item(items[0], notes(self.session, items[0].settings))
        elif len(ids) == len(items) == 2:
            images = [self.rows.thumbnail(item) for item in items]
            self.details.show_difference(*items, images)
        else:
            self.details.show_nothing(len(ids))
        self._follow()
        self._show_count()
        trashed = self.rows.query.trashed
        for each in HISTORY:
            if each.needs:
                enough = len(ids) == 1 if each.needs == PICTURE else bool(ids)
                self.actions_by_id[each.id].setEnabled(enough)
        self.actions_by_id["history_delete"].setVisible(not trashed)
        for name in ("history_put_back", "history_empty"):
            self.actions_by_id[name].setVisible(trashed)


FEW = 200  # items that are looked at to tell what all have in common


def _are(ids: Ids) -> str:
    return f"{many(len(ids), 'picture')} {'is' if len(ids) == 1 else 'are'}"


PANEL = PanelSpec(HistoryPanel, (*HISTORY, *LARGE))
