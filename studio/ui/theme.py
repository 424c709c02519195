"""Light and dark: colour tokens, the palette and the style sheet made from them.

Widgets that paint themselves read colours from their QPalette, so this file is the only one that
names a colour.
"""

from __future__ import annotations

from pathlib import Path
from string import Template
from types import SimpleNamespace

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from studio.ui import icons

CHOICES = {"system": "Follow the system", "light": "Light", "dark": "Dark"}

# a token, its colour when light and when dark, the palette's roles that carry it
_TABLE = (
    ("window", "#f1f1f4", "#121215", "Window"),  # behind everything, and the picture's ground
    ("panel", "#fbfbfc", "#1a1a1f", "AlternateBase"),  # the column of controls
    ("field", "#ffffff", "#222228", "Base"),  # text fields, lists
    ("raised", "#ffffff", "#26262d", "Button ToolTipBase"),
    ("hover", "#ececf1", "#2f2f38", "Light"),
    ("border", "#e2e2e8", "#2a2a31", "Mid"),
    ("strong", "#cfcfd8", "#3d3d48", "Dark"),  # borders of what can be edited, slider grooves
    ("text", "#1d1d24", "#ececf1", "WindowText Text ButtonText ToolTipText"),
    ("muted", "#666672", "#9d9daa", "PlaceholderText"),
    ("accent", "#5448d0", "#8f86ff", "Highlight Accent Link"),
    ("accent_hover", "#463abd", "#a39bff", ""),
    ("on_accent", "#ffffff", "#15141f", "HighlightedText"),
    ("danger", "#b42323", "#ff8f87", "BrightText"),
    ("danger_ground", "#fdeceb", "#3a1f20", ""),
    ("info_ground", "#ecebfb", "#26243f", ""),
    ("good", "#2a8a4e", "#5cc487", "LinkVisited"),
)


class Tokens(SimpleNamespace):
    """The colours of one theme by the table's names, as #rrggbb."""


LIGHT = Tokens(**{name: light for name, light, _, _ in _TABLE})
DARK = Tokens(**{name: dark for name, _, dark, _ in _TABLE})


def palette(tokens: Tokens) -> QPalette:
    """The palette of a theme."""
    made = QPalette()
    for name, _, _, roles in _TABLE:
        for role in roles.split():
            made.setColor(QPalette.ColorRole[role], QColor(getattr(tokens, name)))
    for role in ("WindowText", "Text", "ButtonText"):
        disabled = QPalette.ColorGroup.Disabled, QPalette.ColorRole[role]
        made.setColor(*disabled, QColor(tokens.muted))
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
        app.screenAdded.connect(self._recolour)  # it may need larger icons
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

    def _apply(self) -> None:
        tokens = self.tokens
        self._app.setPalette(palette(tokens))
        self._app.setStyleSheet(stylesheet(tokens))
        self._recolour()
        self.changed.emit(tokens)

    @Slot()
    def _recolour(self) -> None:
        tokens = self.tokens
        icons.recolour(self._app, tokens.text, tokens.on_accent, tokens.muted)
