"""Light and dark: colour tokens, the palette and the style sheet made from them.

Widgets that paint themselves read colours from their QPalette, so this file is the only one that
names a colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from studio.ui import icons

CHOICES = {"system": "Follow the system", "light": "Light", "dark": "Dark"}


@dataclass(frozen=True)
class Tokens:
    """The colours of one theme, as #rrggbb."""

    window: str  # behind everything, and the picture's ground
    panel: str  # the column of controls
    field: str  # text fields, lists
    raised: str  # buttons
    hover: str
    border: str
    strong: str  # borders of what can be edited, slider grooves
    text: str
    muted: str
    accent: str
    accent_hover: str
    on_accent: str
    danger: str
    danger_ground: str
    info_ground: str
    good: str


LIGHT = Tokens(
    window="#f1f1f4",
    panel="#fbfbfc",
    field="#ffffff",
    raised="#ffffff",
    hover="#ececf1",
    border="#e2e2e8",
    strong="#cfcfd8",
    text="#1d1d24",
    muted="#666672",
    accent="#5448d0",
    accent_hover="#463abd",
    on_accent="#ffffff",
    danger="#b42323",
    danger_ground="#fdeceb",
    info_ground="#ecebfb",
    good="#2a8a4e",
)

DARK = Tokens(
    window="#121215",
    panel="#1a1a1f",
    field="#222228",
    raised="#26262d",
    hover="#2f2f38",
    border="#2a2a31",
    strong="#3d3d48",
    text="#ececf1",
    muted="#9d9daa",
    accent="#8f86ff",
    accent_hover="#a39bff",
    on_accent="#15141f",
    danger="#ff8f87",
    danger_ground="#3a1f20",
    info_ground="#26243f",
    good="#5cc487",
)


def palette(tokens: Tokens) -> QPalette:
    """The palette of a theme; Accent, Mid, BrightText and LinkVisited carry accent, border, danger
    and good."""
    role = QPalette.ColorRole
    roles = {
        role.Window: tokens.window,
        role.WindowText: tokens.text,
        role.Base: tokens.field,
        role.AlternateBase: tokens.panel,
        role.Text: tokens.text,
        role.PlaceholderText: tokens.muted,
        role.Button: tokens.raised,
        role.ButtonText: tokens.text,
        role.Light: tokens.hover,
        role.Mid: tokens.border,
        role.Dark: tokens.strong,
        role.BrightText: tokens.danger,
        role.Highlight: tokens.accent,
        role.HighlightedText: tokens.on_accent,
        role.Accent: tokens.accent,
        role.Link: tokens.accent,
        role.LinkVisited: tokens.good,
        role.ToolTipBase: tokens.raised,
        role.ToolTipText: tokens.text,
    }
    made = QPalette()
    for which, colour in roles.items():
        made.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, which, QColor(tokens.muted))
    return made


def stylesheet(tokens: Tokens) -> str:
    """The application's style sheet in the colours of a theme."""
    template = Template(Path(__file__).with_name("theme.qss").read_text(encoding="utf-8"))
    return template.substitute(vars(tokens), icons=icons.FOLDER.as_posix())


class Theme(QObject):
    """The theme in force: the user's choice, or the system's when the choice is "system"."""

    changed = Signal(object)  # Tokens

    def __init__(self, app: QApplication, choice: str = "system") -> None:
        super().__init__(app)
        self._app = app
        self.choice = choice if choice in CHOICES else "system"
        app.styleHints().colorSchemeChanged.connect(self._system_changed)
        app.screenAdded.connect(self._screen_added)
        app.setStyle("Fusion")
        self._apply()

    @property
    def tokens(self) -> Tokens:
        return DARK if self.is_dark else LIGHT

    @property
    def is_dark(self) -> bool:
        if self.choice == "system":
            return self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self.choice == "dark"

    def choose(self, choice: str) -> None:
        """Switches to "system", "light" or "dark"."""
        self.choice = choice
        self._apply()

    def toggle(self) -> None:
        """From light to dark and back, whatever the system says."""
        self.choose("light" if self.is_dark else "dark")

    @Slot()
    def _system_changed(self) -> None:
        if self.choice == "system":
            self._apply()

    @Slot()
    def _screen_added(self) -> None:
        """It may need larger icons."""
        self._recolour()

    def _apply(self) -> None:
        tokens = self.tokens
        self._app.setPalette(palette(tokens))
        self._app.setStyleSheet(stylesheet(tokens))
        self._recolour()
        self.changed.emit(tokens)

    def _recolour(self) -> None:
        tokens = self.tokens
        icons.recolour(self._app, tokens.text, tokens.on_accent, tokens.muted)
