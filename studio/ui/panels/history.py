"""History: every picture ever made, found in an instant, and what made it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QModelIndex, Qt, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from studio.core.errors import UsageError
from studio.core.requests import Generate, Settings
from studio.gallery import inputs, metadata, sharing
from studio.gallery.history.index import Facets
from studio.gallery.history.query import Query
from studio.gallery.history.rows import Item
from studio.ui import actions
from studio.ui.background import Background
from studio.ui.banner import Banner
from studio.ui.canvas import Canvas
from studio.ui.history.again import restore, variants
from studio.ui.history.archive import Archive, Done, Ids
from studio.ui.history.details import Details
from studio.ui.history.filters import Filters
from studio.ui.history.grid import Grid
from studio.ui.history.loader import Loader
from studio.ui.history.rows import Rows
from studio.ui.history.table import BUTTONS, HISTORY, ONE
from studio.ui.library import read_picture
from studio.ui.panels import Panel, PanelSpec
from studio.ui.shared import Shared
from studio.ui.viewer import tool

READABLE = (".png", ".jpg", ".jpeg", ".webp")


class HistoryPanel(Panel):
    """The workspace that finds pictures again."""

    archive: Archive
    details: Details

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self.setObjectName("historyPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self.session, self.jobs = shared.session, shared.jobs
        self.archive = shared.library.archive
        self.rows = Rows(self.archive, self)
        self.filters, self.grid, self.details = Filters(), Grid(self.rows), Details()
        self.canvas, self.banner, self.progress = Canvas(), Banner(), QProgressBar()
        self.pages = QStackedWidget()
        self._synced = False  # at least once since the start
        self._thrown: list[Ids] = []  # what can be undone, the last first
        self._mine: set[int] = set()  # jobs
        self._large = Loader(1, 1, self)
        self._files = Background(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._left(), 1)
        row.addWidget(self.details)
        self.actions_by_id = actions.install(HISTORY, self, self.pages)
        self.details.add_buttons([self.actions_by_id[name] for name in BUTTONS])
        self.filters.add_tool(tool(self.actions_by_id["history_sync"]))
        self.setFocusProxy(self.grid)
        self._connect()
        self._select()

    def _left(self) -> QWidget:
        self.banner.dismiss.setObjectName("historyDismiss")
        self.canvas.setObjectName("historyCanvas")
        self.progress.setObjectName("historyProgress")
        self.progress.setAccessibleName("Looking through the folder")
        self.progress.setToolTip("How many of the new files in the folder are read")
        self.progress.setTextVisible(False)
        self.progress.hide()
        self.pages.addWidget(self.grid)
        self.pages.addWidget(self.canvas)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(16, 12, 8, 8)
        column.setSpacing(8)
        for widget in (self.filters, self.banner, self.progress):
            column.addWidget(widget)
        column.addWidget(self.pages, 1)
        column.addWidget(self.filters.count)
        return left

    def _connect(self) -> None:
        archive = self.archive
        archive.progress.connect(self._progress)
        archive.synced.connect(self._sync_ended)
        archive.facets.connect(self._facets)
        archive.done.connect(self._done)
        archive.added.connect(self._added)
        archive.failed.connect(self._archive_failed)
        self.filters.changed.connect(self._search)
        self.rows.found.connect(self._found)
        self.rows.arrived.connect(self._select)
        self.rows.failed.connect(self._archive_failed)
        self.grid.chosen.connect(self._select)
        self.grid.doubleClicked.connect(self._double_clicked)
        self.details.rated.connect(self.rate)
        self.details.liked.connect(self._like)
        self.details.tag_added.connect(self._add_tag)
        self.details.tag_removed.connect(self._remove_tag)
        self._large.loaded.connect(self._show_large)
        self._large.failed.connect(self._failed)
        self._files.done.connect(self._read)
        self._files.failed.connect(self._failed)
        self.jobs.failed.connect(self._job_failed)
        self.jobs.finished.connect(self._mine.discard)

    def showEvent(self, event: QShowEvent) -> None:
        """Shows what the index knows, and looks through the folder again."""
        super().showEvent(event)
        if not self.rows.ids:
            self.rows.search(self.filters.query())
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

    def undo(self) -> None:
        """Brings back what was deleted last."""
        if self._thrown:
            self.archive.restore(self._thrown[-1])
        else:
            self.banner.say("note", "Nothing was deleted since the start; the trash may hold more.")

    def restore(self) -> None:
        """Takes the settings to Generate."""
        if (item := self.item()) is not None:
            self._restore(item.settings, ())

    def make_again(self) -> None:
        if (item := self.item()) is not None:
            self._make(item.settings)

    def next_seed(self) -> None:
        if (item := self.item()) is not None:
            self._make(next(each.settings for each in variants(item.settings) if each.id == "seed"))

    def open_variants(self) -> QMenu:
        """What can be changed with one click, and the way to change anything else."""
        menu = QMenu(self)
        menu.setObjectName("historyVariants")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if (item := self.item()) is not None:
            for each in variants(item.settings):
                action = menu.addAction(each.text)
                action.setObjectName(f"vary-{each.id}")
                action.triggered.connect(partial(self._vary, each.settings))
            samplers = menu.addMenu("Another sampler")
            for name, spec in self.session.samplers.items():
                if name != item.settings.sampler:
                    other = replace(item.settings, sampler=name, options=())
                    action = samplers.addAction(spec.label)
                    action.setObjectName(f"vary-{name}")
                    action.triggered.connect(partial(self._vary, other))
            menu.addSeparator()
            menu.addAction("Change in Generate…").triggered.connect(self.restore)
        menu.popup(self.details.mapToGlobal(self.details.table.pos()))
        return menu

    def copy_settings(self) -> None:
        if (item := self.item()) is not None:
            QGuiApplication.clipboard().setText(sharing.parameters(item.settings))
            self.banner.say("note", "The settings are in the clipboard.")

    def copy_command(self) -> None:
        if (item := self.item()) is not None:
            command = sharing.command(item.settings, inputs.inputs_folder())
            QGuiApplication.clipboard().setText(command)
            self.banner.say("note", "The command is in the clipboard.")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.source() is None and _file_in(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if (path := _file_in(event.mimeData())) is not None:
            event.acceptProposedAction()
            self.take(path)

    def take(self, path: Path) -> None:
        """Restores the settings inside a picture of any studio into Generate."""
        model = self.session.model.get()
        self._files.start(("take", path), metadata.read, path, (model,))

    def _restore(self, settings: Settings, notes: tuple[str, ...], source: str = "") -> None:
        """Goes to Generate, unless there is something to read here first."""
        notes = (*notes, *restore(self.session, settings))
        if not notes and not source:
            self.wanted.emit("generate")
            return
        came = f"Settings of {source} are in Generate." if source else "The settings are there."
        go = (("&Go to Generate", partial(self.wanted.emit, "generate")),)
        self.banner.say("offer", " ".join((came, *notes)), go)

    def _make(self, settings: Settings) -> None:
        self._files.start(("make", settings), _request, settings)

    def _vary(self, settings: Settings, _checked: bool = False) -> None:
        self._make(settings)

    @Slot(object, object)
    def _read(self, key: tuple[str, Any], result: Any) -> None:
        if key[0] == "take":
            self._restore(result.settings, result.notes, f"{key[1].name} ({result.source})")
            return
        try:
            job = self.jobs.submit(result)
        except UsageError as error:
            self.banner.say("error", str(error))
            return
        if job is not None:
            self._mine.add(job)
            self.banner.say("note", "It is being made and will appear here.")

    @Slot(int, str)
    def _job_failed(self, job: int, sentence: str) -> None:
        if job in self._mine:
            self.banner.say("error", sentence)

    @Slot(object)
    def _search(self, query: Query) -> None:
        self.rows.search(query)
        self._select()

    @Slot(int)
    def _found(self, count: int) -> None:
        self.filters.tell_count(count)
        if count and not self.grid.currentIndex().isValid():
            self.grid.setCurrentIndex(self.rows.index(0))
        self._select()

    @Slot(int, int)
    def _progress(self, done: int, files: int) -> None:
        self.progress.setVisible(done < files)
        self.progress.setRange(0, files)
        self.progress.setValue(done)

    @Slot()
    def _sync_ended(self) -> None:
        self.progress.hide()

    @Slot(object)
    def _facets(self, facets: Facets) -> None:
        self.filters.offer(facets)
        self.details.tags.set_known(tuple(tag for tag, _ in facets.tags))

    @Slot(object)
    def _added(self, _: Item) -> None:
        self.archive.ask_facets()

    @Slot(object)
    def _done(self, done: Done) -> None:
        """What can be undone is offered in place."""
        if done.what == "trash" and done.ids:
            self._thrown.append(done.ids)
            self.banner.say("note", f"{_are(done.ids)} in the trash.", (("&Undo", self.undo),))
        elif done.what == "restore":
            back = set(done.ids)
            self._thrown = [ids for ids in self._thrown if not back & set(ids)]
            self.banner.say("note", f"{_are(done.ids)} back.")
        if done.what != "mark":
            self.archive.ask_facets()

    @Slot(str)
    def _archive_failed(self, sentence: str) -> None:
        """Without its index the folder is shown all the same, and the index can be tried again."""
        self.progress.hide()
        way = ("&Try again", self.archive.reopen if self.archive.problem else self.archive.sync)
        self.banner.say("error", sentence, (way,))

    @Slot(object, str)
    def _failed(self, _: object, sentence: str) -> None:
        self.banner.say("error", sentence)

    @Slot(bool)
    def _like(self, favourite: bool) -> None:
        if ids := self.selected():
            self.archive.mark(ids, favourite=favourite)

    @Slot(str)
    def _add_tag(self, tag: str) -> None:
        self.archive.tag(self.selected(), add=(tag,))

    @Slot(str)
    def _remove_tag(self, tag: str) -> None:
        self.archive.tag(self.selected(), remove=(tag,))

    @Slot(QModelIndex)
    def _double_clicked(self, _: QModelIndex) -> None:
        self.enlarge()

    @Slot(object, object)
    def _show_large(self, item: Item, result: tuple[QImage, Settings | None]) -> None:
        self.canvas.show_picture(result[0])
        self._show_page(self.canvas)

    def _show_page(self, page: QWidget) -> None:
        self.pages.setCurrentWidget(page)
        page.setFocus()

    def _items(self) -> tuple[Item, ...]:
        """Of what is selected, the first items that are read."""
        ids = self.selected()
        rows = self.grid.rows
        return tuple(item for number in ids[:FEW] if (item := rows.known(number)) is not None)

    @Slot()
    def _select(self) -> None:
        """Tells of what is selected."""
        ids, items = self.selected(), self._items()
        if len(ids) == len(items) == 1:
            self.details.show_item(items[0])
        elif len(ids) == len(items) == 2:
            images = [self.rows.thumbnail(item) for item in items]
            self.details.show_difference(*items, images)
        else:
            self.details.show_nothing(len(ids))
        trashed = self.rows.query.trashed
        for each in HISTORY:
            if each.needs_picture:
                enough = len(ids) == 1 if each.id in ONE else bool(ids)
                self.actions_by_id[each.id].setEnabled(enough)
        self.actions_by_id["history_delete"].setVisible(not trashed)
        self.actions_by_id["history_put_back"].setVisible(trashed)


FEW = 200  # items that are looked at to tell what all have in common


def _are(ids: Ids) -> str:
    return "1 picture is" if len(ids) == 1 else f"{len(ids):,} pictures are"


def _request(settings: Settings) -> Generate:
    """With the pictures it starts from, if there are any. Raises DataError."""
    return Generate(settings, inputs=inputs.find(settings, inputs.inputs_folder()))


def _file_in(data: QMimeData) -> Path | None:
    """The first picture among what is dragged."""
    paths = (Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile())
    return next((path for path in paths if path.suffix.lower() in READABLE), None)


PANEL = PanelSpec("history", "History", 60, HistoryPanel, HISTORY, ())
