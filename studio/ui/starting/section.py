"""The column's "Start from a picture": the picture, how strongly it changes, where it may."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.pictures import SUFFIXES
from studio.ui.session import Session, bind
from studio.ui.starting.sources import Sources
from studio.ui.starting.well import Well, holds_picture
from studio.ui.widgets.fold import Fold
from studio.ui.widgets.slider_spin import SliderSpin

if TYPE_CHECKING:
    import numpy as np

    from studio.ui.start import Start
    from studio.ui.starting.brush import MaskEditor

LEAST = 0.05
FILES = f"Pictures ({' '.join(f'*{suffix}' for suffix in SUFFIXES)});;All files (*)"


class StartSection(Fold):
    """`shown_wanted` asks for the picture that the viewer shows; `said` gives a sentence."""

    shown_wanted = Signal()
    said = Signal(str)

    def __init__(self, session: Session, sources: Sources) -> None:
        super().__init__(
            "startFold",
            "Start from a picture",
            "Change a picture, or repaint parts of it, instead of beginning with noise (Alt+I)",
        )
        self._session, self._sources = session, sources
        self.editor: MaskEditor | None = None
        self._make_controls()
        self._lay_out()
        bind(session.strength, self.strength)
        session.start.changed.connect(self._show)
        session.strength.changed.connect(self._tell)
        session.start_wanted.connect(sources.find)
        self.well.clicked.connect(self.choose_file)
        self.well.dropped.connect(sources.offered)
        sources.read.connect(self.take)
        sources.found.connect(session.start.set)
        self._show(session.start.get())

    def _make_controls(self) -> None:
        self.well = Well()
        self.file_name, self.extent, self.repainted = QLabel(), QLabel(), QLabel()
        self.file_name.setObjectName("startName")
        self.file_name.setProperty("role", "title")
        self.repainted.setObjectName("startMask")
        self.notes = QLabel()
        self.notes.setObjectName("startNotes")
        self.notes.setWordWrap(True)
        for label in (self.extent, self.repainted, self.notes):
            label.setProperty("role", "muted")
        for label in (self.file_name, self.extent, self.repainted, self.notes):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.paint = _small("Paint mask…", "paintMask", "Paint what is to be made anew (Alt+K)")
        self.remove = _small("Remove", "startRemove", "Begin with noise again")
        self.choose = _small("Open…", "startOpen", "Open a picture to start from")
        self.paste = _small("Paste", "startPaste", "Start from a copied picture (Ctrl+Shift+V)")
        self.shown = _small("Picture shown", "startShown", "Start from the picture shown (I)")
        self.strength = SliderSpin(
            "Strength",
            "How much noise the picture is put under: little changes little, at 1 nothing of it"
            " is left (but what a mask keeps).",
            LEAST,
            1,
            1,
            decimals=2,
            step=0.05,
        )
        self.paint.clicked.connect(self.paint_mask)
        self.remove.clicked.connect(self._remove)
        self.choose.clicked.connect(self.choose_file)
        self.paste.clicked.connect(self.paste_picture)
        self.shown.clicked.connect(self.shown_wanted)

    def _lay_out(self) -> None:
        facts = QVBoxLayout()
        facts.setSpacing(1)
        for label in (self.file_name, self.extent, self.repainted):
            facts.addWidget(label)
        facts.addStretch(1)
        facts.addLayout(_row(self.paint, self.remove))
        self._facts = QWidget()
        self._facts.setLayout(facts)
        facts.setContentsMargins(0, 0, 0, 0)
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self.well)
        top.addWidget(self._facts, 1)
        self.rows.addLayout(top)
        self.rows.addWidget(self.notes)
        self.rows.addSpacing(3)
        self.rows.addLayout(_row(self.choose, self.paste, self.shown))
        self.rows.addSpacing(5)
        self._strength_label = self.add("Strength", self.strength)

    @Slot(object)
    def take(self, start: Start) -> None:
        """A picture that the user chose."""
        self._session.start.set(start)

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
            self.said.emit("There is no picture on the clipboard; copy one first.")
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
        for widget in (self._facts, self.strength, self._strength_label):
            widget.setVisible(start is not None)
        self.notes.setText("" if start is None else " ".join(start.notes))
        self.notes.setVisible(bool(self.notes.text()))
        if start is not None:
            self.open()
            height, width = start.inputs.source.shape[:2]
            room = 180
            metrics = self.file_name.fontMetrics()
            self.file_name.setText(
                metrics.elidedText(start.name, Qt.TextElideMode.ElideMiddle, room)
            )
            self.file_name.setToolTip(start.name)
            self.extent.setText(f"{width} × {height}")
            masked = start.inputs.mask is not None
            self.repainted.setText(
                f"{100 * start.repainted:.0f} % is made anew" if masked else "All of it may change"
            )
            self.paint.setText("Edit mask…" if masked else "Paint mask…")
        self._tell()

    @Slot()
    def _tell(self, _: object = None) -> None:
        start = self._session.start.get()
        self.tell("" if start is None else f"{self._session.strength.get():g}")


def _small(text: str, name: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setProperty("role", "small")
    button.setAccessibleName(tip.split(" (")[0])
    button.setToolTip(tip)
    return button


def _row(*buttons: QPushButton) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(6)
    for button in buttons:
        row.addWidget(button)
    row.addStretch(1)
    return row
