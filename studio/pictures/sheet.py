"""Sheets: pictures and lines of words on paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from studio.pictures.lettering import Ink, fitted, write

COLUMNS = 6
GAP, LABEL, TITLE = 16, 30, 46
PAPER, INK, FAINT = (250, 250, 248), (34, 34, 38), (120, 120, 126)
Line = tuple[str, int, Ink]  # words, their size in pixels, their colour


class Sheet:
    """A blank one to begin with; `image` is how far it is."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width, height), PAPER)
        self._draw = ImageDraw.Draw(self.image)

    def put(self, picture: np.ndarray | Image.Image, left: int, top: int) -> None:
        """A picture by its left upper corner."""
        image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
        self.image.paste(image, (left, top))

    def fill(self, left: int, top: int, width: int, height: int, ink: Ink) -> None:
        """A rectangle of one colour."""
        self._draw.rectangle((left, top, left + width - 1, top + height - 1), ink)

    def write(
        self, x: float, y: float, *lines: Line, leading: float = 0, side: str = "l", room: int = 0
    ) -> None:
        """Lines whose left side ("l"), middle ("m") or right side ("r") is at x; the middle of the
        first is at y, the next are `leading` further down. One wider than `room` is cut."""
        for i, (words, size, ink) in enumerate(lines):
            shown = fitted(words, size, room) if room else words
            write(self._draw, (x, y + i * leading), shown, ink, size, side)


def contact_sheet(pictures: np.ndarray, labels: Sequence[str], title: str) -> np.ndarray:
    """(N, H, W, 3) uint8 pictures and N labels -> one (H, W, 3) uint8 sheet, six to a row."""
    assert len(pictures) == len(labels), f"{len(pictures)} pictures, {len(labels)} labels"
    high, wide = pictures.shape[1:3]
    columns = min(COLUMNS, len(labels))
    rows = -(-len(labels) // columns)
    width = GAP + columns * (wide + GAP)
    sheet = Sheet(width, TITLE + rows * (high + LABEL + GAP))
    sheet.write(GAP, TITLE // 2, (title, 18, FAINT), room=width - 2 * GAP)
    for i, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        left = GAP + (i % columns) * (wide + GAP)
        top = TITLE + (i // columns) * (high + LABEL + GAP)
        sheet.put(picture, left, top)
        middle = left + wide / 2, top + high + LABEL / 2
        sheet.write(*middle, (label, 15, INK), side="m", room=wide)
    return np.asarray(sheet.image)
