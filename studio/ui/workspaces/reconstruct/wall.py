"""Original and reconstructions side by side, under one sight: zoom, wipe, flicker, difference."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QLocale, Qt, QTimer, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QStackedWidget,
    QStyledItemDelegate,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from studio.core.autoencoding import Reconstructed
from studio.ui.widgets.form import Check, caption, clear, column, row
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.slider_spin import SliderSpin
from studio.ui.widgets.table import Table
from studio.ui.workspaces.reconstruct.pane import Framed, Pane, WallSight
from studio.ui.workspaces.reconstruct.workbench import Workbench, short

FLICKER = 500  # milliseconds that a picture stays
WORDS, TABLE = 48, 60  # pixels: around a pane, of the table's first rows
STEP = 0.02  # of the wipe's way, a key
Head = tuple[str, str, int, int, Callable[[Reconstructed], str | float | None]]
HEADS: tuple[Head, ...] = (  # what, what it means, where best is (1: high), decimals, the figure
    ("autoencoder", "", 0, 0, lambda r: short(r.autoencoder)),
    ("PSNR", "dB; higher is closer", 1, 2, lambda r: r.figures.psnr),
    ("SSIM", "1 means identical", 1, 4, lambda r: r.figures.ssim),
    ("MS-SSIM", "SSIM at five sizes; 1 means identical", 1, 4, lambda r: r.figures.ms_ssim),
    ("LPIPS", "0 means perceptually identical", -1, 4, lambda r: r.figures.lpips),
    (
        "values : 1", "picture values per latent value", 0, 1,
        lambda r: r.figures.compression,
    ),
    ("bits/pixel", "of the latent stored at 16 bits", 0, 3, lambda r: r.figures.bits_per_pixel),
    (
        "KL bits/pixel", "information in the posterior relative to N(0, I)", 0, 4,
        lambda r: r.figures.kl_bits_per_pixel,
    ),
    ("encode s", "seconds to encode", 0, 3, lambda r: r.encode_seconds),
    ("decode s", "seconds to decode", 0, 3, lambda r: r.decode_seconds),
)  # fmt: skip
SHOWN = {
    "picture": ("Picture", "The reconstructions themselves"),
    "difference": ("Difference", "Reconstruction minus original, around grey"),
    "lpips": ("LPIPS", "Where the eye sees a difference; dark means none"),
}
EMPTY = (
    "Drop pictures here, or open some on the left;\nthen choose autoencoders and press Reconstruct."
)
TABLE_TIP = "Click a heading to sort; bold marks the best."
WIPE_TIP = "Show the original to the left of a line (W): drag it, or press Left and Right"
FLICKER_TIP = "Alternate between original and reconstruction (F); hold Space to see the original"
NUMBERS = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
WORDED = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class Wall(QWidget):
    """The current picture of the bench, as every chosen autoencoder gave it back."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self.setObjectName("wall")
        self._bench = bench
        self.sight = WallSight(self)
        self.panes: dict[str, Pane] = {}
        self._grid = QGridLayout()
        self._grid.setSpacing(10)
        self._blink = QTimer(self, interval=FLICKER)
        self._blink.timeout.connect(self._flick)
        self.note = caption(role="muted", name="wallNote", wrap=True)
        self.table = _table()
        empty = caption(EMPTY, "muted", "wallEmpty")
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        page, self._pages = QWidget(), QStackedWidget()
        page.setLayout(self._grid)
        self._pages.addWidget(empty)
        self._pages.addWidget(page)
        column(self._bar(), (self._pages, 1), self.note, self.table, on=self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for signal in (bench.current_changed, bench.pictures_changed, bench.result):
            signal.connect(self.show_all)
        self.show_all()

    def _bar(self) -> QHBoxLayout:
        self.shown = Segments("wallShown", "What the panes show", SHOWN)
        self.gain = SliderSpin("wallgain", "Gain", "How much differences are amplified", 1, 32, 32)
        self.gain.set_value(self.sight.gain)
        self.wipe = Check("wallWipe", "Wipe", WIPE_TIP)
        self.flicker = Check("wallFlicker", "Flicker", FLICKER_TIP)
        self.shown.chosen.connect(self._look)
        self.gain.edited.connect(self._look)
        self.wipe.toggled.connect(self._wipe)
        self.flicker.toggled.connect(self._flicker)
        return row(self.shown, self.gain, self.wipe, self.flicker, None, gap=10)

    @Slot()
    def show_all(self, _: object = None) -> None:
        """Builds the panes anew."""
        source, results = self._bench.source, self._bench.seen
        clear(self._grid)
        self.panes = {}
        self._pages.setCurrentIndex(int(source is not None))
        self.table.setVisible(bool(results))
        notes = [each.note for each in (source, *results) if each is not None and each.note]
        self.note.setText(" ".join(dict.fromkeys(notes)))
        self.note.setVisible(bool(notes))
        if source is None:
            return
        panes = [Pane("original", source.pixels, None, self.sight)]
        panes += [Pane(each.autoencoder, source.pixels, each, self.sight) for each in results]
        columns = self._columns(len(panes), source.pixels.shape[1] / source.pixels.shape[0])
        for number, pane in enumerate(panes):
            pane.chosen.connect(self.setFocus)
            self.panes[pane.name] = pane
            self._grid.addWidget(Framed(pane), *divmod(number, columns))
        self._fill(results)

    def _columns(self, count: int, aspect: float) -> int:
        """The number at which panes are largest."""
        width, height = self._pages.width(), self._pages.height() - TABLE

        def side(columns: int) -> float:
            rows = math.ceil(count / columns)
            return min(width / columns / aspect, (height - WORDS * rows) / rows)

        return max(range(1, count + 1), key=side)

    def _fill(self, results: tuple[Reconstructed, ...]) -> None:
        self.table.setSortingEnabled(False)
        self.table.setRowCount(len(results))
        for across, (_, _, better, _, figure) in enumerate(HEADS):
            values = [figure(each) for each in results]
            numbers = [better * v for v in values if isinstance(v, float)]
            best = max(numbers) if better and numbers else None
            for down, value in enumerate(values):
                item = QTableWidgetItem()
                item.setData(Qt.ItemDataRole.DisplayRole, "–" if value is None else value)
                item.setTextAlignment(NUMBERS if across else WORDED)
                if best is not None and isinstance(value, float) and better * value == best:
                    font = item.font()
                    font.setBold(True)
                    item.setFont(font)
                self.table.setItem(down, across, item)
        self.table.setSortingEnabled(True)
        self.table.fit(190)

    @Slot()
    def _look(self, _: object = None) -> None:
        self.sight.show(shown=self.shown.value, gain=self.gain.value())

    @Slot(bool)
    def _wipe(self, on: bool) -> None:
        self.sight.show(wipe=0.5 if on else None)

    @Slot(bool)
    def _flicker(self, on: bool) -> None:
        (self._blink.start if on else self._blink.stop)()
        self.sight.show(original=False)

    @Slot()
    def _flick(self) -> None:
        self.sight.show(original=not self.sight.original)

    def walk(self, by: int) -> None:
        """Moves the wipe, or goes to the next picture."""
        if self.sight.wipe is not None:
            self.sight.set_wipe(self.sight.wipe + by * STEP)
        elif self._bench.sources:
            self._bench.select((self._bench.current + by) % len(self._bench.sources))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space shows the original while it is held."""
        if event.key() != Qt.Key.Key_Space:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            self.sight.show(original=True)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Space:
            super().keyReleaseEvent(event)
        elif not event.isAutoRepeat():
            self.sight.show(original=False)


class _Decimals(QStyledItemDelegate):
    """Numbers with so many decimals; they sort by their value."""

    def __init__(self, decimals: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._decimals = decimals

    def displayText(self, value: Any, locale: QLocale | QLocale.Language) -> str:
        if isinstance(value, float):
            return f"{value:.{self._decimals}f}"
        return super().displayText(value, locale)


def _table() -> Table:
    label, heads = "Figures of the reconstructions", (head[:2] for head in HEADS)
    table = Table("wallTable", label, TABLE_TIP, heads)
    for number, head in enumerate(HEADS):
        item: Any = table.horizontalHeaderItem(number)
        item.setTextAlignment(NUMBERS if number else WORDED)
        table.setItemDelegateForColumn(number, _Decimals(head[3], table))
    table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
    table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)  # as they stand
    table.setSortingEnabled(True)
    return table
