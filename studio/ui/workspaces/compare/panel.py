"""Compare: what to compare on the left, the pictures from one noise on the right."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from studio.core import generating
from studio.core.errors import UsageError
from studio.core.grid import Grid
from studio.core.settings import Settings
from studio.gallery import png
from studio.ui import actions
from studio.ui.library.pictures import Entry
from studio.ui.shared import Shared
from studio.ui.widgets.banner import Banner
from studio.ui.widgets.buttons import tool
from studio.ui.widgets.foot import COLUMN_WIDTH
from studio.ui.widgets.menus import add, passing_menu
from studio.ui.workspaces import Panel, PanelSpec
from studio.ui.workspaces.compare.axes import presets
from studio.ui.workspaces.compare.column import CompareColumn
from studio.ui.workspaces.compare.comparison import Comparison, Result
from studio.ui.workspaces.compare.exports import FORMS, Exports, Form
from studio.ui.workspaces.compare.keys import CELL_TOOLS, COMPARE
from studio.ui.workspaces.compare.pictures import PicturesView
from studio.ui.workspaces.compare.views import VIEWS, ViewSpec
from studio.ui.workspaces.compare.welcome import welcome

if TYPE_CHECKING:
    from studio.ui.workspaces.compare.views import Alone


class ComparePanel(Panel):
    """The workspace that sets samplers, steps and guidance side by side."""

    comparison: Comparison
    column: CompareColumn
    pictures: PicturesView

    def __init__(
        self,
        shared: Shared,
        parent: QWidget | None = None,
        views: tuple[ViewSpec, ...] = VIEWS,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("comparePanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.shared, self.session, self.jobs = shared, shared.session, shared.jobs
        self._specs = views
        self._views: dict[str, QWidget] = {}
        self._saved: Entry | None = None
        self.comparison = Comparison(self.session, self.jobs, self)
        self.column = CompareColumn(self.session, self.jobs, self.comparison, self)
        self.exports = Exports(self.comparison, self.jobs, shared.library.folder, self)
        self.column.setFixedWidth(COLUMN_WIDTH)
        self.column.restore(shared.preferences.get("compare"))
        self.banner = Banner()
        self.banner.dismiss.setObjectName("compareDismiss")  # Generate has one too
        self.welcome = welcome(self.session)
        self.pictures = PicturesView(self.comparison, self.session, self.jobs)
        self.pages = QStackedWidget()
        self.tabs = QTabBar()
        self._bar = QHBoxLayout()
        right = self._right()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.column)
        row.addWidget(right, 1)
        self.actions_by_id = actions.install(COMPARE, self, self.pictures.grid)
        self.pictures.details.add_tools(tuple(self.actions_by_id[each] for each in CELL_TOOLS))
        self._export_button = tool(self.actions_by_id["export"])
        self._bar.addWidget(self._export_button)
        self.setFocusProxy(self.column.prompt)
        self._connect()
        self.show_view(views[0].id)

    def _right(self) -> QWidget:
        self.tabs.setObjectName("compareViews")
        self.tabs.setAccessibleName("Views of the comparison")
        self.tabs.setToolTip("Ways to look at the comparison")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self._bar.addWidget(self.tabs)
        self._bar.addStretch(1)
        for number, spec in enumerate(self._specs):
            self.tabs.addTab(spec.title)
            self.tabs.setTabToolTip(number, spec.tip)
        self.pages.addWidget(self.welcome)
        self._view(self._specs[0])  # now, so that Tab reaches it after the bar above it
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(8)
        column.addLayout(self._bar)
        column.addWidget(self.banner)
        column.addWidget(self.pages, 1)
        return right

    def _connect(self) -> None:
        self.column.asked.connect(self.actions_by_id["compare"].trigger)
        self.column.foot.cancel.clicked.connect(self.jobs.cancel)
        self.welcome.picked.connect(self._picked)
        self.tabs.currentChanged.connect(self._tab_chosen)
        self.pictures.grid.opened.connect(self.actions_by_id["cell_menu"].trigger)
        self.comparison.made.connect(self._enable)
        self.comparison.began.connect(self._enable)
        self.comparison.selected.connect(self._enable)
        self.exports.written.connect(self._exported)
        self.exports.failed.connect(self._failed)
        view = self.pictures
        for each in (self.comparison, view.frames.decoder, view.runs, self.exports.frames):
            each.failed.connect(self._failed)
        self.jobs.unavailable.connect(self._failed)
        self.shared.library.updated.connect(self._written)
        self.shared.library.failed.connect(self._not_written)

    def compare(self) -> None:
        """Makes the comparison as it stands; a random seed is drawn first, as for Generate."""
        if (lab := self._alone()) is not None:
            lab.run()
            return
        if self.comparison.job is not None:
            self.banner.say("note", "One comparison at a time: cancel this one first (Esc).")
            return
        try:
            varied = "seed" in self.column.axes.names()
            self.column.plan(self.session.settings())
            base = self.session.settings() if varied else self.session.request().settings
            grid, cells = self.column.plan(base)
            began = self.comparison.begin(grid, cells)
        except UsageError as error:
            self.banner.say("error", str(error))
            return
        if began:
            if self.banner.kind == "error":
                self.banner.clear()
            self._remember()
            self._tab_chosen(self.tabs.currentIndex())
            for spec in self._specs:
                if spec.early:
                    self._view(spec)

    def _remember(self) -> None:
        """The prompt joins those that Alt+Up walks, here and in Generate."""
        preferences, box = self.shared.preferences, self.column.prompt
        box.remember(self.session.prompt.get().strip())
        preferences.set("history", list(box.history()))
        preferences.remember(self.session)

    def closing(self) -> None:
        self.shared.preferences.set("compare", self.column.remembered())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.column.prompt.set_history(tuple(self.shared.preferences.get("history")))

    def escape(self) -> None:
        """Cancels the job, else dismisses the banner."""
        if (lab := self._alone()) is not None:
            lab.escape()
        elif self.jobs.busy:
            self.jobs.cancel()
        else:
            self.banner.clear()

    def show_view(self, name: str) -> QWidget:
        """Opens a view by its id."""
        number = next(i for i, spec in enumerate(self._specs) if spec.id == name)
        self.tabs.setCurrentIndex(number)
        self._tab_chosen(number)
        return self.pictures.grid if name == "pictures" else self._views[name]

    def sweep_guidance(self) -> None:
        """Compares the same noise at several w."""
        preset = next(each for each in presets(self.session) if each.id == "guidance")
        self.column.use_grid(preset.grid)
        self.compare()

    @Slot(int)
    def _tab_chosen(self, number: int) -> None:
        """Makes a view when it is first opened; before anything is compared, says how to begin."""
        spec = self._specs[number]
        empty = spec.id == "pictures" and not self.comparison.results
        self.pages.setCurrentWidget(self.welcome if empty else self._view(spec))
        self.column.setVisible(not spec.alone)  # last: who had the keys in it may hand them on

    def _alone(self) -> Alone | None:
        """The view that has its own controls, while it is shown."""
        spec = self._specs[self.tabs.currentIndex()]
        return cast("Alone", self._view(spec)) if spec.alone else None

    def _view(self, spec: ViewSpec) -> QWidget:
        if spec.id not in self._views:
            self._views[spec.id] = spec.create(self)
            self.pages.addWidget(self._views[spec.id])
        return self._views[spec.id]

    @Slot(object)
    def _picked(self, example: tuple[Grid, str]) -> None:
        grid, prompt = example
        self.session.prompt.set(prompt)
        self.column.use_grid(grid)
        self.compare()

    def _current(self) -> Result | None:
        """The selected cell, once it is made."""
        results = self.comparison.results
        result = results[self.comparison.current] if results else None
        return result if result is not None and result.cell is not None else None

    def use_settings(self) -> None:
        """Takes the selected cell's settings to Generate and goes there."""
        result = self._current()
        if result is not None:
            self.session.use_all(result.settings)
            self.wanted.emit("generate")

    def save_cell(self) -> None:
        """Writes the selected picture to the pictures folder, as if Generate had made it."""
        result = self._current()
        if result is not None and result.cell is not None:
            cell = result.cell
            made = generating.Picture(
                cell.job, cell.index, cell.image, cell.settings, cell.seconds, cell.nfe
            )
            self._saved = self.shared.library.add(made)

    def copy_cell(self) -> None:
        result = self._current()
        if result is not None and result.picture is not None:
            QGuiApplication.clipboard().setImage(result.picture.image)

    def copy_settings(self) -> None:
        settings = self._settings()
        if settings is not None:
            QGuiApplication.clipboard().setText(png.parameters(settings))

    def _settings(self) -> Settings | None:
        result = self._current()
        return result.settings if result is not None else None

    def open_menu(self) -> QMenu:
        """What can be done with the selected cell."""
        cell = self.pictures.grid.cells.get(self.comparison.current)
        menu = passing_menu(self, "cellMenu")
        menu.addActions([self.actions_by_id[each] for each in CELL_TOOLS])
        if cell is not None:
            menu.popup(cell.mapToGlobal(cell.place().center().toPoint()))
        return menu

    def open_exports(self) -> QMenu:
        """Which form to write the comparison in."""
        menu = passing_menu(self, "exportMenu")
        for form in FORMS:
            add(menu, f"export-{form.id}", form.text, partial(self._export, form), form.tip)
        menu.popup(self._export_button.mapToGlobal(self._export_button.rect().bottomLeft()))
        return menu

    def _export(self, form: Form) -> None:
        self.banner.say("note", f"Writing: {form.text}…")
        if self.exports.start(form) is None:
            self.banner.say("note", "One film at a time: the last one's frames are being decoded.")

    @Slot(object)
    def _exported(self, path: Path) -> None:
        def show() -> None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))

        self.banner.say("note", f"Written to {path}", (("Show the folder", show),))

    @Slot(str)
    def _failed(self, sentence: str) -> None:
        self.banner.say("error", sentence)

    @Slot()
    def _enable(self, _: object = None) -> None:
        """What needs a picture waits for the selected one."""
        made = self._current() is not None
        for each in COMPARE:
            if each.needs:
                self.actions_by_id[each.id].setEnabled(made)
        self.actions_by_id["export"].setEnabled(self.comparison.done > 0)

    @Slot(object)
    def _written(self, entry: Entry) -> None:
        if entry is self._saved and entry.path is not None:
            self.banner.say("note", f"Saved as {entry.path.name} in {entry.path.parent}.")
            self._saved = None

    @Slot(object, str)
    def _not_written(self, entry: Entry | None, sentence: str) -> None:
        if entry is not None and entry is self._saved:
            self.banner.say("error", sentence)
            self._saved = None


PANEL = PanelSpec(
    ComparePanel,
    COMPARE,
    menu=("export",),
)
