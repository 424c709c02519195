"""The main window: the registered panels, the status line, the menu; nothing of its own."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QKeySequence
from PySide6.QtWidgets import (
    QMenu,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from studio.core.events import Ready
from studio.ui import actions, icons
from studio.ui.keys_dialog import KeysDialog
from studio.ui.panels import PanelSpec, all_panels
from studio.ui.shared import Shared
from studio.ui.status_line import StatusLine
from studio.ui.theme import CHOICES, Theme


class Window(QWidget):
    """Latent Studio. Panels are found, not named here; Ctrl+1..n goes to them."""

    theme: Theme

    def __init__(self, shared: Shared, theme: Theme) -> None:
        super().__init__()
        self.shared, self.theme = shared, theme
        self.setObjectName("window")
        self.setWindowTitle("Latent Studio")
        self.setWindowIcon(icons.application_icon())
        self.specs = all_panels()
        self.panels = tuple(spec.create(shared) for spec in self.specs)
        self._actions = actions.install(actions.WINDOW, self, self)
        self._pages = QStackedWidget()
        self._tabs = self._make_tabs()
        self._lent: list[QAction] = []  # to the menu, by the workspace shown
        self._menu = QMenu(self)
        self._below = self._menu.addSeparator()
        self._fill_menu(self._menu)
        self._page_shown(self._tabs.currentIndex())
        self.status = StatusLine(shared.jobs, self._actions, self._menu)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._tabs)
        column.addWidget(self._pages, 1)
        column.addWidget(self.status)
        shared.jobs.ready.connect(self._model_ready)
        self.setMinimumSize(860, 560)
        self.resize(QSize(1180, 780))
        if geometry := shared.preferences.geometry():
            self.restoreGeometry(geometry)

    def _make_tabs(self) -> QTabBar:
        """The workspaces by name; hidden while there is only one."""
        tabs = QTabBar()
        tabs.setObjectName("workspaces")
        tabs.setAccessibleName("Workspaces")
        tabs.setToolTip("The workspaces")
        tabs.setExpanding(False)
        tabs.setDrawBase(False)
        for number, (spec, panel) in enumerate(zip(self.specs, self.panels, strict=True), 1):
            tabs.addTab(spec.title)
            self._pages.addWidget(panel)
            go = QAction(spec.title, self)
            go.setShortcut(QKeySequence(f"Ctrl+{number}"))
            go.triggered.connect(partial(self._go, number - 1))
            self.addAction(go)
            panel.wanted.connect(self._go_to)
            panel.offered.connect(self._hand_over)
        tabs.setVisible(len(self.specs) > 1)
        tabs.currentChanged.connect(self._page_shown)
        return tabs

    @Slot(int)
    def _page_shown(self, number: int) -> None:
        """The menu lists what this workspace can do: another's keys there would clash with its."""
        self._pages.setCurrentIndex(number)
        for action in self._lent:
            self._menu.removeAction(action)
        named = self.panels[number].actions_by_id
        self._lent = [named[name] for name in self.specs[number].menu]
        self._menu.insertActions(self._below, self._lent)

    def _go(self, number: int, _checked: bool = False) -> None:
        self._tabs.setCurrentIndex(number)
        self.panels[number].setFocus()

    @Slot(str)
    def _go_to(self, wanted: str) -> None:
        self._go([spec.id for spec in self.specs].index(wanted))

    @Slot(str, object)
    def _hand_over(self, wanted: str, pictures: tuple[Path, ...]) -> None:
        self._go_to(wanted)
        self.panels[self._tabs.currentIndex()].receive(pictures)

    def _fill_menu(self, menu: QMenu) -> None:
        looks = menu.addMenu("Theme")
        group = QActionGroup(self)
        for choice, text in CHOICES.items():
            action = looks.addAction(text)
            action.setObjectName(f"theme-{choice}")
            action.setCheckable(True)
            action.setChecked(choice == self.theme.choice)
            action.triggered.connect(partial(self._choose_theme, choice))
            group.addAction(action)
        menu.addAction(self._actions["keys"])
        menu.addSeparator()
        menu.addAction(self._actions["quit"])

    @Slot(object)
    def _model_ready(self, model: Ready) -> None:
        """Pictures are as large as the model makes them."""
        self.shared.session.size.set(model.size)

    def _choose_theme(self, choice: str, _checked: bool = False) -> None:
        self.theme.choose(choice)

    def show_keys(self) -> None:
        """Opens the list of keys beside the window's own work."""
        spec: PanelSpec = self.specs[self._pages.currentIndex()]
        dialog = KeysDialog((*spec.actions, *actions.WINDOW), self)
        dialog.open()

    @Slot(QCloseEvent)
    def closeEvent(self, event: QCloseEvent) -> None:
        """Remembers everything; pictures being written are finished first."""
        preferences = self.shared.preferences
        preferences.set_geometry(self.saveGeometry())
        preferences.set("theme", self.theme.choice)
        preferences.remember(self.shared.session)
        for panel in self.panels:
            panel.closing()
        self.shared.library.close()
        event.accept()
