"""A layout of widgets one after the other, in as many lines as they need."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

from studio.ui.widgets.form import row


class Flow(QLayout):
    """Widgets one after the other, in as many lines as they need."""

    def __init__(self, parent: QWidget | None = None, gap: int = 5) -> None:
        self._items: list[QLayoutItem] = []
        self._heights: dict[int, int] = {}  # by the width: asked over and over
        super().__init__(parent)
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(gap)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)
        self.invalidate()

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # type: ignore[override]
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # type: ignore[override]
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        if width not in self._heights:
            self._heights[width] = self._place(QRect(0, 0, width, 0), move=False)
        return self._heights[width]

    def invalidate(self) -> None:
        self._heights.clear()
        super().invalidate()

    def setGeometry(self, rectangle: QRect) -> None:
        super().setGeometry(rectangle)
        self._place(rectangle, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        widths = [item.minimumSize().width() for item in self._items]
        return QSize(max(widths, default=0), 0)

    def _place(self, area: QRect, move: bool) -> int:
        """The height that the lines need."""
        lines: list[list[QRect]] = [[]]
        shown = [item for item in self._items if not item.isEmpty()]
        x, y = area.x(), area.y()
        for item in shown:
            size = item.sizeHint().boundedTo(QSize(area.width(), item.sizeHint().height()))
            if lines[-1] and x + size.width() > area.right() + 1:
                x, y = area.x(), _end(lines[-1]) + self.spacing()
                lines.append([])
            lines[-1].append(QRect(x, y, size.width(), size.height()))
            x += size.width() + self.spacing()
        places = [_middle(place, line) for line in lines for place in line]
        for item, place in zip(shown, places, strict=True) if move else ():
            item.setGeometry(place)
        return _end(lines[-1]) - area.y() if shown else 0


def flow(*parts: QWidget | tuple[QWidget, ...]) -> Flow:
    """A bar of controls that takes a second line where there is no room; those of a tuple stay
    together."""
    made = Flow(gap=8)
    for part in parts:
        if isinstance(part, tuple):
            whole = QWidget()
            row(*part, on=whole)
            part = whole
        made.addWidget(part)
    return made


def _end(line: list[QRect]) -> int:
    return max(place.y() + place.height() for place in line)


def _middle(place: QRect, line: list[QRect]) -> QRect:
    """In the middle of its line."""
    return place.translated(0, (_end(line) - place.y() - place.height()) // 2)
