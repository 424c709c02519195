"""What made this? The selected picture's settings, marks and tags; of two, what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QImage, QPalette, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QPushButton,
    QTableWidgetItem,
    QToolButton,
    QWidget,
)

from studio.core.wording import many
from studio.gallery.history.difference import differences
from studio.gallery.history.marks import MOST_STARS
from studio.gallery.history.rows import Item
from studio.ui.library.again import shown, table
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.flow import Flow
from studio.ui.widgets.form import caption, column, named, row
from studio.ui.widgets.table import Table
from studio.ui.workspaces.history.tags import TagsBox

WIDTH = 312
SIDE = 14
STAR = QSize(24, 30)  # logical pixels
BETWEEN = 10  # logical pixels, of names and values
PICTURE = 84  # pixels of those above a difference
Line = tuple[str, ...]


class Details(QFrame):
    """The column beside the grid. The buttons are actions of the panel's table; `samplers` are
    their labels by name."""

    rated = Signal(int)
    liked = Signal(bool)

    def __init__(self, samplers: Mapping[str, str]) -> None:
        super().__init__()
        self._samplers = samplers
        self.setObjectName("historyDetails")
        self.setFixedWidth(WIDTH)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self.title = caption("", "title", "historyTitle")
        self.about = caption("", "muted", "historyAbout", wrap=True)
        self.notes = caption("", "muted", "historyNotes", wrap=True)
        self.stars = tuple(_star(number) for number in range(1, MOST_STARS + 1))
        self.heart = _large(named(QToolButton(), "historyHeart", "Favourite", "Favourite (F)"))
        self.tags, self.table = TagsBox(), _table()
        self._buttons, self._marks = QWidget(), QWidget()
        self._flow = Flow(self._buttons)
        self._items: tuple[Item, ...] = ()
        for number, star in enumerate(self.stars, 1):
            star.clicked.connect(partial(self._rate, number))
        self.heart.clicked.connect(self._like)
        row(*self.stars, 10, self.heart, None, gap=0, on=self._marks)
        parts = (self.title, self.about, self._marks, self.tags, self._buttons)
        sides = (SIDE, 14, SIDE, 10)
        whole = column(*parts, (self.table, 1), self.notes, gap=8, margins=sides, on=self)
        whole.addStretch()  # where there is no table
        self.show_nothing(0)

    def add_buttons(self, actions: Sequence[QAction]) -> None:
        """One small button an action, shown while the action is visible."""
        for action in actions:
            name = f"button-{action.objectName()}"
            text = action.text()
            button = text_button(name, text, text, action.toolTip(), "small")
            button.clicked.connect(action.trigger)
            action.changed.connect(partial(self._follow, action, button))
            self._flow.addWidget(button)

    def show_nothing(self, selected: int) -> None:
        """Nothing is selected, or so much that only marks are left to change."""
        self._items = ()
        several = selected > 0
        self.title.setText(many(selected, "picture") if selected else "What made this?")
        self.about.setText(
            "Ratings, tags and Delete apply to all of them."
            if several
            else "Select a picture to see its settings, or drop one from any studio here."
        )
        for widget in (self._marks, self.tags, self._buttons):
            widget.setVisible(several)
        self.table.hide()
        self.notes.hide()
        self._show_marks(0, False)
        self.tags.show_tags(())

    def show_item(self, item: Item, notes: tuple[str, ...]) -> None:
        """One picture, and what is to be known besides."""
        self._items = (item,)
        self.title.setText("What made this?")
        self.about.setText(_about(item))
        fits = (("fits its prompt", str(item.score)),) if item.score is not None else ()
        self._fill((*self._named(table(item.settings)), *fits))
        self._show_marks(item.rating, item.favourite)
        self.tags.show_tags(item.tags)
        self._show()
        self.notes.setText("\n".join(notes))
        self.notes.setVisible(bool(notes))

    def show_difference(self, a: Item, b: Item, images: Sequence[QImage | None]) -> None:
        """Two pictures, in the order of the grid."""
        self._items = (a, b)
        self.title.setText("What differs?")
        found = differences(a.settings, b.settings)
        self.about.setText(
            f"{len(found)} of the settings." if found else "Nothing: both have the same settings."
        )
        lines = tuple((each.label, shown(each.before), shown(each.after)) for each in found)
        self._fill(self._named(lines), images)
        self._show_marks(min(a.rating, b.rating), a.favourite and b.favourite)
        self.tags.show_tags(tuple(sorted({*a.tags} & {*b.tags})))
        self._show()

    def _named(self, lines: tuple[Line, ...]) -> tuple[Line, ...]:
        """Samplers by their labels, as everywhere in the window."""
        return tuple(
            (name, *(self._samplers.get(each, each) for each in rest))
            if name == "sampler"
            else line
            for line in lines
            for name, *rest in (line,)
        )

    def _show(self) -> None:
        for widget in (self._marks, self.tags, self._buttons, self.table):
            widget.show()
        self.notes.hide()

    def _fill(self, lines: tuple[Line, ...], images: Sequence[QImage | None] = ()) -> None:
        """Two columns, or three under small pictures."""
        table, above = self.table, bool(images)
        table.clear()
        table.setColumnCount(1 + max(1, len(images)))
        table.setRowCount(above + len(lines))
        for number, image in enumerate(images, 1):
            cell = QTableWidgetItem()
            if image is not None:
                cell.setData(Qt.ItemDataRole.DecorationRole, _small(image))
            table.setItem(0, number, cell)
        for below, line in enumerate(lines, above):
            for number, text in enumerate(line):
                cell = QTableWidgetItem(text)
                cell.setToolTip(text)
                cell.setTextAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
                if not number:
                    cell.setForeground(self.palette().placeholderText())
                table.setItem(below, number, cell)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        table.setColumnWidth(0, table.sizeHintForColumn(0) + BETWEEN)
        table.resizeRowsToContents()  # the widths are known only now

    def _show_marks(self, rating: int, favourite: bool) -> None:
        self._rating, self._favourite = rating, favourite
        for number, star in enumerate(self.stars, 1):
            star.setText("★" if number <= rating else "☆")
        self.heart.setText("♥" if favourite else "♡")

    def _rate(self, stars: int, _checked: bool = False) -> None:
        self.rated.emit(0 if stars == self._rating else stars)

    @Slot()
    def _like(self) -> None:
        self.liked.emit(not self._favourite)

    def _follow(self, action: QAction, button: QPushButton) -> None:
        button.setEnabled(action.isEnabled())
        button.setVisible(action.isVisible())
        self._flow.invalidate()


def _star(number: int) -> QToolButton:
    label = f"{number} stars" if number > 1 else "1 star"
    tip = f"Rate with {number} of {MOST_STARS} ({number}); again: none (0)"
    return _large(named(QToolButton(), f"historyStar{number}", label, tip))


def _large(button: QToolButton) -> QToolButton:
    font = button.font()
    font.setPointSizeF(font.pointSizeF() * 1.35)
    button.setFont(font)
    button.setFixedSize(STAR)
    return button


def _table() -> Table:
    tip = "Every setting that made the picture"
    table = Table("historyTable", "Settings", tip, ())
    table.viewport().setAutoFillBackground(False)
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.horizontalHeader().hide()
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return table


def _small(image: QImage) -> QPixmap:
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return QPixmap.fromImage(image.scaled(PICTURE, PICTURE, keep, smooth))


def _about(item: Item) -> str:
    when = datetime.fromtimestamp(item.created / 1000)
    took = f", {item.seconds:.1f} s" if item.seconds else ""
    calls = f", {item.nfe} evaluations" if item.nfe else ""
    return f"{when:%Y-%m-%d %H:%M}, {item.width} × {item.height}{took}{calls}\n{item.path.name}"
