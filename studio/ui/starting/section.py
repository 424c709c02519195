"""The column's "Start from a picture": the picture, how strongly it changes, where it may."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.pictures import SUFFIXES
from studio.ui.session import Session
from studio.ui.starting.sources import Sources
from studio.ui.starting.well import Well, holds_picture
from studio.ui.widgets.buttons import small_button
from studio.ui.widgets.fold import Fold
from studio.ui.widgets.form import caption, column, row
from studio.ui.widgets.line import show_file_name
from studio.ui.widgets.slider_spin import SliderSpin

if TYPE_CHECKING:
    import numpy as np

    from studio.ui.start import Start
    from studio.ui.starting.brush import MaskEditor

LEAST = 0.05
PAINT = "Paint the area to be repainted (Alt+K)"
PASTE = "Start from a copied picture (Ctrl+Shift+V)"
SHOWN = "Start from the picture shown (I)"
STRENGTH = (
    "How much noise is added to the picture: low values change little; at 1 nothing of it is left,"
    " except what a mask keeps."
)
FILES = f"Pictures ({' '.join(f'*{suffix}' for suffix in SUFFIXES)});;All files (*)"


class StartSection(Fold):
    """`shown_wanted` asks for the picture that the viewer shows; `message` gives a sentence."""

    shown_wanted = Signal()
    message = Signal(str)

    def __init__(self, session: Session, sources: Sources) -> None:
        super().__init__(
            "startFold",
            "Start from a picture",
            "Change a picture, or repaint parts of it, instead of starting from noise (Alt+I)",
        )
        self._session, self._sources = session, sources
        self.editor: MaskEditor | None = None
        self.well = Well()
        self.file_name = caption("", "title", "startName")
        self.extent, self.repainted = caption("", "muted"), caption("", "muted", "startMask")
        self.notes = caption("", "muted", "startNotes", wrap=True)
        self.paint = small_button("paintMask", "Paint mask…", PAINT, self.paint_mask)
        remove = small_button("startRemove", "Remove", "Start from noise again", self._remove)
        ways = (
            small_button("startOpen", "Open…", "Open a picture to start from", self.choose_file),
            small_button("startPaste", "Paste", PASTE, self.paste_picture),
            small_button("startShown", "Picture shown", SHOWN, self.shown_wanted),
        )
        self._facts = QWidget()
        facts = self.file_name, self.extent, self.repainted, None, row(self.paint, remove, None)
        column(*facts, gap=1, on=self._facts)
        self.rows.addLayout(row(self.well, (self._facts, 1), gap=12))
        self.rows.addWidget(self.notes)
        self.rows.addSpacing(3)
        self.rows.addLayout(row(*ways, None))
        self.rows.addSpacing(5)
        strength = SliderSpin("strength", "Strength", STRENGTH, LEAST, 1, 1, decimals=2, step=0.05)
        self.strength = self.form.add("Strength", strength, session.strength)
        session.start.changed.connect(self._show)
        session.strength.changed.connect(self._show_state)
        session.size.changed.connect(self._show_state)
        session.start_wanted.connect(sources.find)
        self.well.clicked.connect(self.choose_file)
        self.well.dropped.connect(sources.offered)
        sources.read.connect(session.start.set)
        sources.found.connect(session.start.set)
        self._show(session.start.get())

    @Slot()
    def choose_file(self) -> None:
        """Asks for a file."""
        self.open()
        chosen, _ = QFileDialog.getOpenFileName(
            self, "Picture to start from", str(Path.home()), FILES
        )
        if chosen:
            self._sources.open(Path(chosen))

    @Slot()
    def paste_picture(self) -> None:
        """Takes a picture, or a picture's file, from the clipboard."""
        data = QGuiApplication.clipboard().mimeData()
        if data is None or not holds_picture(data):
            self.message.emit("There is no picture on the clipboard; copy one first.")
        else:
            self._sources.offered(data)

    @Slot()
    def paint_mask(self) -> None:
        """Opens the brush beside the window's own work."""
        from studio.ui.starting.brush import MaskEditor

        start: Start | None = self._session.start.get()
        if start is None or self.editor is not None:
            return
        self.editor = MaskEditor(start.inputs, self.window())
        self.editor.painted.connect(self._painted)
        self.editor.finished.connect(self._closed)
        self.editor.open()

    @Slot(object)
    def _painted(self, mask: np.ndarray | None) -> None:
        start: Start | None = self._session.start.get()
        if start is not None and (mask is None or mask.shape == start.inputs.source.shape[:2]):
            self._session.start.set(start.masked(mask))

    @Slot()
    def _closed(self) -> None:
        if self.editor is not None:
            self.editor.deleteLater()
            self.editor = None

    @Slot()
    def _remove(self) -> None:
        self._session.start.set(None)
        self.well.setFocus()

    @Slot(object)
    def _show(self, start: Start | None) -> None:
        self.well.show_start(start)
        self._facts.setVisible(start is not None)
        self.form.reveal("Strength", start is not None)
        if start is not None:
            self.open()
            height, width = start.inputs.source.shape[:2]
            show_file_name(self.file_name, start.name, 180)
            self.extent.setText(f"{width} × {height}")
            masked = start.inputs.mask is not None
            self.repainted.setText(
                f"{100 * start.repainted:.0f} % is repainted" if masked else "Everything may change"
            )
            self.paint.setText("Edit mask…" if masked else "Paint mask…")
        self._show_state()

    @Slot()
    def _show_state(self, _: object = None) -> None:
        start: Start | None = self._session.start.get()
        self.notes.setText("" if start is None else start.notes_for(self._session.size.get()))
        self.notes.setVisible(bool(self.notes.text()))
        self.set_text("" if start is None else f"{self._session.strength.get():g}")
