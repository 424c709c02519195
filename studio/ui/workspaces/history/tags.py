"""Tags of the selected pictures: chips to take away, a line to add."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QStringListModel, Qt, Signal, Slot
from PySide6.QtWidgets import QCompleter, QWidget

from studio.gallery.history.marks import MOST_TAG_LETTERS
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.flow import Flow
from studio.ui.widgets.form import clear, column, line_edit


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
