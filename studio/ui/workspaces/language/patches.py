"""What encoders see in a picture: patches alike, what [CLS] attends to, components, labels."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Slot
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen

from studio.core.language import Look, Looked
from studio.gallery.heat import heat_map
from studio.ui.background import Background
from studio.ui.image.qimage import thinned, to_qimage
from studio.ui.image.sight import Sight
from studio.ui.image.view import PictureView
from studio.ui.starting.opener import Source
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.flow import flow
from studio.ui.widgets.form import caption, column, row
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.welcome import advice
from studio.ui.workspaces.language.looking import Looking

if TYPE_CHECKING:
    from studio.ui.workspaces.language.panel import LanguagePanel

HINT = "Open a picture on the left: here is what encoders see in it."
NONE = ("", "Alone", "One encoder alone, nothing beside it")
ENCODERS = (
    ("vit", "ViT", "Learnt the dataset's labels"),
    ("dino", "DINO", "Learnt without labels, from views of the same picture"),
    ("siglip", "SigLIP", "Learnt from texts, each pair by itself"),
    ("clip", "CLIP", "Learnt from texts, one among many"),
)
SHOWN = {
    "likeness": ("Likeness", "How like the clicked patch every other one is"),
    "attention": ("Attention", "How much the token for the whole picture attends to each patch"),
    "components": ("Components", "The first three principal components as red, green and blue"),
}
TIP = "Click a patch or use the arrow keys; scroll to zoom, drag to pan"
LARGEST = 768  # pixels a side that are shown
OVER = 0.72  # how opaque the map is
MEAN = -1  # of the heads
STEPS = {
    Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0),
}  # fmt: skip


class PatchSight(Sight):
    """What all panes show: one of SHOWN, a layer (from the last, 0) and a head, MEAN for all; the
    patch at the point `at` of the picture is the chosen one."""

    shown = "likeness"
    layer = 0
    head = MEAN
    at = 0.5, 0.5  # down, across


class PatchPane(PictureView):
    """A picture, and over it what one encoder sees."""

    def __init__(self, name: str, label: str, sight: PatchSight) -> None:
        super().__init__(sight, name, label, TIP)
        self.sight: PatchSight = sight
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 160)
        self._image = QImage(1, 1, QImage.Format.Format_RGB888)
        self.found: Looked | None = None

    def show_picture(self, image: QImage) -> None:
        self._image = image
        self.update()

    def show_found(self, found: Looked | None) -> None:
        self.found = found
        self.update()

    def size_at_100(self) -> QSizeF:
        return QSizeF(self._image.size())

    def patch(self) -> tuple[int, int]:
        """Row and column of the chosen one."""
        assert self.found is not None
        rows, columns = self.found.patches.shape[:2]
        down, across = self.sight.at
        return min(int(down * rows), rows - 1), min(int(across * columns), columns - 1)

    def overlay(self) -> np.ndarray:
        """(h, w, 3) uint8, a pixel a patch."""
        assert self.found is not None
        if self.sight.shown == "components":
            return self.found.components
        if self.sight.shown == "likeness":
            values = likeness(self.found.patches, self.patch())
        else:
            layers, heads = self.found.attention.shape[:2]
            layer = self.found.attention[max(layers - 1 - self.sight.layer, 0)]
            head = min(self.sight.head, heads - 1)
            values = layer.mean(0) if head == MEAN else layer[head]
        return heat_map(values, float(values.max()), float(values.min()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, place = QPainter(self), self.place()
        self.draw(painter, self._image)
        if self.found is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.setOpacity(OVER)
            over = to_qimage(self.overlay())
            painter.drawImage(place, over, QRectF(over.rect()))
            painter.setOpacity(1.0)
            self._paint_chosen(painter, place)
        self.frame(painter, place)
        painter.end()

    def _paint_chosen(self, painter: QPainter, place: QRectF) -> None:
        assert self.found is not None
        (rows, columns), (down, across) = self.found.patches.shape[:2], self.patch()
        size = QSizeF(place.width() / columns, place.height() / rows)
        corner = place.topLeft() + QPointF(across * size.width(), down * size.height())
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
        painter.drawRect(QRectF(corner, size))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        clicked = self._grip is not None and not self._dragging
        super().mouseReleaseEvent(event)
        part = self.part_at(event.position())
        if clicked and 0 <= part.x() < 1 and 0 <= part.y() < 1:
            self.sight.show(at=(part.y(), part.x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = STEPS.get(Qt.Key(event.key()))
        if step is None or self.found is None:
            super().keyPressEvent(event)
            return
        sizes = self.found.patches.shape[:2]
        places = zip(self.patch(), step, sizes, strict=True)
        self.sight.show(at=tuple(min(max(p + s, 0), n - 1) / n + 0.5 / n for p, s, n in places))


class PatchesView(Looking):
    """One encoder or two, side by side, of the current picture."""

    def __init__(self, panel: LanguagePanel) -> None:
        super().__init__(panel, "patchesView")
        self.sight = PatchSight(self)
        self.boxes = (
            ChoiceBox("patchesFirst", "Encoder", "The encoder to look through", ENCODERS),
            ChoiceBox("patchesSecond", "Beside it", "A second encoder", (NONE, *ENCODERS)),
        )
        self.shown = Segments("patchesShown", "What is shown", SHOWN)
        self.layer = ChoiceBox("patchesLayer", "Layer", "The layer whose attention is shown", ())
        self.head = ChoiceBox("patchesHead", "Head", "The attention head that is shown", ())
        self.panes = tuple(
            PatchPane(f"patches-{n}", f"The picture through encoder {n + 1}", self.sight)
            for n in range(2)
        )
        self.labels = tuple(caption("", "", f"patchesLabels-{n}", wrap=True) for n in range(2))
        self.words = advice(HINT, "patchesWords")
        for box in (*self.boxes, self.layer, self.head):
            box.setMinimumWidth(128)
        for label in self.labels:  # pictures of one height, however many labels there are
            label.setMinimumHeight(2 * label.fontMetrics().lineSpacing())
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
        bar = flow(*self.boxes, self.shown, self.layer, self.head)
        sides = (column((p, 1), w) for p, w in zip(self.panes, self.labels, strict=True))
        column(bar, (self.words, 1), (row(*((s, 1) for s in sides), gap=16), 1), gap=8, on=self)
        self._source: Source | None = None  # whose picture is shown
        self._pictures = Background(self, done=self._show_picture)
        self._looks = tuple(self.asking(Looked, partial(self._looked, n)) for n in range(2))
        edited = (box.edited for box in self.boxes)
        self.follow_on(self.desk.pictures_changed, self.desk.current_changed, *edited)
        for signal in (self.shown.chosen, self.layer.edited, self.head.edited):
            signal.connect(self._show_choices)
        self._show_choices()

    def follow(self) -> None:
        source = self.desk.source
        self.words.setVisible(source is None)
        if source is not None and source is not self._source:
            self._source = source
            self._pictures.start(source, squared, source.pixels)
            for pane in self.panes:
                pane.show_found(None)
        for number, (pane, box) in enumerate(zip(self.panes, self.boxes, strict=True)):
            pane.setVisible(source is not None and bool(box.value()))
            self.labels[number].setVisible(pane.isVisibleTo(self))
            if source is not None and box.value():
                self._looks[number].want(Look(source.pixels, box.value()))

    @Slot(object, object)
    def _show_picture(self, source: Source, image: QImage) -> None:
        if source is self._source:
            for pane in self.panes:
                pane.show_picture(image)

    def _looked(self, number: int, event: Looked) -> None:
        """What was asked for last counts."""
        job, source = self._looks[number].job, self.desk.source
        asked = None if job is None else job.request
        if not isinstance(asked, Look) or source is None or asked.picture is not source.pixels:
            return
        if asked.encoder == self.boxes[number].value():
            self.panes[number].show_found(event)
            self.labels[number].setText(told(asked.encoder, event.labels))
            self._offer()

    def _offer(self) -> None:
        """The layers and heads that one of them has."""
        shapes = [pane.found.attention.shape for pane in self.panes if pane.found is not None]
        layers, heads = (max(shape[axis] for shape in shapes) for axis in (0, 1))
        self.layer.offer(
            (n, "Last layer" if not n else f"{n} before the last", "") for n in range(layers)
        )
        each = ((n, f"Head {n + 1}", "") for n in range(heads))
        self.head.offer(((MEAN, "All heads", "Their mean"), *each))

    def _show_choices(self, _: object = None) -> None:
        for box in (self.layer, self.head):
            box.setVisible(self.shown.value == "attention")
        layer, head = self.layer.value(), self.head.value()
        self.sight.show(
            shown=self.shown.value, layer=layer or 0, head=MEAN if head is None else head
        )


def told(encoder: str, labels: tuple[tuple[str, float], ...]) -> str:
    """The encoder's name, and its labels if it has any."""
    title = next(title for name, title, _ in ENCODERS if name == encoder)
    return f"{title}: " + ", ".join(f"{w} {p:.0%}" for w, p in labels) if labels else title


def squared(pixels: np.ndarray) -> QImage:
    """The whole picture on a white square, as the encoders see it; not larger than is shown."""
    small = thinned(pixels, LARGEST)
    height, width = small.shape[:2]
    side = max(height, width)
    square = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = small
    return to_qimage(square)


def likeness(patches: np.ndarray, chosen: tuple[int, int]) -> np.ndarray:
    """Cosines (h, w) of every patch (h, w, D) with the chosen one."""
    units = patches / np.maximum(np.linalg.norm(patches, axis=-1, keepdims=True), 1e-9)
    return units @ units[chosen]
