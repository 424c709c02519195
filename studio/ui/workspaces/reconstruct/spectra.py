"""Power against frequency: what the encoder filters out and what the decoder invents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QWidget

from studio.ui.plots.chart import Chart, ink, line
from studio.ui.widgets.form import caption, column
from studio.ui.workspaces.reconstruct.workbench import short

if TYPE_CHECKING:
    from studio.ui.workspaces.reconstruct.panel import ReconstructPanel

WORDS = (
    "Radial spectra of the luminance. Solid: a reconstruction; where it falls below the original"
    " (grey), the encoder filtered detail out. Dotted: its difference from the original; where that"
    " meets the original, nothing true is left; peaks near 0.5 or at 1/8 are a decoder's grid."
)


class SpectraView(QWidget):
    """The current picture's spectrum, each reconstruction's and each difference's."""

    def __init__(self, panel: ReconstructPanel) -> None:
        super().__init__()
        self.setObjectName("spectra")
        bench = self._bench = panel.bench
        self._plot = Chart("spectraPlot", "Power against frequency", legend=True)
        self._plot.name_axes("frequency, cycles a pixel", "power, log10")
        column(caption(WORDS, "muted", wrap=True), (self._plot, 1), on=self)
        self._soon = QTimer(self, interval=0, singleShot=True)  # once for many results
        self._soon.timeout.connect(self.draw)
        for signal in (
            bench.current_changed, bench.result, bench.pictures_changed, self._plot.dressed
        ):  # fmt: skip
            signal.connect(self._changed)
        self._soon.start()

    @Slot()
    def _changed(self, _: object = None) -> None:
        self._soon.start()

    @Slot()
    def draw(self) -> None:
        """Draws all anew."""
        results, item = self._bench.seen, self._plot.item
        item.clear()
        if results:
            first, pen = results[0].spectra, line(self._plot.tokens.muted, 4)
            item.plot(first.frequencies, first.original, pen=pen, name="original")
        for number, each in enumerate(results):
            spectra, name = each.spectra, short(each.autoencoder)
            solid, dotted = line(ink(number)), line(ink(number), dotted=True)
            item.plot(spectra.frequencies, spectra.reconstruction, pen=solid, name=name)
            item.plot(spectra.frequencies, spectra.residual, pen=dotted)
