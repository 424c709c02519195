"""A text or a picture as a question: the nearest words, the nearest pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QRect, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import (
    QListView,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QStyleOptionViewItem,
    QWidget,
)

from studio.core.wording import many
from studio.ui.image.tiles import draw_pill, pale
from studio.ui.library.archive import Archive
from studio.ui.library.loader import Thumbnails
from studio.ui.library.tile import Index, Tile
from studio.ui.starting.opener import Source
from studio.ui.widgets.buttons import small_button
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.flow import flow
from studio.ui.widgets.form import caption, column, named
from studio.ui.widgets.line import Line
from studio.ui.widgets.segments import Segments
from studio.ui.workspaces.language.looking import Looking
from studio.ui.workspaces.language.shown import Shown
from studio.ui.workspaces.language.vectors import Point, cosines, known_point, small

if TYPE_CHECKING:
    from studio.ui.workspaces.language.panel import LanguagePanel

TEXT, PICTURE, DATASET, HISTORY = "text", "picture", "dataset", "history"
WITH = {
    TEXT: ("The text", "Ask with the line of the texts that has the cursor"),
    PICTURE: ("The picture", "Ask with the current picture"),
}
WHERE = {
    DATASET: ("Dataset", "Search the bundled pictures"),
    HISTORY: ("History", "Search all pictures made here; their vectors are computed once"),
}
STYLES = (
    ("fluent-3d", "Fluent 3D", "3D pictures"),
    ("fluent-flat", "Fluent flat", "Flat pictures"),
    ("noto", "Noto", "Pictures of Noto"),
)
HINT = "Write a text, or add a picture and ask with it."
WORDS = "The nearest words of the dataset; Enter asks with one"
FOUND = "The nearest pictures, best first; a click shows one, Enter asks with it"
MOST_WORDS, MOST = 40, 120
TILE, GAP = 96, 10  # logical pixels
NONE = np.zeros(0)

_ROLE = Qt.ItemDataRole


class NearestView(Looking):
    """Follows the desk: another line, another picture are another question."""

    def __init__(self, panel: LanguagePanel) -> None:
        super().__init__(panel, "nearestView")
        self._vectors = panel.vectors
        self._source: Source | None = None  # what is shown large
        self._using = False  # it is to be asked with, once it is there
        self._found_words: list[tuple[str, float]] = []
        self.asked = Segments("nearestWith", "Ask with", WITH)
        self.where = Segments("nearestWhere", "Search in", WHERE)
        self.style_box = ChoiceBox("nearestStyle", "Style", "Which of the dataset's styles", STYLES)
        self.style_box.setMinimumWidth(120)
        self.words = named(QListWidget(), "nearestWords", "Nearest words", WORDS)
        self.words.setMinimumWidth(118)
        self.words.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.hits = Hits(panel.library.archive, self)
        self.grid = Found(self.hits)
        self.canvas = Shown("nearestCanvas", "The chosen picture", panel)
        self.title = Line("nearestTitle")
        self.title.set_text("Click a picture to see it large")
        tip = "Ask with the picture that is shown"
        self.use = small_button("nearestUse", "Ask with this", tip, self.ask_with_shown)
        self.use.setEnabled(False)
        self.status = caption(HINT, "muted", "nearestStatus", wrap=True)
        self.status.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.results = self._results()
        upper = flow((caption("Ask with"), self.asked), (caption("in"), self.where, self.style_box))
        column(upper, self.status, (self.results, 1), on=self)
        desk = panel.desk
        self.follow_on(
            desk.text_changed, desk.current_changed, desk.encoder_changed, panel.vectors.came,
            panel.dataset.arrived, panel.past.arrived, self.asked.chosen, self.where.chosen,
            self.style_box.edited,
        )  # fmt: skip
        self.canvas.opened.connect(self._opened)
        self.words.itemActivated.connect(self._word)
        self.words.itemClicked.connect(self._word)
        self.grid.clicked.connect(self._show)
        self.grid.activated.connect(self._use)

    def _results(self) -> QSplitter:
        right, both = QWidget(), QSplitter()
        column(self.title, (self.canvas, 1), self.use, on=right)
        for number, part in enumerate((self.words, self.grid, right)):
            both.addWidget(part)
            both.setStretchFactor(number, (0, 1, 0)[number])
        both.setSizes([170, 420, 300])
        both.setChildrenCollapsible(False)
        return both

    def run(self) -> None:
        self.panel.past.go_on()
        self.follow()

    def escape(self) -> None:
        if self.panel.past.going:
            self.panel.past.stop()
            self.follow()
        else:
            super().escape()

    def follow(self) -> None:
        self.style_box.setEnabled(self.where.value == DATASET)
        desk = self.desk
        query: str | Source | None = desk.text if self.asked.value == TEXT else desk.source
        self.results.setVisible(bool(query))
        if not query:
            self._tell(HINT)
            return
        vector, space = self._vectors.of(query), self._vectors.space
        known = self.panel.dataset.get(desk.encoder, self.style_box.value())
        if vector is None or space is None:
            self._vectors.want()
            return
        if known is not None:
            self._show_words(known.words, cosines(known.word_vectors, vector))
        if self.where.value == HISTORY:
            past = self.panel.past
            past.want(desk.encoder, space)
            items, vectors, there = past.found
            likeness = np.where(there, cosines(vectors, vector), -np.inf)
            best = np.argsort(-likeness)[: min(MOST, there.sum())]
            told = f"The nearest of {many(int(there.sum()), 'picture')}"
            if past.missing:
                how = "still to be read; Esc stops" if past.going else "not read; Run goes on"
                told += f" · {past.missing:,} {how}"
            self._tell(told, [Point(items[i].title, "", items[i]) for i in best], likeness[best])
        elif known is not None:
            likeness = cosines(known.pictures, vector)
            best = np.argsort(-likeness)[:MOST]
            told = f"The nearest of {many(len(likeness), 'picture')}"
            self._tell(told, [known_point(known, i) for i in best], likeness[best])
        else:
            self._tell("Reading the dataset…")

    def _tell(self, told: str, points: Sequence[Point] = (), likeness: np.ndarray = NONE) -> None:
        self.status.setText(told)
        self.hits.show_rows(tuple(zip(points, map(float, likeness), strict=True)))

    def _show_words(self, words: tuple[str, ...], likeness: np.ndarray) -> None:
        found = [(words[n], float(likeness[n])) for n in np.argsort(-likeness)[:MOST_WORDS]]
        if found == self._found_words:
            return
        self._found_words = found
        self.words.clear()
        for word, cosine in found:
            item = QListWidgetItem(f"{cosine:.3f}  {word}", self.words)
            item.setData(_ROLE.UserRole, word)
            item.setToolTip(word)

    @Slot(QListWidgetItem)
    def _word(self, item: QListWidgetItem) -> None:
        word = item.data(_ROLE.UserRole)
        self.asked.choose(TEXT)  # the list is filled anew
        self.panel.column.ask_with(word)

    @Slot(QModelIndex)
    def _show(self, index: QModelIndex, using: bool = False) -> None:
        point, _ = index.data(_ROLE.UserRole)
        self._using = using
        self.title.set_text(point.label)
        self.canvas.open(point.place)

    @Slot(QModelIndex)
    def _use(self, index: QModelIndex) -> None:
        self._show(index, using=True)

    @Slot(object)
    def _opened(self, source: Source) -> None:
        self._source = source
        self.use.setEnabled(True)
        if self._using:
            self.ask_with_shown()

    @Slot()
    def ask_with_shown(self) -> None:
        if self._source is not None:
            self._using = False
            self.asked.choose(PICTURE)
            self.desk.add((self._source,))


class Hits(QAbstractListModel):
    """Found pictures with their cosines, best first; UserRole is (Point, cosine)."""

    def __init__(self, archive: Archive, parent: QObject) -> None:
        super().__init__(parent)
        self._archive = archive
        self.rows: tuple[tuple[Point, float], ...] = ()
        self.thumbnails = Thumbnails(self)
        self.thumbnails.arrived.connect(self._arrived)

    def show_rows(self, rows: tuple[tuple[Point, float], ...]) -> None:
        if rows != self.rows:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = _ROLE.DisplayRole) -> object:
        point, cosine = self.rows[index.row()]
        if role == _ROLE.DecorationRole:
            found, size = self.thumbnails.known(point.key), self.thumbnails.size
            if found is None:
                self.thumbnails.ask(point.key, small, point.place, size, self._archive)
            return found
        if role in (_ROLE.ToolTipRole, _ROLE.AccessibleTextRole):
            return f"{point.label} {cosine:.3f}"
        return (point, cosine) if role == _ROLE.UserRole else None

    @Slot(object)
    def _arrived(self, key: object) -> None:
        for number, (point, _) in enumerate(self.rows):
            if point.key == key:
                self.dataChanged.emit(self.index(number), self.index(number))


class _Hit(Tile):
    """With its cosine on a pill."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(TILE + GAP, TILE + GAP)

    def area(self, option: QStyleOptionViewItem) -> QRect:
        area = QRect(0, 0, TILE, TILE)
        area.moveCenter(option.rect.center())
        return area

    def mark(
        self, painter: QPainter, area: QRect, option: QStyleOptionViewItem, index: Index
    ) -> None:
        _, cosine = index.data(_ROLE.UserRole)
        pill = QRectF(area.left() + 5, area.bottom() - 23, 48, 18)
        ink = option.palette.color(QPalette.ColorRole.WindowText)
        draw_pill(painter, pill, f"{cosine:.3f}", pale(option.palette), ink)


class Found(QListView):
    """The grid of what was found."""

    def __init__(self, hits: Hits) -> None:
        super().__init__()
        named(self, "nearestFound", "Nearest pictures", FOUND)
        self.setModel(hits)
        self.setItemDelegate(_Hit(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.viewport().setAutoFillBackground(False)
        self.setMinimumWidth(2 * (TILE + GAP) + 16)  # two beside each other, and the scroll bar
