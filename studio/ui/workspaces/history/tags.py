"""Tags of the selected pictures: chips to take away, a line to add."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QRect, QSize, QStringListModel, Qt, Signal, Slot
from PySide6.QtWidgets import QCompleter, QLayout, QLayoutItem, QWidget

from studio.gallery.history.marks import MOST_TAG_LETTERS
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.form import clear, column, line_edit


class Flow(QLayout):
    """Widgets one after the other, in as many lines as they need."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(5)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

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
        return self._place(QRect(0, 0, width, 0), move=False)

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
        x, y, line = area.x(), area.y(), 0
        for item in self._items:
            if item.isEmpty():  # hidden
                continue
            size = item.sizeHint().boundedTo(QSize(area.width(), item.sizeHint().height()))
            if x > area.x() and x + size.width() > area.right() + 1:
                x, y, line = area.x(), y + line + self.spacing(), 0
            if move:
                item.setGeometry(QRect(x, y, size.width(), size.height()))
            x += size.width() + self.spacing()
            line = max(line, size.height())
        return y + line - area.y()


class TagsBox(QWidget):
    """`added` gives one or several tags, `removed` one."""

    added = Signal(object)  # tuple of str
    removed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("historyTags")
        self._shown: tuple[str, ...] = ()
        self._known = QStringListModel(self)
        tip = "Type a tag, or several separated by commas, and press Enter (T)"
        self.line = line_edit("historyNewTag", "Add a tag", tip, "Add a tag")
        self.line.setMaxLength(MOST_TAG_LETTERS)
        completer = QCompleter(self._known, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.line.setCompleter(completer)
        self._chosen = QWidget()
        self._flow = Flow(self._chosen)
        column(self._chosen, self.line, on=self)
        self._chosen.hide()
        self.line.returnPressed.connect(self._add)

    def set_known(self, tags: tuple[str, ...]) -> None:
        """What is proposed."""
        if tuple(self._known.stringList()) != tags:
            self._known.setStringList(tags)

    def show_tags(self, tags: tuple[str, ...]) -> None:
        """The tags to take away."""
        if tags == self._shown:
            return
        self._shown = tags
        clear(self._flow)
        for tag in tags:
            text, label = f"{tag}  ×".replace("&", "&&"), f"Remove the tag {tag}"
            chip = text_button(f"historyTag-{tag}", text, label, f"Remove “{tag}”", "small")
            chip.clicked.connect(partial(self._remove, tag))
            self._flow.addWidget(chip)
        self._chosen.setVisible(bool(tags))
        self._flow.invalidate()

    @Slot()
    def _add(self) -> None:
        tags = tuple(tag for each in self.line.text().split(",") if (tag := each.strip()))
        self.line.clear()
        if tags:
            self.added.emit(tags)

    def _remove(self, tag: str, _checked: bool = False) -> None:
        self.removed.emit(tag)
