"""The main window: the workspaces, the status line, the menu; nothing of its own.

Only the first workspace is there at first; the others are built when they are opened, or bit by
bit while the engine waits for work (`build_rest`).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, QTimer, Slot
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QKeySequence
from PySide6.QtWidgets import QFileDialog, QMenu, QStackedWidget, QTabBar, QWidget

from studio import gallery, ui
from studio.core.errors import StudioError, UsageError
from studio.core.messages import Failed, LoadModel, Ready
from studio.core.settings import CACHE, CLIP_SKIP, Defaults
from studio.core.tour import Stop
from studio.core.wording import model_name
from studio.ui import actions, icons
from studio.ui import workspaces as panels
from studio.ui.background import Background
from studio.ui.panel import Panel
from studio.ui.preferences import HOW
from studio.ui.shared import Shared
from studio.ui.start import Start, keep
from studio.ui.status_line import StatusLine
from studio.ui.theme import CHOICES, Theme
from studio.ui.tour_bar import TourBar
from studio.ui.widgets.form import column
from studio.ui.widgets.menus import add
from studio.ui.widgets.tabs import tab_bar
from studio.ui.workspaces import WORKSPACES, load

FRAME = 40  # px of the screen's height for a title bar


class Window(QWidget):
    """Latent Studio. Its workspaces are listed in workspaces/, not here; Ctrl+1..n goes to them."""

    theme: Theme

    def __init__(self, shared: Shared, theme: Theme) -> None:
        super().__init__()
        self.shared, self.theme = shared, theme
        self.setObjectName("window")
        self.setWindowTitle("Latent Studio")
        self.setWindowIcon(icons.application_icon())
        self._built: dict[str, Panel] = {}
        self._asked = str(shared.preferences.get("model"))  # the last session's, to be offered
        self._rest = self._steps()
        self._turns = QTimer(self, interval=0)
        self._turns.timeout.connect(self._step)
        self._actions = actions.install(actions.WINDOW, self, self)
        self._pages, self._menu = QStackedWidget(), QMenu(self)
        self._looks = self._theme_menu()
        self._tabs = self._make_tabs()
        self.status = StatusLine(shared, self._actions, self._menu)
        self.tour = TourBar(partial(self._go_to, "tour"))
        column(self._tabs, self.tour, (self._pages, 1), self.status, gap=0, on=self)
        self.status.text.clicked.connect(self._to_models)
        self._reads = Background(self, done=self._known)
        shared.session.model_wanted.connect(self._find_model)
        shared.jobs.on(Ready, self._model_ready)
        self._open(0)
        self.setMinimumSize(860, 560)
        room = self.screen().availableGeometry().height() - FRAME
        self.resize(QSize(1180, min(780, room)))
        if geometry := shared.preferences.geometry():
            self.restoreGeometry(geometry)

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Every workspace in the order of the tabs; those that are missing are built now."""
        return tuple(self.panel(workspace) for workspace in WORKSPACES)

    def panel(self, workspace: str) -> Panel:
        """A workspace, built now if it is missing."""
        if workspace not in self._built:
            panel = load(workspace).create(self.shared, self._pages)
            self._built[workspace] = panel
            self._pages.addWidget(panel)
            panel.wanted.connect(self._go_to)
            panel.offered.connect(self._hand_over)
            panel.staged.connect(self._stage)
            panel.model_wanted.connect(self.open_model)
        return self._built[workspace]

    @Slot()
    def build_rest(self) -> None:
        """Imports and builds what is missing, a little in each turn of the event loop.

        Not beside the engine's work: the two would hand Python's lock to and fro, and what takes
        a frame alone would take ten.
        """
        self.shared.jobs.changed.connect(self._go_on)
        self._go_on()

    @Slot()
    def _go_on(self) -> None:
        if not self.shared.jobs.busy:
            self._turns.start()

    @Slot()
    def _step(self) -> None:
        if self.shared.jobs.busy or not self.isVisible():
            self._turns.stop()
        elif next(self._rest, None) is None:
            self._turns.stop()
            self.shared.jobs.changed.disconnect(self._go_on)

    def _steps(self) -> Iterator[str]:
        """Each is done within a frame: importing one module, building one workspace."""
        for room in (gallery, ui):
            found = pkgutil.walk_packages(room.__path__, f"{room.__name__}.")
            names = (each.name for each in found)
            for name in sorted(names, key=lambda name: name.startswith(panels.__name__)):
                importlib.import_module(name)  # a workspace's last: it needs all the others
                yield name
        for workspace in WORKSPACES:
            self.panel(workspace)
            yield workspace

    def _make_tabs(self) -> QTabBar:
        tabs = tab_bar("workspaces", "Workspaces", "The workspaces")
        for number, title in enumerate(WORKSPACES.values(), 1):
            tabs.addTab(title)
            go = QAction(title, self)
            go.setShortcut(QKeySequence(f"Ctrl+{number}"))
            go.triggered.connect(partial(self._go, number - 1))
            self.addAction(go)
        tabs.currentChanged.connect(self._open)
        return tabs

    @Slot(int)
    def _open(self, number: int) -> None:
        workspace = tuple(WORKSPACES)[number]
        self._pages.setCurrentWidget(self.panel(workspace))
        self._fill_menu(workspace)

    def _go(self, number: int, _checked: bool = False) -> None:
        self._tabs.setCurrentIndex(number)
        self.panel(tuple(WORKSPACES)[number]).setFocus()

    @Slot(str)
    def _go_to(self, wanted: str) -> None:
        self._go(tuple(WORKSPACES).index(wanted))

    @Slot(str, object)
    def _hand_over(self, wanted: str, pictures: tuple[Path, ...]) -> None:
        self._go_to(wanted)
        self.panel(wanted).receive(pictures)

    @Slot(object, str)
    def _stage(self, stop: Stop, place: str) -> None:
        self._go_to(stop.workspace)
        panel = self.panel(stop.workspace)
        try:
            panel.set_up_for(stop)
        except UsageError as error:
            panel.refuse(str(error))
        self.tour.show_stop(stop, place)

    def _fill_menu(self, workspace: str) -> None:
        """What this workspace can do (another's keys would clash with its), then the window."""
        self._menu.clear()
        named = self.panel(workspace).actions_by_id
        self._menu.addActions([named[name] for name in load(workspace).menu])
        self._menu.addSeparator()
        self._menu.addMenu(self._looks)
        for name in ("open_model", "own_model", "keys"):
            self._menu.addAction(self._actions[name])
        self._menu.addSeparator()
        self._menu.addAction(self._actions["quit"])

    def _theme_menu(self) -> QMenu:
        looks = QMenu("Theme", self)
        group = QActionGroup(self)
        for choice, text in CHOICES.items():
            action = add(looks, f"theme-{choice}", text, partial(self.theme.choose, choice))
            action.setCheckable(True)
            action.setChecked(choice == self.theme.choice)
            group.addAction(action)
        return looks

    @Slot()
    def _to_models(self) -> None:
        self._go_to("models")

    def choose_model(self) -> None:
        """Asks for a model's folder and opens it."""
        title = "A model's folder, with model_index.json in it"
        if folder := QFileDialog.getExistingDirectory(self, title, str(Path.home())):
            self.open_model(folder)

    def open_model(self, model: str) -> None:
        """The session's model from the moment it is loaded; until then, and if it cannot be, the
        one before stays."""
        again = model == self.shared.session.model.get()
        how = {name: self.shared.preferences.get(name) for name in HOW}
        job = self.shared.jobs.submit(LoadModel(model, again, **how))
        if job is not None:
            job.on(Ready, self._chosen)
            job.on(Failed, self._not_opened)

    @Slot(object)
    def _chosen(self, model: Ready) -> None:
        """Remembered at once: what is opened next may end the program."""
        self.shared.session.model.set(model.model)
        self._remember_model("" if model.model == actions.OWN else model.model)

    def _remember_model(self, model: str) -> None:
        self.shared.preferences.set("model", model)

    @Slot(str, object)
    def _find_model(self, model: str, picture: Path | None) -> None:
        self._reads.start("picture", _whereabouts, model, picture)

    @Slot(object, object)
    def _known(self, whose: str, found: tuple[str, str]) -> None:
        """Offers a picture's model beside what is said of its settings, or the last session's; that
        one may be gone."""
        (model, refusal), panel, forget = found, self._panel, partial(self._remember_model, "")
        name, again = model_name(model), partial(self.open_model, model)
        if whose == "picture" and model:
            if not panel.banner.isVisible():
                panel.note(f"That picture was made with {name}.")
            panel.banner.add_choice(f"Open {name}", again)
        elif whose == "last" and refusal:
            panel.refuse(f"the model of the last session cannot be opened: {refusal}")
            forget()
        elif whose == "last":
            choices = ((f"Open {name}", again), ("Forget it", forget))
            panel.banner.show_message("offer", f"The last session used {name}.", choices)

    @Slot(object)
    def _not_opened(self, end: Failed) -> None:
        self._panel.refuse(end.message)

    @property
    def _panel(self) -> Panel:
        """The one in sight."""
        return self.panel(tuple(WORKSPACES)[self._tabs.currentIndex()])

    @Slot(object)
    def _model_ready(self, model: Ready) -> None:
        """Pictures are as large as the model can make them, and made as its makers recommend."""
        if model.model == self.shared.session.model.get():
            self.shared.session.use_sizes(model.sizes)
            self.shared.session.guided.set(model.guided)
            self.shared.session.skips.set(CLIP_SKIP in model.needs)
            self.shared.session.caches.set(CACHE in model.needs)
            if said := self.shared.session.use_defaults(model.defaults):
                self._panel.note(said)
        last, self._asked = self._asked, ""
        if last:
            self._reads.start("last", _refusal, last)

    def show_keys(self) -> None:
        """Opens the list of keys beside the window's own work."""
        from studio.ui.keys_dialog import KeysDialog

        spec = load(tuple(WORKSPACES)[self._tabs.currentIndex()])
        dialog = KeysDialog((*spec.actions, *actions.WINDOW), self)
        dialog.open()

    def _keep_start(self) -> None:
        """The picture to start from is there at the next start, whether it was used or not."""
        start: Start | None = self.shared.session.start.get()
        if start is not None:
            with suppress(StudioError):  # a full disk: the rest is remembered all the same
                keep(start.inputs)

    @Slot(QCloseEvent)
    def closeEvent(self, event: QCloseEvent) -> None:
        """Goes at once, then remembers everything and finishes the pictures being written."""
        preferences = self.shared.preferences
        preferences.set_geometry(self.saveGeometry())
        self.hide()
        preferences.set("theme", self.theme.choice)
        self.shared.session.use_defaults(Defaults())  # the next start's model is the studio's own
        preferences.remember(self.shared.session)
        self._keep_start()
        for panel in self.panels if self.shared.jobs.busy else self._built.values():
            panel.closing()
        self.shared.library.close()
        event.accept()


def _refusal(model: str) -> tuple[str, str]:
    """A model, and why it cannot be opened."""
    from studio.bridge.catalogue import refusal

    return model, refusal(Path(model))


def _whereabouts(model: str, picture: Path | None) -> tuple[str, str]:
    """What opens a picture's model, "" where that is not known."""
    from studio.bridge.catalogue import whereabouts

    return whereabouts(model, picture), ""
