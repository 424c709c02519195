"""What the Language workspace works on: texts, pictures, the pair of encoders that compares them.

Its views read it and listen to it; none of them keeps texts or pictures of its own.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from studio.ui.starting.opener import Source

MOST_TEXTS = 400
MOST_PICTURES = 64


class Desk(QObject):
    """`texts` are the lines of the column's box without empty ones and doubles, `text` the line
    that is being edited; `source` is the picture selected among `sources`."""

    texts_changed = Signal()
    text_changed = Signal(str)
    pictures_changed = Signal()
    current_changed = Signal(int)
    encoder_changed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.texts: tuple[str, ...] = ()
        self.text = ""
        self.sources: tuple[Source, ...] = ()
        self.current = 0
        self.encoder = ""  # the bundle's own

    @property
    def source(self) -> Source | None:
        """The current picture."""
        return self.sources[self.current] if self.sources else None

    def write(self, lines: tuple[str, ...], line: int) -> None:
        """The box's lines, and which of them has the cursor."""
        texts = tuple(dict.fromkeys(each for each in map(str.strip, lines) if each))[:MOST_TEXTS]
        text = lines[line].strip() if line < len(lines) else ""
        if texts != self.texts:
            self.texts = texts
            self.texts_changed.emit()
        if text != self.text:
            self.text = text
            self.text_changed.emit(text)

    @Slot(object)
    def add(self, sources: tuple[Source, ...]) -> None:
        """Adds pictures, the oldest give way; the first new one becomes the current one."""
        self.sources = (*self.sources, *sources)[-MOST_PICTURES:]
        self.current = max(0, len(self.sources) - len(sources))
        self.pictures_changed.emit()
        self.current_changed.emit(self.current)

    def remove(self, number: int) -> None:
        """Takes one picture away."""
        self.sources = tuple(s for i, s in enumerate(self.sources) if i != number)
        self.current = min(self.current, max(0, len(self.sources) - 1))
        self.pictures_changed.emit()
        self.current_changed.emit(self.current)

    @Slot(int)
    def select(self, number: int) -> None:
        if number != self.current and 0 <= number < len(self.sources):
            self.current = number
            self.current_changed.emit(number)

    @Slot(object)
    def use(self, encoder: str) -> None:
        """Another pair of encoders, by its name."""
        if encoder != self.encoder:
            self.encoder = encoder
            self.encoder_changed.emit(encoder)
