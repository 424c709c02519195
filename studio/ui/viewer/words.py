"""What each word of a prompt did: its maps over the picture, and those of any other word."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QPushButton, QWidget

from studio.core.errors import UsageError
from studio.core.settings import Settings
from studio.core.word_maps import MOST_WORDS, MapWords, WordMap, WordsMapped, limits, number, span
from studio.gallery.heat import COLOURS
from studio.ui.background import Background
from studio.ui.image.canvas import Canvas
from studio.ui.image.tiles import clip_round
from studio.ui.job import Requester
from studio.ui.jobs import Jobs
from studio.ui.recent import Recent
from studio.ui.start import Start, from_settings
from studio.ui.widgets.buttons import text_button
from studio.ui.widgets.flow import Flow
from studio.ui.widgets.form import Check, caption, clear, column, line_edit, named, row
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.slider import Slider

if TYPE_CHECKING:
    from studio.ui.job import Job

KEPT = 8  # pictures
NAMING = 4  # letters: a word that names something rather than "a" or "on"
SIDE = 256  # pixels of an overlay
HEIGHT = 28  # logical pixels of a slider
KINDS = {
    "concept": ("Likeness", "How like the word is what the prompt brings to each place"),
    "attention": ("Attention", "How much of the attention of each place goes to the word"),
}
RAMP = COLOURS[np.linspace(40, 205, 256).astype(int)]  # from where it is clear to most coloured
WAITING = "The picture is made once more, to see where its words act…"
OTHER = "Find any other word in this picture, whether or not the prompt has it (Enter)."
NO_OTHER = (
    "In this model the prompt goes through all layers beside the picture: words that it has not are"
    " not there to be found."
)
STEP = "One step of the way from noise to picture"
ONE_SCALE = (
    "One scale for all words and all steps: a colour is one number in all their maps. Otherwise"
    " each map's own least is clear and its most coloured (O)"
)


class Words(Requester):
    """Asks for a picture's maps; keeps those of the pictures looked at last."""

    changed = Signal()

    def __init__(self, jobs: Jobs, parent: QWidget) -> None:
        super().__init__(jobs, parent)
        self.settings: Settings | None = None
        self._kept: Recent[Settings, WordsMapped] = Recent(KEPT)
        self._files = Background(self, done=self._begun, failed=self._gone)

    @property
    def mapped(self) -> WordsMapped | None:
        return self._kept.look(self.settings) if self.settings is not None else None

    @property
    def others(self) -> tuple[str, ...]:
        """Those that were looked for."""
        words = self.mapped.words if self.mapped is not None else ()
        return tuple(word.text for word in words if word.attention is None)

    def show(self, settings: Settings) -> None:
        """Asks, unless they are there."""
        if self.job is not None and self.settings != settings:
            self.drop()
        self.settings = settings
        if self.mapped is None and self.job is None:
            self._ask()

    def look_for(self, word: str) -> None:
        """Makes the picture again with one more word; the oldest goes."""
        self.drop()
        self._ask((*(other for other in self.others if other != word), word)[-MOST_WORDS:])

    def _ask(self, words: tuple[str, ...] = ()) -> None:
        if self.settings is None:
            return
        if self.settings.source:  # what it began with is read first
            self._files.start((self.settings, words), from_settings, self.settings)
        else:
            self._begun((self.settings, words), None)

    @Slot(object, object)
    def _begun(self, asked: tuple[Settings, tuple[str, ...]], start: Start | None) -> None:
        settings, words = asked
        if settings != self.settings:
            return
        job: Job | None = None
        try:
            job = self.ask(MapWords(settings, words, start.inputs if start else None), front=True)
        except UsageError as error:
            self.failed.emit(f"{str(error)[0].upper()}{str(error)[1:]}")
        if job is not None:
            job.on(WordsMapped, partial(self._came, settings))

    def _came(self, settings: Settings, event: WordsMapped) -> None:
        self._kept.keep(settings, event)
        self.changed.emit()

    @Slot(object, str)
    def _gone(self, _: object, sentence: str) -> None:
        self.failed.emit(sentence)

    def over(self) -> None:
        self.changed.emit()


class MapCanvas(Canvas):
    """A picture under a word's map; the more it covers, the less colour of the picture's own."""

    def __init__(self) -> None:
        super().__init__("wordsCanvas", "The picture and where the word acts")
        self.over: QImage | None = None
        self._grey = QImage()
        self.opacity = 0.8

    def show_preview(self, image: QImage, size: QSize, label: str) -> None:
        self._grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
        super().show_preview(image, size, label)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.over is not None:
            painter = QPainter(self)
            painter.setOpacity(self.opacity)
            self.draw(painter, self._grey)
            self.draw(painter, self.over, smooth=True)
            painter.end()


class Colours(QWidget):
    """From least to most, clear where the picture is."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(90, 10)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        clip_round(painter, QRectF(self.rect()), 5, self.palette().base().color())
        painter.drawImage(self.rect(), coloured(np.linspace(0, 1, 90)[None]))
        painter.end()


class Scale(QWidget):
    """The legend: the colours between the numbers that they stand for."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.least, self.most = (caption("", "muted", f"{name}{end}") for end in ("Least", "Most"))
        row(self.least, Colours(), self.most, gap=6, on=self)
        self.show_limits(None, "concept")

    def show_limits(self, limits: tuple[float, float] | None, kind: str) -> None:
        """None where there is no map."""
        low, high = map(partial(number, kind), limits) if limits else ("least", "most")
        self.least.setText(low)
        self.most.setText(high)
        self.setAccessibleName(f"Scale: clear is {low}, coloured is {high}")


class WordsPage(QWidget):
    """Shows one picture's words; `failed` says why it cannot."""

    failed = Signal(str)

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self.setObjectName("wordsPage")
        self.words = Words(jobs, self)
        self.canvas = MapCanvas()
        self._chosen = ""
        self._chips, self._group = QWidget(), QButtonGroup(self)
        self._flow = Flow(self._chips)
        self.other = line_edit("wordsOther", "Another word", OTHER, "Another word…")
        self.other.setFixedWidth(170)
        self.kind = Segments("wordsShow", "The map shows", KINDS)
        self.mean = Check("wordsMean", "All steps", "The mean over all steps", checked=True)
        self.step = named(Slider(HEIGHT), "wordsStep", "Step", STEP)
        self.opacity = named(Slider(HEIGHT), "wordsOpacity", "Opacity", "How much the map covers")
        self.opacity.setRange(0, 100)
        self.opacity.setValue(80)
        self.opacity.setFixedWidth(110)
        self.one_scale = Check("wordsOneScale", "One scale", ONE_SCALE)
        self.scale = Scale("wordsScale")
        self.figures = caption("", "muted", "wordsFigures")
        top = row((self._chips, 1), self.other, gap=10)
        shade = row(None, caption("Opacity", "muted"), self.opacity, gap=8)
        ways = row(self.kind, 8, self.scale, self.one_scale, (shade, 1), gap=8)
        steps = row(self.mean, (self.step, 1), self.figures, gap=12)
        column(top, (self.canvas, 1), ways, steps, gap=6, on=self)
        self.setFocusProxy(self.canvas)
        self._connect()

    def _connect(self) -> None:
        self.words.failed.connect(self.failed)
        self.words.changed.connect(self._came)
        self.other.returnPressed.connect(self._look_for)
        self.kind.chosen.connect(self.refresh)
        for check in (self.mean, self.one_scale):
            check.toggled.connect(self.refresh)
        self.step.valueChanged.connect(self._stepped)
        self.opacity.valueChanged.connect(self.refresh)

    def show_picture(self, settings: Settings, image: QImage) -> None:
        """What its words did; asked for unless it is known."""
        self.canvas.show_picture(image)
        self._chosen = ""
        self.words.show(settings)
        self._came()

    @property
    def word(self) -> WordMap | None:
        """The one that is shown."""
        found = self.words.mapped
        words = found.words if found is not None else ()
        return next((word for word in words if _name(word) == self._chosen), None)

    @Slot()
    def _look_for(self) -> None:
        if word := " ".join(self.other.text().split()):
            self._chosen = f"{word}-1"
            self.other.clear()
            self.words.look_for(word)
            self._came()

    @Slot()
    def _came(self) -> None:
        """Chips for the words there are; the first that names something is chosen."""
        clear(self._flow)
        found = self.words.mapped
        for place, word in enumerate(found.words if found is not None else ()):
            self._flow.addWidget(self._chip(place, word))
        waiting = self.words.job is not None
        if found is not None and self.word is None and not waiting:
            naming = [word for word in found.words if len(word.text) >= NAMING] or found.words
            self._chosen = _name(naming[0]) if naming else ""
        if found is not None:
            with QSignalBlocker(self.step):
                self.step.setRange(1, len(found.times))
            self._mark()
        self.other.setEnabled(found is not None and found.finds_any and not waiting)
        self.other.setToolTip(OTHER if found is None or found.finds_any else NO_OTHER)
        self.refresh()

    def _chip(self, place: int, word: WordMap) -> QPushButton:
        there = word.attention is not None
        tip = f"Where “{word.text}” acts" if there else f"Where “{word.text}” would be"
        text = word.text if there else f"+ {word.text}"
        choose = partial(self._choose, _name(word))
        chip = text_button(f"word-{place}", text, tip, tip, "small", choose)
        chip.setCheckable(True)
        chip.setProperty("word", _name(word))
        self._group.addButton(chip)
        return chip

    def _choose(self, name: str, _checked: bool = False) -> None:
        self._chosen = name
        self.refresh()

    def _mark(self) -> None:
        for chip in self._group.buttons():
            chip.setChecked(chip.property("word") == self._chosen)

    @Slot(int)
    def _stepped(self, _: int) -> None:
        self.mean.setChecked(False)
        self.refresh()

    @Slot()
    def refresh(self, _: object = None) -> None:
        """Draws the chosen word's map."""
        self.canvas.opacity, word, found = self.opacity.value() / 100, self.word, self.words.mapped
        self.kind.enable("concept", word is None or word.concept is not None)
        self.kind.enable("attention", word is None or word.attention is not None)
        self.canvas.over, told, scale = None, WAITING if self.words.job is not None else "", None
        kind = self.kind.value
        if word is not None and found is not None:
            maps, mean = word.maps(kind), self.mean.isChecked()
            step = min(self.step.value(), len(maps)) - 1
            shown = maps.mean(0) if mean else maps[step]
            own = limits([shown])
            scale = found.limits(kind) if self.one_scale.isChecked() else own
            self.canvas.over = coloured(shares(shown, *scale))
            when = "" if mean else f"step {step + 1} · t {found.times[step]:.2f} · "
            told = f"{when}{span(kind, *own)}"
        self.scale.show_limits(scale, kind)
        self.figures.setText(told)
        self.canvas.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """O: one scale, or each map's own."""
        if event.key() == Qt.Key.Key_O:
            self.one_scale.toggle()
        else:
            super().keyPressEvent(event)


def _name(word: WordMap) -> str:
    return f"{word.text}{word.start}"


def shares(values: np.ndarray, low: float, high: float, side: int = SIDE) -> np.ndarray:
    """(h, w) numbers enlarged smoothly, `low` and what is below it 0, `high` 1."""
    image = Image.fromarray(values.astype(np.float32)).resize(
        (side, side), Image.Resampling.BICUBIC
    )
    found: np.ndarray = ((np.asarray(image) - low) / max(high - low, 1e-9)).clip(0, 1)
    return found


def coloured(parts: np.ndarray) -> QImage:
    """(h, w) shares from clear, 0, to coloured, 1."""
    rgba = np.empty((*parts.shape, 4), np.uint8)
    rgba[..., :3] = RAMP[(parts * 255).astype(np.uint8)]
    rgba[..., 3] = (parts**1.3 * 255).astype(np.uint8)
    height, width = parts.shape
    return QImage(rgba.data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
