"""Draws a comparison: pictures in their grid under headings, and their way from noise to data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from studio.core.comparing import Cell, Distance
from studio.core.grid import AXES, Grid
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.pictures.lettering import fitted, width, write
from studio.pictures.sheet import FAINT, GAP, INK, Line, Sheet

NARROWEST = 190  # pixels: a column, so that its figures fit
CAPTION, LINE = 52, 20
ROW_HEAD, HEAD_LINES = 160, 3  # pixels, lines: at most
TITLE, TAB = 64, 44
HEAD = 16  # the headings' font size
EMPTY = (236, 236, 232)
FRAMES = 48
LARGEST_FRAME = 1920  # pixels a side: all frames are in memory at once
#: Latents (C, h, w) to a picture (H, W, 3) uint8.
Decode = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Made:
    """A finished cell, and how far it is from its reference once that is known."""

    cell: Cell
    distance: Distance | None


@dataclass(frozen=True)
class Layout:
    """Where things are, in pixels; tabs lie below each other. `picture` is one's size."""

    shape: tuple[int, int, int]  # tabs, rows, columns
    picture: Size
    row_head: int  # width
    column_head: int  # height
    tab_head: int  # height

    @property
    def column(self) -> int:
        return max(self.picture.width, NARROWEST) + GAP

    @property
    def row(self) -> int:
        return self.picture.height + CAPTION

    @property
    def tab(self) -> int:
        return self.tab_head + self.column_head + self.shape[1] * self.row + GAP

    @property
    def size(self) -> tuple[int, int]:
        tabs, _, columns = self.shape
        return GAP + self.row_head + columns * self.column, TITLE + tabs * self.tab

    def place(self, index: int) -> tuple[int, int]:
        """The left upper corner of a cell's picture."""
        _, rows, columns = self.shape
        tab, rest = divmod(index, rows * columns)
        row, column = divmod(rest, columns)
        left = GAP + self.row_head + column * self.column
        left += (self.column - GAP - self.picture.width) // 2
        top = TITLE + tab * self.tab + self.tab_head + self.column_head + row * self.row
        return left, top


def sheet(grid: Grid, settings: Sequence[Settings], made: Sequence[Made | None]) -> Image.Image:
    """The labelled sheet: pictures at their own size, with calls, seconds and distances."""
    return _drawn(grid, settings, made, _layout(grid, _size(settings, made))).image


def film(
    grid: Grid,
    settings: Sequence[Settings],
    made: Sequence[Made | None],
    decode: Decode | None = None,
    frames: int = FRAMES,
) -> Iterator[Image.Image]:
    """The sheet at `frames` even times t from 1 to 0: in each cell x0 as its step there saw it.

    Pictures of x0 come from `decode`, else small ones are enlarged. The last frame is the sheet.
    """
    size = _size(settings, made)
    while max(_layout(grid, size).size) > LARGEST_FRAME and min(size.pair) > 64:
        size = Size(*(math.ceil(side * 0.8) for side in size.pair))
    layout = _layout(grid, size)
    still = _drawn(grid, settings, made, layout).image
    moving = [(cell.index, _Lane(cell, decode, size)) for cell in
              (each.cell for each in made if each is not None) if cell.trajectory]  # fmt: skip
    for k in range(frames):
        t = 1.0 - k / (frames - 1)
        for index, lane in moving:
            still.paste(lane.at(t), layout.place(index))
        shown = still.copy()
        where = (shown.width - GAP, TITLE // 4 + 4)
        write(ImageDraw.Draw(shown), where, f"t = {t:.2f}", FAINT, 15, "r")
        yield shown


class _Lane:
    """One cell's pictures over time."""

    def __init__(self, cell: Cell, decode: Decode | None, size: Size) -> None:
        assert cell.trajectory is not None
        self._cell, self._kept, self._decode, self._size = cell, cell.trajectory, decode, size
        self._shown: tuple[int, Image.Image] | None = None

    def at(self, t: float) -> Image.Image:
        """Of the last step that began with at least this much noise."""
        k = max((k for k, time in enumerate(self._kept.times) if time >= t - 1e-9), default=0)
        if self._shown is None or self._shown[0] != k:
            self._shown = k, _resized(self._frame(k), self._size)
        return self._shown[1]

    def _frame(self, k: int) -> np.ndarray:
        if k == len(self._kept.times) - 1:
            return self._cell.image
        return self._kept.clean[k] if self._decode is None else self._decode(self._kept.x0[k])


def label(name: str, value: Any) -> str:
    """A value of an axis in words that need no heading."""
    match name:
        case "steps":
            return f"{value} step" if value == 1 else f"{value} steps"
        case "guidance":
            return f"guidance {value:g}"
        case "seed":
            return f"seed {value}"
        case "prompt":
            return " ".join(value.split()) or "(no prompt)"
        case "schedule":
            return value or "own schedule"
    return str(value)


def caption(made: Made, steps: bool) -> tuple[str, str]:
    """A cell's two lines: what it cost, with its steps if asked, and how far it is."""
    cell, distance = made.cell, made.distance
    cost = f"{cell.nfe} NFE · {cell.seconds:.2f} s"
    if steps:
        cost = f"{label('steps', cell.settings.steps)} · {cost}"
    if distance is None:
        return cost, ""
    far = f"distance {_figure(distance.latent)}"
    return cost, far if distance.lpips is None else f"{far} · LPIPS {_figure(distance.lpips)}"


def _figure(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "∞"


def _size(settings: Sequence[Settings], made: Sequence[Made | None]) -> Size:
    shapes = (each.cell.image.shape for each in made if each is not None)
    return next((Size(shape[1], shape[0]) for shape in shapes), settings[0].size)


def _layout(grid: Grid, size: Size) -> Layout:
    heads = [
        _lines(label(grid.columns.name, value), max(size.width, NARROWEST))
        for value in grid.columns.values
    ]
    row_head = 0
    if grid.rows is not None:
        texts = (label(grid.rows.name, value) for value in grid.rows.values)
        lines = (line for text in texts for line, *_ in _lines(text, ROW_HEAD))
        row_head = GAP + math.ceil(max(width(line, HEAD) for line in lines))
    return Layout(
        grid.shape,
        size,
        row_head=row_head,
        column_head=max(map(len, heads)) * LINE + 10,
        tab_head=TAB if grid.tabs is not None else 0,
    )


def _drawn(
    grid: Grid, settings: Sequence[Settings], made: Sequence[Made | None], layout: Layout
) -> Sheet:
    drawn = Sheet(*layout.size)
    names = {axis.name for axis in grid.axes}
    _title(drawn, settings[0], names, layout)
    _headings(drawn, grid, layout)
    for index, each in enumerate(made):
        left, top = layout.place(index)
        size = layout.picture
        if each is None:
            drawn.fill(left, top, *size.pair, EMPTY)
            continue
        drawn.put(_resized(each.cell.image, size), left, top)
        cost, far = caption(each, "steps" not in names)
        lines, room = ((cost, 13, INK), (far, 13, FAINT)), layout.column - 4
        middle = left + size.width / 2, top + size.height + 12
        drawn.write(*middle, *lines, leading=17, side="m", room=room)
    return drawn


def _title(drawn: Sheet, settings: Settings, names: set[str], layout: Layout) -> None:
    """What all cells share: the prompt, then the other settings."""
    shared = [label(name, getattr(settings, name)) for name in AXES
              if name not in names | {"prompt", "schedule"}
              and not (name == "steps" and "sampler" in names)]  # fmt: skip
    if settings.negative:
        shared.append(f"without {label('prompt', settings.negative)}")
    room = layout.size[0] - 2 * GAP
    if "prompt" not in names:
        title = label("prompt", settings.prompt), 18, INK
        drawn.write(GAP, TITLE // 4 + 4, title, room=room - 80)
    words = " · ".join((settings.model, *shared)), 14, FAINT
    drawn.write(GAP, TITLE // 4 + 28, words, room=room)


def _headings(drawn: Sheet, grid: Grid, layout: Layout) -> None:
    tabs, rows, columns = layout.shape
    for tab in range(tabs):
        first = tab * rows * columns
        top = layout.place(first)[1] - layout.column_head
        if grid.tabs is not None:
            words = label(grid.tabs.name, grid.tabs.values[tab]), 20, INK
            drawn.write(GAP, top - TAB / 2, words, room=layout.size[0] - 2 * GAP)
        for column, value in enumerate(grid.columns.values):
            lines = _lines(label(grid.columns.name, value), layout.column - GAP)
            x = layout.place(column)[0] + layout.picture.width / 2
            y = top + layout.column_head - 8 - LINE * (len(lines) - 0.5)
            drawn.write(x, y, *lines, leading=LINE, side="m")
        if grid.rows is not None:
            for row, value in enumerate(grid.rows.values):
                middle = layout.place(first + row * columns)[1] + layout.picture.height / 2
                lines = _lines(label(grid.rows.name, value), ROW_HEAD)
                drawn.write(GAP, middle - LINE * (len(lines) - 1) / 2, *lines, leading=LINE)


def _lines(text: str, room: int) -> list[Line]:
    """The text in at most HEAD_LINES lines of `room` pixels, the last cut with an ellipsis."""
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < HEAD_LINES - 1:
        count = 1
        while count < len(words) and width(" ".join(words[: count + 1]), HEAD) <= room:
            count += 1
        lines.append(" ".join(words[:count]))
        words = words[count:]
    if words:
        lines.append(" ".join(words))
    return [(fitted(line, HEAD, room), HEAD, INK) for line in lines or [""]]


def _resized(pixels: np.ndarray, size: Size) -> Image.Image:
    image = Image.fromarray(pixels)
    if image.size == size.pair:
        return image
    return image.resize(size.pair, Image.Resampling.LANCZOS)
