"""Plain text tables for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def rows(heads: Sequence[str], cells: Sequence[Sequence[object]]) -> Iterator[str]:
    """Lines of left-aligned columns under their heads."""
    texts = [tuple(heads), *(tuple(str(cell) for cell in row) for row in cells)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
