"""The selected model's parts: where each was found, or where it was looked for. Any but the
denoiser can be pointed to."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from studio.bridge.catalogue import CHOSEN, Located
from studio.core.wording import size_text
from studio.ui.widgets.buttons import small_button
from studio.ui.widgets.form import caption, column, row
from studio.ui.widgets.table import Table

HEADS = (
    ("Part", "What the model calls it"),
    ("What", "What it is"),
    ("Where", "Where it was found, or that it is missing"),
    ("Precision", "In which its numbers are kept"),
    ("Size", "On the disk"),
)
TIP = "The selected model's parts; choose one to point to another file or folder"
WIDE = 2  # the column that takes what is left
TALLEST = 232  # logical pixels: nine rows and the heads
WEIGHTS = "Weights (*.safetensors *.sft *.gguf);;All files (*)"


class PartsView(QWidget):
    """`pointed` comes with a part's choice and the path that it shall be from ("": as found)."""

    pointed = Signal(str, str)

    def __init__(self, point: QAction, reset: QAction) -> None:
        super().__init__()
        self._parts: tuple[Located, ...] = ()
        self._point, self._reset = point, reset
        self.table = Table("modelsParts", "Parts", TIP, HEADS)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        self.table.setWordWrap(False)
        self.table.setShowGrid(False)
        self.said = caption("", "muted", "modelsPartsSaid")
        buttons = []
        for each in (point, reset):
            name = f"button-{each.objectName()}"
            buttons.append(button := small_button(name, each.text(), each.toolTip(), each.trigger))
            button.setEnabled(each.isEnabled())
            each.enabledChanged.connect(button.setEnabled)
        column(row((self.said, 1), *buttons), self.table, gap=4, on=self)
        self.table.currentCellChanged.connect(self._tell)
        self.show_parts(())

    def show_parts(self, parts: tuple[Located, ...]) -> None:
        """The first that is missing is chosen, else the one that was."""
        before = self.table.currentRow()
        self._parts = parts
        self.table.setRowCount(len(parts))
        for number, part in enumerate(parts):
            looked = "\n".join(map(str, part.looked)) or "no folder"
            tip = str(part.path) if part.path else f"Looked for in:\n{looked}"
            for place, text in enumerate(_cells(part)):
                cell = QTableWidgetItem(text)
                cell.setToolTip(tip)
                self.table.setItem(number, place, cell)
        self.table.fit(TALLEST)
        self.table.horizontalHeader().setSectionResizeMode(WIDE, QHeaderView.ResizeMode.Stretch)
        missing = [n for n, part in enumerate(parts) if part.path is None and not part.optional]
        self.said.setText(_said(parts, len(missing)))
        self.table.setCurrentCell(missing[0] if missing else max(before, 0), 0)
        self.setVisible(bool(parts))
        self._tell()

    def point(self) -> None:
        """Asks for a file; for a tokenizer's folder."""
        if (part := self._current()) is None:
            return
        start = str(next((each for each in (part.path, *part.looked) if each), Path.home()))
        if part.part.startswith("tokenizer"):
            found = QFileDialog.getExistingDirectory(self, f"The folder of {part.words}", start)
        else:
            found, _ = QFileDialog.getOpenFileName(
                self, f"The file of {part.words}", start, WEIGHTS
            )
        if found:
            self.pointed.emit(part.choice, found)

    def reset(self) -> None:
        if (part := self._current()) is not None:
            self.pointed.emit(part.choice, "")

    def _current(self) -> Located | None:
        """The part that may be chosen."""
        number = self.table.currentRow()
        part = self._parts[number] if 0 <= number < len(self._parts) else None
        return part if part is not None and part.choice else None

    @Slot()
    def _tell(self, *_: object) -> None:
        part = self._current()
        self._point.setEnabled(part is not None)
        self._reset.setEnabled(part is not None and part.source == CHOSEN)


def _cells(part: Located) -> tuple[str, ...]:
    where = f"{part.path.name}, {part.source}" if part.path else "missing"
    if part.path is None and part.optional:
        where = "missing, not needed"
    return (
        part.part,
        part.words,
        where,
        part.precision,
        size_text(part.bytes) if part.bytes else "",
    )


def _said(parts: tuple[Located, ...], missing: int) -> str:
    if not missing:
        return f"All of its {len(parts)} parts are here"
    return f"{missing} of its {len(parts)} parts are missing: point to them"
