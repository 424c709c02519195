"""Power against frequency: what the encoder filters out and what the decoder invents.

Imports pyqtgraph; imported when the view is first opened.
"""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from studio.ui.workspaces.reconstruct.bench import Bench, short

HUES = (212, 28, 140, 330, 268, 52, 180, 0, 100)  # told apart on light and dark grounds
WORDS = (
    "Radial spectra of the luminance. Solid: a reconstruction; where it falls below the original"
    " (grey), the encoder filtered detail out. Dotted: its difference to the original; where that"
    " meets the original, nothing true is left; peaks near 0.5 or at 1/8 are a decoder's grid."
)


class SpectraView(QWidget):
    """The current picture's spectrum, each reconstruction's and each difference's."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.setObjectName("spectra")
        self._bench = bench
        self._plot = pg.PlotWidget(enableMenu=False)
        self._plot.setObjectName("spectraPlot")
        self._plot.setAccessibleName("Power against frequency")
        self._plot.setToolTip("The wheel zooms, dragging moves.")
        self._item: Any = self._plot.getPlotItem()
        self._item.showGrid(True, True, 0.12)
        self._legend = self._item.addLegend(offset=(-10, 10))
        words = QLabel(WORDS)
        words.setWordWrap(True)
        words.setProperty("role", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(words)
        column.addWidget(self._plot, 1)
        self._soon = QTimer(self, interval=0, singleShot=True)  # once for many results
        self._soon.timeout.connect(self.draw)
        for signal in (bench.current_changed, bench.result, bench.pictures_changed):
            signal.connect(self._changed)
        self._soon.start()

    @Slot()
    def _changed(self, _: object = None) -> None:
        self._soon.start()

    @Slot()
    def draw(self) -> None:
        """Draws all anew."""
        bench, palette = self._bench, self.palette()
        muted = palette.color(QPalette.ColorRole.PlaceholderText)
        self._plot.setBackground(palette.color(QPalette.ColorRole.Window))
        self._item.clear()
        for side, text in (("bottom", "frequency, cycles a pixel"), ("left", "power, log10")):
            self._item.setLabel(side, text, color=muted.name())
            self._item.getAxis(side).enableAutoSIPrefix(False)
            self._item.getAxis(side).setPen(pg.mkPen(muted))
            self._item.getAxis(side).setTextPen(pg.mkPen(muted))
        found = ((name, bench.results.get((bench.current, name))) for name in bench.chosen)
        results = [(name, each.spectra) for name, each in found if each is not None]
        if results:
            first = results[0][1]
            pen = pg.mkPen(muted, width=4)
            self._item.plot(first.frequencies, first.original, pen=pen, name="original")
        for number, (name, spectra) in enumerate(results):
            ink = QColor.fromHsl(HUES[number % len(HUES)], 190, 130)
            solid, dotted = (
                pg.mkPen(ink, width=2),
                pg.mkPen(ink, style=Qt.PenStyle.DotLine, width=2),
            )
            power = spectra.reconstruction
            self._item.plot(spectra.frequencies, power, pen=solid, name=short(name))
            self._item.plot(spectra.frequencies, spectra.residual, pen=dotted)
