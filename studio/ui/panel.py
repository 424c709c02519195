"""What every workspace is: its place in the window, its messages, its views if it has several."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QAction, QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QLayout, QStackedWidget, QWidget

from studio.core.messages import Failed, Note
from studio.core.settings import Settings
from studio.core.tour import Stop
from studio.core.wording import capitalised
from studio.ui.actions import Action
from studio.ui.shared import Shared
from studio.ui.widgets.banner import Banner, Choice
from studio.ui.widgets.form import column, row
from studio.ui.widgets.prompt_box import PromptBox
from studio.ui.widgets.setting_up import set_up
from studio.ui.widgets.tabs import tab_bar


class Panel(QWidget):
    """A workspace: its widgets, its actions by their ids, a banner that also tells of an engine
    that is not there. `wanted` asks for another workspace's id, `offered` also hands it pictures,
    `staged` has it set up for a stop of the tour, `model_wanted` asks for a model to be loaded.
    """

    wanted = Signal(str)
    offered = Signal(str, object)  # an id, tuple[Path, ...]
    staged = Signal(object, str)  # Stop, its place among the others
    model_wanted = Signal(str)
    actions_by_id: dict[str, QAction]

    def __init__(self, shared: Shared, parent: QWidget | None, name: str, prefix: str = "") -> None:
        """The object names of what is shared begin with `prefix`, or else with `name`."""
        super().__init__(parent)
        self.setObjectName(f"{name}Panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.shared, self.session, self.jobs = shared, shared.session, shared.jobs
        self.library, self.preferences = shared.library, shared.preferences
        self.banner = Banner()
        self.banner.dismiss.setObjectName(f"{prefix or name}Dismiss")
        self.jobs.unavailable.connect(self.error)
        self.jobs.on(Note, self._heard)

    def lay_out(self, *sides: QWidget) -> None:
        """Puts them beside each other: what has no fixed width takes the room that is left."""
        row(*((side, 1) for side in sides), gap=0, on=self)

    def receive(self, pictures: tuple[Path, ...]) -> None:
        """Takes pictures that another workspace offers."""

    def run(self) -> None:
        """The workspace's work."""

    def set_up_for(self, stop: Stop) -> None:
        """Is set up as a stop of the tour says, and begins if it says so. Raises UsageError."""
        if stop.picture and self.library.entries and (path := self.library.entries[0].path):
            self.receive((path,))  # the newest
        set_up(self, stop.set)
        if stop.run:
            self.run()

    def closing(self) -> None:
        """The window is about to close, the engine still there."""

    def escape(self) -> None:
        """Cancels the job, else dismisses the banner."""
        if self.jobs.busy:
            self.jobs.cancel()
        else:
            self.banner.clear()

    @Slot(str)
    def note(self, sentence: str, *choices: Choice) -> None:
        self.banner.show_message("note", sentence, choices)

    @Slot(str)
    def error(self, sentence: str, *choices: Choice) -> None:
        self.banner.show_message("error", sentence, choices)

    @Slot(str)
    def refuse(self, sentence: str) -> None:
        """Says why what was asked for makes no sense: those sentences go on after "error: "."""
        self.error(capitalised(sentence))

    @Slot(object)
    def _heard(self, event: Note) -> None:
        if self.isVisible():
            self.note(event.message)

    @Slot(object)
    def job_failed(self, event: Failed) -> None:
        self.error(event.message)

    def forget_error(self) -> None:
        """What went wrong before is over: something has begun."""
        if self.banner.kind == "error":
            self.banner.clear()

    def remember_prompt(self, box: PromptBox, prompt: str) -> None:
        """Puts it before those that Alt+Up walks, here and elsewhere; keeps the settings too."""
        box.set_history(self.preferences.remember_prompts([prompt]))
        self.preferences.remember(self.session)

    def share(self, settings: Settings, as_command: bool = False) -> None:
        """Puts settings on the clipboard: as lines of text, or the command that makes the same."""
        from studio.gallery import inputs, sharing

        what, text = "Settings", sharing.parameters(settings)
        if as_command:
            what, text = "Command", sharing.command(settings, inputs.inputs_folder())
        QGuiApplication.clipboard().setText(text)
        self.note(f"{what} copied.")

    @Slot(object)
    def written(self, path: Path) -> None:
        """Says where something went."""
        self.note(f"Written to {path}", ("Show the folder", partial(show_folder, path)))


@dataclass(frozen=True)
class PanelSpec:
    """How a workspace is made, inside which widget: one moved there later is styled anew.

    `menu` names the actions that the window's menu lists while it is shown.
    """

    create: Callable[[Shared, QWidget], Panel]
    actions: tuple[Action[Any], ...] = ()
    menu: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """A view as its panel meets it; `create` is called with the panel when the tab is opened, or
    `early`, with the first work, where a view takes time to be ready. A view that stands `alone`
    is shown without the panel's column; one with run() and escape() gets the panel's keys."""

    id: str
    title: str
    tip: str
    create: Callable[[Any], QWidget]
    early: bool = False
    alone: bool = False


def later(view: str) -> Callable[[Panel], QWidget]:
    """Makes a view by its class's full name; its module is imported when it is first needed."""

    def create(panel: Panel) -> QWidget:
        module, _, name = view.rpartition(".")
        made: QWidget = getattr(importlib.import_module(module), name)(panel)
        return made

    return create


class ViewsPanel(Panel):
    """A workspace that is looked at in several ways, a tab each: below the column's right."""

    column: QWidget

    def __init__(
        self,
        shared: Shared,
        parent: QWidget | None,
        name: str,
        views: tuple[View, ...],
        told: tuple[str, str],
    ) -> None:
        """`told` are the tabs' accessible name and tooltip."""
        super().__init__(shared, parent, name)
        self._specs = views
        self._views: dict[str, QWidget] = {}
        self.pages, self.tabs = QStackedWidget(), tab_bar(f"{name}Views", *told)
        self.bar = row(self.tabs, None)
        for number, spec in enumerate(views):
            self.tabs.addTab(spec.title)
            self.tabs.setTabToolTip(number, spec.tip)
        self.tabs.currentChanged.connect(self.open_view)

    def show_view(self, name: str) -> QWidget:
        """Opens a view by its id."""
        number = next(i for i, spec in enumerate(self._specs) if spec.id == name)
        self.tabs.setCurrentIndex(number)
        self.open_view(number)
        return self._views[name]

    def page(self, spec: View) -> QWidget:
        """What its tab shows now: the view, made when it is first needed."""
        if spec.id not in self._views:
            self._views[spec.id] = spec.create(self)
            self.pages.addWidget(self._views[spec.id])
        return self._views[spec.id]

    @Slot(int)
    def open_view(self, number: int) -> None:
        spec = self._specs[number]
        self.pages.setCurrentWidget(self.page(spec))
        self.column.setVisible(not spec.alone)  # last: who had the keys in it may hand them on

    def set_up_for(self, stop: Stop) -> None:
        if stop.view:
            self.show_view(stop.view)
        if (own := self._own_work()) is not None:
            own.escape()  # what another stop began
        super().set_up_for(replace(stop, run=False))
        if getattr(own, "busy", False):
            own.escape()  # what setting a control began
        if stop.run:
            self.run()

    def begin(self) -> None:
        """The panel's own work."""

    def run(self) -> None:
        """The work of the view that is shown, if it has one of its own; else the panel's."""
        own = self._own_work()
        (self.begin if own is None else own.run)()

    def escape(self) -> None:
        own = self._own_work()
        (super().escape if own is None else own.escape)()

    def _own_work(self) -> Any:
        view = self._views.get(self._specs[self.tabs.currentIndex()].id)
        return view if hasattr(view, "run") and hasattr(view, "escape") else None


def stacked(*parts: QWidget | QLayout) -> QWidget:
    """One below the other; the last one takes the room that is left."""
    whole = QWidget()
    column(*parts[:-1], (parts[-1], 1), gap=8, margins=(16, 8, 16, 8), on=whole)
    return whole


def show_folder(path: Path) -> None:
    """Shows a folder, or a file's, in the desktop's file manager."""
    folder = path if path.is_dir() else path.parent
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
