"""Opened pictures in a column: the list of them, and the buttons that bring more."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import QPoint, QRect, QSignalBlocker, QSize, Qt, Slot
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem

from studio.ui.image.qimage import thinned, to_qimage
from studio.ui.starting.opener import Opener, Source
from studio.ui.widgets.buttons import small_button
from studio.ui.widgets.form import named, row

THUMBNAIL = 56
OPEN = "Open pictures (Ctrl+O); dropping works too"
NEWEST = "Use the newest generated picture"
SAMPLE = "Use a bundled picture"


class Desk(Protocol):
    """What holds the pictures; one of them is the current one."""

    sources: tuple[Source, ...]
    current: int
    pictures_changed: Any
    current_changed: Any

    def select(self, number: int) -> None: ...


class PictureList(QListWidget):
    """Shows a desk's pictures; the one chosen here becomes its current one."""

    def __init__(self, name: str, tip: str, desk: Desk) -> None:
        super().__init__()
        named(self, name, "Pictures", tip)
        self.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
        self._desk = desk
        self.currentRowChanged.connect(self._picked)
        desk.pictures_changed.connect(self._fill)
        desk.current_changed.connect(self.setCurrentRow)
        self._fill()

    @Slot()
    def _fill(self) -> None:
        with QSignalBlocker(self):
            self.clear()
            for source in self._desk.sources:
                height, width = source.pixels.shape[:2]
                item = QListWidgetItem(_icon(source), f"{source.name}\n{width} × {height}", self)
                item.setToolTip(f"{source.name} {source.note}".strip())
            self.setCurrentRow(self._desk.current)

    @Slot(int)
    def _picked(self, number: int) -> None:
        if number >= 0 and number != self._desk.current:
            self._desk.select(number)


def _icon(source: Source) -> QIcon:
    """All of one size, so that the names stand below each other; no side vanishes."""
    image = to_qimage(thinned(source.pixels, 4 * THUMBNAIL))
    size = image.size().scaled(THUMBNAIL, THUMBNAIL, Qt.AspectRatioMode.KeepAspectRatio)
    place = QRect(QPoint(), size.expandedTo(QSize(2, 2)))
    place.moveCenter(QRect(0, 0, THUMBNAIL, THUMBNAIL).center())
    icon = QPixmap(THUMBNAIL, THUMBNAIL)
    icon.fill(Qt.GlobalColor.transparent)
    painter = QPainter(icon)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(place, image)
    painter.end()
    return QIcon(icon)


def source_buttons(opener: Opener, whose: str = "") -> QHBoxLayout:
    """Where pictures come from; `whose` stands within the buttons' names."""
    buttons = (
        small_button(f"open{whose}Pictures", "Open…", OPEN, opener.choose),
        small_button(f"newest{whose}Picture", "Newest", NEWEST, opener.newest),
        small_button(f"sample{whose}Picture", "Sample", SAMPLE, opener.sample),
    )
    return row(*((button, 1) for button in buttons))
