"""Compare: what to compare on the left, the pictures from one noise on the right."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QMenu, QWidget

from studio.core import generating
from studio.core.errors import UsageError
from studio.ui import actions
from studio.ui.library.pictures import Entry
from studio.ui.panel import PanelSpec, View, ViewsPanel, later, stacked
from studio.ui.shared import Shared
from studio.ui.widgets.buttons import tool
from studio.ui.widgets.menus import add_forms, passing_menu
from studio.ui.workspaces.compare.column import CompareColumn
from studio.ui.workspaces.compare.comparison import Comparison, Result
from studio.ui.workspaces.compare.exports import FORMS, Exports
from studio.ui.workspaces.compare.keys import CELL_TOOLS, COMPARE
from studio.ui.workspaces.compare.pictures import PicturesView
from studio.ui.workspaces.compare.presets import Preset, presets, welcome

TABS = ("Views of the comparison", "Ways to look at the comparison")
ROOMS = "studio.ui.workspaces"
# fmt: off
VIEWS = (
    View("pictures", "Pictures", "All cells side by side, and how they came to be",
        lambda panel: panel.pictures),
    View("convergence", "Convergence", "Distance to the converged picture against cost",
        later(f"{ROOMS}.compare.convergence.ConvergenceView"), early=True),
    View("words", "Words", "What each word did in the selected cell",
        later(f"{ROOMS}.compare.words.WordsView")),
    View("guidance", "Guidance", "One noise, w swept, and where guidance pulled",
        later(f"{ROOMS}.compare.guidance.GuidanceView")),
    View("lab", "2-D lab", "Samplers on a distribution of the plane that is known exactly",
        later(f"{ROOMS}.lab.view.LabView"), alone=True),
)
# fmt: on


class ComparePanel(ViewsPanel):
    """The workspace that sets samplers, steps and guidance side by side."""

    comparison: Comparison
    column: CompareColumn
    pictures: PicturesView

    def __init__(self, shared: Shared, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent, "compare", VIEWS, TABS)
        self._saved: Entry | None = None
        self.presets = presets(self.session.samplers)
        self.comparison = Comparison(self.session, self.jobs, self)
        self.column = CompareColumn(self)
        self.exports = Exports(self.comparison, self.jobs, self.library.folder, self)
        self.column.restore(self.preferences.get("compare"))
        self.welcome = welcome(self.presets)
        self.pictures = PicturesView(self)
        self.pictures.setFocusProxy(self.pictures.grid)
        self.pages.addWidget(self.welcome)
        super().page(VIEWS[0])  # now, so that Tab reaches it after the bar above it
        self.lay_out(self.column, stacked(self.bar, self.banner, self.pages))
        self.actions_by_id = actions.install(COMPARE, self, self.pictures.grid)
        for name in CELL_TOOLS:
            self.pictures.bar.addWidget(tool(self.actions_by_id[name], name == CELL_TOOLS[0]))
        self._export_button = tool(self.actions_by_id["export"])
        self.bar.addWidget(self._export_button)
        self.setFocusProxy(self.column.prompt)
        self._connect()
        self.show_view(VIEWS[0].id)

    def _connect(self) -> None:
        self.welcome.picked.connect(self.start)
        self.pictures.grid.opened.connect(self.actions_by_id["cell_menu"].trigger)
        comparison, pictures, exports = self.comparison, self.pictures, self.exports
        for changed in (comparison.made, comparison.began, comparison.selected):
            changed.connect(self._enable)
        exports.written.connect(self.written)
        for each in (
            comparison, pictures.frames.decoder, pictures.runs, pictures.words.maps,
            exports.frames, exports,
        ):  # fmt: skip
            each.failed.connect(self.error)
        self.library.updated.connect(self._written)
        self.library.failed.connect(self._not_written)

    def begin(self) -> None:
        """Makes the comparison as it stands; a random seed is drawn first, as for Generate."""
        if self.comparison.job is not None:
            self.note("One comparison at a time: cancel this one first (Esc).")
            return
        try:
            varied = "seed" in self.column.axes.names()
            self.column.plan(self.session.settings())
            base = self.session.settings() if varied else self.session.request().settings
            began = self.comparison.begin(*self.column.plan(base))
        except UsageError as error:
            self.refuse(str(error))
            return
        if began:
            self.forget_error()
            self.remember_prompt(self.column.prompt, self.session.prompt.get().strip())
            self.open_view(self.tabs.currentIndex())
            for spec in VIEWS:
                if spec.early:
                    self.page(spec)

    def escape(self) -> None:
        """From the words back to the pictures, unless there is something to stop."""
        if not self.jobs.busy and VIEWS[self.tabs.currentIndex()].id == "words":
            self.show_view("pictures").setFocus()
        else:
            super().escape()

    def closing(self) -> None:
        self.preferences.set("compare", self.column.remembered())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.column.prompt.set_history(tuple(self.preferences.get("history")))

    def page(self, spec: View) -> QWidget:
        """Before anything is compared, says how to begin."""
        empty = spec.id == "pictures" and not self.comparison.results
        return self.welcome if empty else super().page(spec)

    @Slot(object)
    def start(self, preset: Preset) -> None:
        """Shows a preset's grid and prompt, and compares."""
        self.session.prompt.set(preset.prompt)
        self.column.axes.set_grid(preset.grid)
        self.begin()

    @Slot()
    def sweep_guidance(self) -> None:
        """Compares the same noise at several w."""
        sweep = next(each for each in self.presets if each.id == "guidance")
        self.column.axes.set_grid(sweep.grid)
        self.begin()

    def _current(self) -> Result | None:
        """The selected cell, once it is made."""
        results = self.comparison.results
        result = results[self.comparison.current] if results else None
        return result if result is not None and result.cell is not None else None

    def use_settings(self) -> None:
        """Takes the selected cell's settings to Generate and goes there."""
        if (result := self._current()) is not None:
            self.session.use_all(result.settings)
            self.wanted.emit("generate")

    def save_cell(self) -> None:
        """Writes the selected picture to the pictures folder, as if Generate had made it."""
        result = self._current()
        if result is not None and (cell := result.cell) is not None:
            made = generating.Picture(
                cell.job, cell.index, cell.image, cell.settings, cell.seconds, cell.nfe,
                score=cell.score,
            )  # fmt: skip
            self._saved = self.library.add(made)

    def copy_cell(self) -> None:
        result = self._current()
        if result is not None and result.picture is not None:
            QGuiApplication.clipboard().setImage(result.picture.image)

    def copy_settings(self) -> None:
        if (result := self._current()) is not None:
            self.share(result.settings)

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
        add_forms(menu, "export-", FORMS, self._export)
        menu.popup(self._export_button.mapToGlobal(self._export_button.rect().bottomLeft()))
        return menu

    def _export(self, form: str) -> None:
        self.note(f"Writing: {FORMS[form][0]}…")
        if not self.exports.start(form):
            self.note("One film at a time: the previous one is still being decoded.")

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
            self.note(f"Saved as {entry.path.name} in {entry.path.parent}.")
            self._saved = None

    @Slot(object, str)
    def _not_written(self, entry: Entry | None, sentence: str) -> None:
        if entry is not None and entry is self._saved:
            self.error(sentence)
            self._saved = None


PANEL = PanelSpec(ComparePanel, COMPARE, ("export",))
