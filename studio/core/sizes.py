"""How large a picture is, and which sizes a model makes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from studio.core.errors import UsageError

LEAST, MOST = 64, 4096  # pixels a side, where a model makes more sizes than one
RATIOS = {"1:1": 1.0, "4:3": 4 / 3, "3:2": 3 / 2, "16:9": 16 / 9, "21:9": 21 / 9}
_WRITTEN = re.compile(r"(\d{1,6})(?:\s*[x×]\s*(\d{1,6}))?", re.ASCII)


@dataclass(frozen=True)
class Size:
    """In pixels; written 768x512."""

    width: int
    height: int

    @classmethod
    def square(cls, side: int) -> Size:
        return cls(side, side)

    @classmethod
    def read(cls, written: object) -> Size:
        """From "768x512", or from 512 or "512" for a square. Raises UsageError."""
        found = _WRITTEN.fullmatch(str(written)) if type(written) in (int, str) else None
        if found is None:
            raise UsageError(f"a size is written 512 or 768x512, not {str(written)[:40]!r}.")
        return cls(int(found[1]), int(found[2] or found[1]))

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def stored(self) -> int | str:
        """As files and command lines hold it: a square by its side, as all were once."""
        return self.width if self.width == self.height else str(self)

    @property
    def pair(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def turned(self) -> Size:
        return Size(self.height, self.width)

    def cut(self, width: int, height: int) -> tuple[str, ...]:
        """What there is to say of a picture of that size that is cut to this one's shape."""
        if abs(width * self.height - height * self.width) < max(self.pair):
            return ()
        shape = "a square" if self.width == self.height else f"in the shape of {self}"
        return (f"Only its middle, {shape}, is used.",)


@dataclass(frozen=True)
class Sizes:
    """What a model makes: its `own`, and with a `step` all others whose sides are multiples of it,
    of which `offered` suit it."""

    own: Size
    step: int = 0
    offered: tuple[Size, ...] = ()

    @classmethod
    def about(cls, side: int, step: int) -> Sizes:
        """About as many pixels as the square that it was trained on, in the usual shapes: from a
        side of 1024, buckets that SDXL was trained on (arXiv:2307.01952, appendix I)."""
        unit, wide = max(step, side // 16 // step * step), []
        for ratio in RATIOS.values():
            height = max(unit, round(side / ratio**0.5 / unit) * unit)
            wide.append(Size(side**2 // height // unit * unit, height))
        own = Size.square(side)
        every = (own, *wide[1:], *(size.turned for size in wide[1:]))
        fit = (size for size in every if min(size.pair) >= LEAST and max(size.pair) <= MOST)
        return cls(own, step, tuple(dict.fromkeys(fit)))

    def makes(self, size: Size) -> bool:
        return size == self.own or size == self.nearest(size)

    def nearest(self, size: Size) -> Size:
        """The size made that is nearest to another."""
        if not self.step:
            return self.own
        low, high = -(-LEAST // self.step), MOST // self.step
        sides = (min(max(round(side / self.step), low), high) * self.step for side in size.pair)
        return Size(*sides)


def shape_name(size: Size) -> str:
    """The usual name of the shape that is nearest: 4:3, or 3:4 where it stands upright."""
    wide = max(size.pair) / min(size.pair)
    name = min(RATIOS, key=lambda name: abs(RATIOS[name] - wide))
    return name if size.width >= size.height else ":".join(name.split(":")[::-1])
