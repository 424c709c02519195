"""What is painted of a picture: strokes, fill, clear, invert, and the way back.

NumPy only: no Qt, no torch.
"""

from __future__ import annotations

import numpy as np

PAINTED = 255
MOST_BACK = 60  # states kept, at a bit a pixel


class Mask:
    """`pixels` (H, W) uint8, 255 where the picture is to be made anew, else 0."""

    def __init__(self, pixels: np.ndarray) -> None:
        """Begins with a copy of `pixels`, where above 127 is painted."""
        self.pixels: np.ndarray = np.where(pixels > 127, PAINTED, 0).astype(np.uint8)
        self._back: list[np.ndarray] = []
        self._forth: list[np.ndarray] = []

    @property
    def share(self) -> float:
        """How much is painted, 0 to 1."""
        return float((self.pixels > 0).mean())

    @property
    def can_undo(self) -> bool:
        return bool(self._back)

    @property
    def can_redo(self) -> bool:
        return bool(self._forth)

    def begin(self) -> None:
        """What is done from here to the next `begin` is undone together."""
        self._back = [*self._back, np.packbits(self.pixels > 0)][-MOST_BACK:]
        self._forth = []

    def stroke(
        self, start: tuple[float, float], end: tuple[float, float], radius: float, paint: bool
    ) -> None:
        """Paints or erases every pixel whose middle is within `radius` of the line between two
        points (x, y), in pixels from the top left corner."""
        (x0, y0), (x1, y1) = start, end
        height, width = self.pixels.shape
        left, right = _span(x0, x1, radius, width)
        top, bottom = _span(y0, y1, radius, height)
        if left >= right or top >= bottom:
            return
        x = np.arange(left, right) + 0.5 - x0
        y = (np.arange(top, bottom) + 0.5 - y0)[:, None]
        across, down = x1 - x0, y1 - y0
        length = across * across + down * down
        along = np.clip((x * across + y * down) / length, 0, 1) if length else 0.0
        near = (x - along * across) ** 2 + (y - along * down) ** 2 <= radius * radius
        self.pixels[top:bottom, left:right][near] = PAINTED if paint else 0

    def fill(self, paint: bool) -> None:
        """Paints everything, or nothing."""
        self.begin()
        self.pixels[:] = PAINTED if paint else 0

    def invert(self) -> None:
        self.begin()
        np.subtract(PAINTED, self.pixels, out=self.pixels)

    def undo(self) -> None:
        self._go(self._back, self._forth)

    def redo(self) -> None:
        self._go(self._forth, self._back)

    def _go(self, source: list[np.ndarray], target: list[np.ndarray]) -> None:
        if source:
            target.append(np.packbits(self.pixels > 0))
            bits = np.unpackbits(source.pop(), count=self.pixels.size)
            self.pixels[:] = PAINTED * bits.reshape(self.pixels.shape)


def _span(one: float, other: float, radius: float, size: int) -> tuple[int, int]:
    """The pixels from the least to the greatest that a brush can touch, within the picture."""
    low, high = min(one, other) - radius, max(one, other) + radius
    return max(0, int(np.floor(low))), min(size, int(np.ceil(high)) + 1)
