"""A text or a picture as a question: the nearest words, the nearest pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QRect, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPalette, QShowEvent
from PySide6.QtWidgets import (
    QListView,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QStyleOptionViewItem,
    QWidget,
)

from studio.core.wording import many
from studio.ui.background import Background
from studio.ui.image.canvas import Canvas
from studio.ui.image.qimage import to_qimage
from studio.ui.image.tiles import draw_pill, pale
from studio.ui.library.archive import Archive
from studio.ui.library.loader import Thumbnails
from studio.ui.library.tile import Index, Tile
from studio.ui.panel import Panel
from studio.ui.starting.opener import Source
from studio.ui.widgets.buttons import small_button
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.form import caption, column, named, row
from studio.ui.widgets.line import Line
from studio.ui.widgets.segments import Segments
from studio.ui.workspaces.language.vectors import Point, Thing, small, whole

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

_ROLE = Qt.ItemDataRole


class NearestView(QWidget):
    """Follows the desk: another line, another picture are another question."""

    def __init__(self, panel: LanguagePanel) -> None:
        super().__init__()
        self.setObjectName("nearestView")
        self._panel, self._desk, self._vectors = panel, panel.desk, panel.vectors
        self._shown: Point | None = None
        self.asked = Segments("nearestWith", "Ask with", WITH)
        self.where = Segments("nearestWhere", "Search in", WHERE)
        self.style_box = ChoiceBox("nearestStyle", "Style", "Which of the dataset's styles", STYLES)
        self.style_box.setMinimumWidth(120)
        self.words = named(QListWidget(), "nearestWords", "Nearest words", WORDS)
        self.words.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.hits = Hits(panel.library.archive, self)
        self.grid = Found(self.hits)
        self.canvas, self.title = (
            Canvas("nearestCanvas", "The chosen picture"),
            Line("nearestTitle"),
        )
        self.title.set_text("Click a picture to see it large")
        tip = "Ask with the picture that is shown"
        self.use = small_button("nearestUse", "Ask with this", tip, self.ask_with_shown)
        self.use.setEnabled(False)
        self.status = caption(HINT, "muted", "nearestStatus")
        upper = row(
            caption("Ask with"), self.asked, 8, caption("in"), self.where, self.style_box, None
        )
        column(upper, self.status, (self._results(), 1), on=self)
        self._background = Background(self, done=self._read)
        self._background.problem.connect(panel.error)
        desk = panel.desk
        for signal in (
            desk.text_changed, desk.current_changed, desk.encoder_changed, panel.vectors.came,
            panel.dataset.arrived, panel.past.arrived, self.asked.chosen, self.where.chosen,
            self.style_box.edited,
        ):  # fmt: skip
            signal.connect(self._follow)
        self.words.itemActivated.connect(self._word)
        self.words.itemClicked.connect(self._word)
        self.grid.clicked.connect(self._show)
        self.grid.activated.connect(self._use)

    def _results(self) -> QSplitter:
        right, both = QWidget(), QSplitter()
        column(row((self.title, 1), self.use), (self.canvas, 1), on=right)
        for number, part in enumerate((self.words, self.grid, right)):
            both.addWidget(part)
            both.setStretchFactor(number, (0, 1, 0)[number])
        both.setSizes([170, 420, 300])
        return both

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._follow()

    def run(self) -> None:
        self._panel.past.go_on()
        self._follow()

    def escape(self) -> None:
        if self._panel.past.going:
            self._panel.past.stop()
            self._follow()
        else:
            Panel.escape(self._panel)

    @Slot()
    def _follow(self, _: object = None) -> None:
        """Shows what is there, and asks for the rest."""
        self.style_box.setEnabled(self.where.value == DATASET)
        if not self.isVisible():
            return
        desk = self._desk
        query: str | Source | None = desk.text if self.asked.value == TEXT else desk.source
        if not query:
            self._tell(HINT, ())
            return
        vector, space = self._vectors.of(query), self._vectors.space
        known = self._panel.dataset.get(desk.encoder, self.style_box.value())
        if vector is None or space is None:
            self._vectors.want()
            return
        if known is not None:
            self._show_words(known.words, known.word_vectors @ vector)
        if self.where.value == HISTORY:
            past = self._panel.past
            past.want(desk.encoder, space.weights)
            keys = [key for key in past.found if key in past.items]
            items = [past.items[key] for key in keys]
            points = [Point(each.settings.prompt or each.path.name, "", each) for each in items]
            self._rank(points, [past.found[key] for key in keys], vector, len(past.missing))
        elif known is not None:
            found = zip(known.labels, known.groups, known.codes, strict=True)
            points = [Point(a, b, Thing(code, known.style)) for a, b, code in found]
            self._rank(points, known.pictures, vector, 0)
        else:
            self._tell("Reading the dataset…", ())

    def _rank(self, points: list[Point], vectors: Any, vector: np.ndarray, missing: int) -> None:
        cosines = np.asarray(vectors) @ vector if points else np.zeros(0)
        best = np.argsort(-cosines)[:MOST]
        rest = f" · {many(missing, 'picture')} still to be read" if missing else ""
        told = f"The nearest of {many(len(points), 'picture')}{rest}"
        self._tell(told, tuple((points[i], float(cosines[i])) for i in best))

    def _tell(self, sentence: str, found: tuple[tuple[Point, float], ...]) -> None:
        self.status.setText(sentence)
        self.hits.show_rows(found)

    def _show_words(self, words: tuple[str, ...], cosines: np.ndarray) -> None:
        self.words.clear()
        for number in np.argsort(-cosines)[:MOST_WORDS]:
            item = QListWidgetItem(f"{cosines[number]:.3f}  {words[number]}", self.words)
            item.setData(_ROLE.UserRole, words[number])
            item.setToolTip(words[number])

    @Slot(QListWidgetItem)
    def _word(self, item: QListWidgetItem) -> None:
        word = item.data(_ROLE.UserRole)
        self.asked.choose(TEXT)  # the list is filled anew
        self._panel.column.ask_with(word)

    @Slot(QModelIndex)
    def _show(self, index: QModelIndex) -> None:
        """Reads the picture at its full size."""
        point, _ = index.data(_ROLE.UserRole)
        self._background.start((point, False), whole, point.place)

    @Slot(QModelIndex)
    def _use(self, index: QModelIndex) -> None:
        point, _ = index.data(_ROLE.UserRole)
        self._background.start((point, True), whole, point.place)

    @Slot()
    def ask_with_shown(self) -> None:
        if self._shown is not None:
            self._background.start((self._shown, True), whole, self._shown.place)

    @Slot(object, object)
    def _read(self, key: tuple[Point, bool], source: Source) -> None:
        point, used = key
        self._shown = point
        self.use.setEnabled(True)
        self.title.set_text(point.label)
        self.canvas.show_picture(to_qimage(source.pixels))
        if used:
            self.asked.choose(PICTURE)
            self._desk.add((source,))


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
