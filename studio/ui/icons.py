"""Icons drawn from the SVG files in assets/icons in the theme's colour, sharp on every screen.

`dress` gives a button or an action its icon and remembers the name, so that `recolour` can draw it
again when the theme changes.
"""

from __future__ import annotations

from functools import cache
from math import ceil

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QAction, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication

from studio.core.installation import ASSETS

FOLDER = ASSETS / "icons"
SIZE = 18  # logical pixels
_colours = {"text": "#000000", "accent": "#ffffff", "muted": "#808080"}


def dress(target: QAbstractButton | QAction, name: str, role: str = "text") -> None:
    """Gives `target` the icon `name` in the colour of `role`: "text", "accent" (on it), "muted"."""
    target.setProperty("icon_name", name)
    target.setProperty("icon_role", role)
    target.setIcon(icon(name, _colours[role], _colours["muted"], _scales()))


def recolour(app: QApplication, text: str, accent: str, muted: str) -> None:
    """Draws every dressed icon again in new colours."""
    _colours.update(text=text, accent=accent, muted=muted)
    for window in app.topLevelWidgets():
        targets: list[QAbstractButton | QAction] = []
        targets.extend(window.findChildren(QAbstractButton))
        targets.extend(window.findChildren(QAction))
        for target in targets:
            if name := target.property("icon_name"):
                dress(target, name, target.property("icon_role"))


@cache
def icon(name: str, colour: str, disabled: str, scales: tuple[int, ...]) -> QIcon:
    """The icon of assets/icons/NAME.svg, `currentColor` replaced, at each of `scales`."""
    made = QIcon()
    for scale in scales:
        made.addPixmap(_draw(name, colour, scale), QIcon.Mode.Normal)
        made.addPixmap(_draw(name, disabled, scale, opacity=0.55), QIcon.Mode.Disabled)
    return made


@cache
def application_icon() -> QIcon:
    """The studio's own icon, at the sizes that desktops ask for."""
    made = QIcon()
    for size in (16, 32, 64, 128, 256):
        made.addPixmap(_render((FOLDER / "latent-studio.svg").read_bytes(), size))
    return made


def _scales() -> tuple[int, ...]:
    """Of the screens there are: drawing one takes longer than anything else about a button."""
    screens = QGuiApplication.screens()
    return tuple(sorted({ceil(screen.devicePixelRatio()) for screen in screens}))


def _draw(name: str, colour: str, scale: int, opacity: float = 1.0) -> QPixmap:
    source = (FOLDER / f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", colour)
    drawn = _render(source.encode(), SIZE * scale, opacity)
    drawn.setDevicePixelRatio(scale)
    return drawn


def _render(source: bytes, size: int, opacity: float = 1.0) -> QPixmap:
    drawn = QPixmap(size, size)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setOpacity(opacity)
    QSvgRenderer(QByteArray(source)).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return drawn
