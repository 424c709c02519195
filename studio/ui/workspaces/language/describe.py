"""A picture becomes a prompt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt, Slot
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from studio.core.language import Describe, Described
from studio.core.wildcards import escaped
from studio.ui.library.tile import Index
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.form import caption, column, named, row
from studio.ui.workspaces.language.looking import Looking
from studio.ui.workspaces.language.shown import Shown

if TYPE_CHECKING:
    from studio.ui.workspaces.language.panel import LanguagePanel

HINT = "Open a picture on the left: here are prompts for it."
FOUND = "What the captioner says of it. The number is how well that fits the picture (a cosine)."
LIST = "Prompts for the picture, the best first; Enter uses one"
USE = "Use the chosen prompt in Generate (Enter in the list)"
PADDING = 28  # logical pixels beside an item's text, in all
PROMPT = Qt.ItemDataRole.UserRole  # of an item


def breakable(text: str) -> str:
    """With places, unseen, where a line may end within a word too long for it."""
    return re.sub(r"(\S{12})(?=\S)", "\\1\u200b", text)


class Wrapped(QStyledItemDelegate):
    """As high as the text: Qt reckons without the padding, and leaves the last line out."""

    def __init__(self, view: QListWidget) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        width = self._view.viewport().width() - 2 * self._view.spacing()
        room, wrap = QRect(0, 0, width - PADDING, 0), Qt.TextFlag.TextWordWrap
        text = option.fontMetrics.boundingRect(room, wrap, index.data())
        return QSize(width, text.height() + 6)


class DescribeView(Looking):
    """The picture, and the prompts that the captioner finds for it."""

    def __init__(self, panel: LanguagePanel) -> None:
        super().__init__(panel, "describeView")
        self.canvas = Shown("describedPicture", "The picture that is described", panel)
        self.words = caption(HINT, "", "describeWords", wrap=True)
        self.prompts = named(QListWidget(), "describedPrompts", "Prompts", LIST)
        self.prompts.setWordWrap(True)
        self.prompts.setItemDelegate(Wrapped(self.prompts))
        self.prompts.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.prompts.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.prompts.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.prompts.setSpacing(2)
        self.use = text_button("useDescribed", "Use as prompt", "Use as prompt", USE, "primary")
        side = column(self.words, (self.prompts, 1), self.use, gap=8)
        row((self.canvas, 3), (side, 2), gap=16, on=self)
        self._described = self.asking(Described, self._show)
        self.use.clicked.connect(self.use_prompt)
        self.prompts.itemActivated.connect(self.use_prompt)
        self.follow_on(self.desk.pictures_changed, self.desk.current_changed)
        self._fill(HINT)

    def follow(self) -> None:
        source = self.desk.source
        self._described.drop()  # what is said of another picture
        self._fill(HINT if source is None else "Looking…")
        for part in (self.canvas, self.prompts, self.use):
            part.setVisible(source is not None)
        if source is not None:
            self.canvas.open(source)
            self._described.want(Describe(source.pixels))

    @Slot(object)
    def _show(self, event: Described) -> None:
        self._fill(FOUND if event.prompts else "The captioner found no words for it.", event)

    def _fill(self, words: str, found: Described | None = None) -> None:
        self.words.setText(words)
        self.prompts.clear()
        for prompt, score in zip(found.prompts, found.scores, strict=True) if found else ():
            item = QListWidgetItem(f"{score:.2f}   {breakable(prompt)}", self.prompts)
            item.setData(PROMPT, prompt)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, prompt)
        self.prompts.setCurrentRow(0)
        self.use.setEnabled(self.prompts.count() > 0)

    @Slot()
    def use_prompt(self, _: object = None) -> None:
        """Puts it into Generate and goes there."""
        self.panel.session.prompt.set(escaped(self.prompts.currentItem().data(PROMPT)))
        self.panel.wanted.emit("generate")
