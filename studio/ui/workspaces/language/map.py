"""The map: texts and pictures laid out on a plane by what their vectors have in common."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QSplitter, QWidget

from studio.core.language import KnownVectors, Scatter, Scattered
from studio.ui.background import Background
from studio.ui.job import Requester
from studio.ui.widgets.flow import flow
from studio.ui.widgets.form import Check, caption, column
from studio.ui.widgets.line import Line
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.spin import WholeSpin
from studio.ui.workspaces.language.looking import Looking
from studio.ui.workspaces.language.plane import Plane
from studio.ui.workspaces.language.shown import Shown
from studio.ui.workspaces.language.vectors import Point, known_point

if TYPE_CHECKING:
    from studio.ui.workspaces.language.panel import LanguagePanel

PCA, TSNE = "pca", "tsne"
LAYOUTS = {
    PCA: ("PCA", "The two directions in which the vectors differ most"),
    TSNE: ("t-SNE", "Neighbours stay neighbours; takes a while (Ctrl+Enter runs it again)"),
}
DATASET = "Show the dataset's pictures; the frame's colour is the group"
HISTORY = "Show the history's newest pictures whose vectors are known"
GAP = "Move texts and pictures over each other: each kind is seen from its own mean"
PERPLEXITY = "About how many neighbours each point has in t-SNE"
STYLE = "fluent-3d"
LEAST, MOST = 3, 1500  # points of a map, of the history
NOTHING = np.zeros((0, 0), np.float32)
TOO_FEW = "A map needs three points: write texts, add pictures."
TEXTS, PICTURES, PAST = "texts", "pictures", "history"  # groups, beside the dataset's


def principal(vectors: np.ndarray) -> np.ndarray:
    """The first two principal components (N, 2) of vectors (N, D)."""
    centred = vectors - vectors.mean(0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    return np.asarray(centred @ directions[:, :-3:-1])


def closed(vectors: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """Vectors (N, D) less the mean of their kind; `texts` (N, bool) says which are texts."""
    moved = vectors.copy()
    for kind in (texts, ~texts):
        if kind.any():
            moved[kind] -= vectors[kind].mean(0)
    return moved


def laid_out(vectors: np.ndarray, texts: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Vectors, the gap closed if it is known which are `texts`; and their principal components."""
    seen = vectors if texts is None else closed(vectors, texts)
    return seen, principal(seen)


class MapView(Looking):
    """PCA follows what is written and chosen; t-SNE begins from there when it is asked for."""

    def __init__(self, panel: LanguagePanel) -> None:
        super().__init__(panel, "mapView")
        self._shown: tuple[object, ...] = ()  # what the plane shows
        self._vectors = NOTHING
        self.layout_choice = Segments("mapLayout", "Layout", LAYOUTS)
        self.perplexity = WholeSpin("mapPerplexity", "Perplexity", PERPLEXITY, 2, 100, 30)
        self.dataset = Check("mapDataset", "Dataset", DATASET, True)
        self.history = Check("mapHistory", "History", HISTORY)
        self.gap = Check("mapGap", "Close the gap", GAP)
        self.plane = Plane(panel.library.archive)
        self.canvas = Shown("mapCanvas", "The chosen picture", panel)
        self.title = Line("mapTitle")
        self.status, self.legend = caption(role="muted", name="mapStatus"), caption(wrap=True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        label = caption("Perplexity", buddy=self.perplexity)
        shown = self.dataset, self.history, self.gap
        upper = flow(self.layout_choice, (label, self.perplexity), *shown)
        right, both = QWidget(), QSplitter()
        column(self.title, (self.canvas, 1), self.legend, on=right)
        for part in (self.plane, right):
            both.addWidget(part)
        both.setSizes([640, 280])
        both.setStretchFactor(0, 1)
        column(upper, self.status, (both, 1), on=self)
        self._scatter = Requester(panel.jobs, self)
        self._background = Background(self, done=self._done)
        for failed in (self._scatter.failed, self._background.problem):
            failed.connect(panel.error)
        desk = panel.desk
        self.follow_on(
            desk.texts_changed, desk.pictures_changed, desk.encoder_changed, panel.vectors.came,
            panel.dataset.arrived, panel.past.arrived, self.dataset.edited, self.history.edited,
        )  # fmt: skip
        self.gap.edited.connect(self._lay_out)
        self.layout_choice.chosen.connect(self._lay_out)
        self.plane.chosen.connect(self._open)

    def run(self) -> None:
        """t-SNE, from where the points are by PCA."""
        self.layout_choice.choose(TSNE)

    def escape(self) -> None:
        if self._scatter.job is not None:
            self._scatter.drop()
            self.status.setText(f"{self._count()} · stopped")
        else:
            super().escape()

    def _count(self) -> str:
        return f"{len(self.plane.points):,} points"

    def follow(self) -> None:
        points, vectors, missing = self._own()
        named, things = len(points), self.dataset.isChecked()
        known = self.panel.dataset.get(self.desk.encoder, STYLE) if things else None
        if known is not None:
            points += self._points_of(known)
            vectors += [*known.pictures]
        for point, vector in self._past():
            points.append(point)
            vectors.append(vector)
        if missing:
            self.panel.vectors.want()
        enough = len(points) >= LEAST
        shown = (self.desk.encoder, *points) if enough else ()
        if shown != self._shown:
            self._shown, self._vectors = shown, np.stack(vectors) if enough else NOTHING
            self.plane.show_points(tuple(points) if enough else (), self._paint(points), named)
            self._lay_out()
        if not enough:
            waiting = things and known is None
            self.status.setText("Reading the dataset…" if waiting else TOO_FEW)

    def _own(self) -> tuple[list[Point], list[np.ndarray], bool]:
        """The desk's texts and pictures whose vectors are there; whether any are missing."""
        desk, of = self.desk, self.panel.vectors.of
        points = [Point(text, TEXTS) for text in desk.texts]
        points += [Point(source.name, PICTURES, source) for source in desk.sources]
        found = [*map(of, desk.texts), *map(of, desk.sources)]
        pairs = [(p, v) for p, v in zip(points, found, strict=True) if v is not None]
        return [p for p, _ in pairs], [v for _, v in pairs], len(pairs) < len(points)

    @staticmethod
    @lru_cache(1)  # as many are compared whenever something comes
    def _points_of(known: KnownVectors) -> tuple[Point, ...]:
        return tuple(known_point(known, number) for number in range(len(known.codes)))

    def _past(self) -> list[tuple[Point, np.ndarray]]:
        space, past = self.panel.vectors.space, self.panel.past
        if not self.history.isChecked() or space is None:
            return []
        past.want(self.desk.encoder, space)
        if past.going:
            return []  # all at once: the map would be laid out anew for every few
        items, vectors, there = past.found
        return [
            (Point(items[n].title, PAST, items[n]), vectors[n])
            for n in np.flatnonzero(there)[:MOST]
        ]

    def _paint(self, points: list[Point]) -> list[QColor]:
        """Each point's colour; the legend says which group has which."""
        groups = list(dict.fromkeys(point.group for point in points))
        inks = {g: QColor.fromHsl(n * 137 % 360, 170, 130) for n, g in enumerate(groups)}
        told = (f'<span style="color:{ink.name()}">■</span>&nbsp;{g}' for g, ink in inks.items())
        self.legend.setText("  ".join(told))
        return [inks[point.group] for point in points]

    @Slot()
    def _lay_out(self, _: object = None) -> None:
        """PCA, off the UI thread; t-SNE then goes on from there, if it is chosen."""
        self._scatter.drop()
        if len(self._vectors):
            self.status.setText(self._count())
            texts = [each.place is None for each in self.plane.points]
            gapped = np.array(texts) if self.gap.isChecked() else None
            self._background.start(self._shown, laid_out, self._vectors, gapped)

    @Slot(object, object)
    def _done(self, key: object, laid: tuple[np.ndarray, np.ndarray]) -> None:
        if key is self._shown:
            seen, places = laid
            self.plane.move_to(places)
            if self.layout_choice.value == TSNE:
                self._scatter.drop()
                job = self._scatter.ask(Scatter(seen, self.perplexity.value()))
                if job is not None:
                    job.on(Scattered, self._scattered)

    @Slot(object)
    def _scattered(self, event: Scattered) -> None:
        if len(event.points) == len(self.plane.points):
            self.plane.move_to(event.points)
            told = "done" if event.done else f"step {event.step}"
            self.status.setText(f"{self._count()} · t-SNE, {told}")

    @Slot(int)
    def _open(self, number: int) -> None:
        point = self.plane.points[number]
        self.title.set_text(point.label)
        self.canvas.open(point.place)
