"""A comparison to keep: its labelled sheet, film and figures, for window and command line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from studio.core.comparing import Cell, Distance
from studio.core.errors import UsageError
from studio.core.files import save_text, saving
from studio.core.grid import Grid
from studio.core.settings import Settings
from studio.gallery import comparison_sheet
from studio.gallery.comparison_sheet import Decode, Made
from studio.gallery.film import write_film as write_frames

FRAMES_A_SECOND, HELD, QUALITY = 50 / 3, 1.8, 85  # the last frame is held, in seconds
#: What a cell's entry in the document says of its settings; the rest is common to all cells.
VARIED = (
    *("sampler", "options", "steps", "guidance", "seed", "prompt"),
    *("rule", "rule_options", "schedule"),
)


@dataclass(frozen=True, eq=False)
class Comparison:
    """A grid, the settings of its cells in order, and what is made and measured of them so far."""

    grid: Grid
    settings: tuple[Settings, ...]
    cells: Mapping[int, Cell]
    distances: Mapping[int, Distance]

    @property
    def made(self) -> tuple[Made | None, ...]:
        """Every cell in order, None where it is not made."""
        return tuple(
            Made(self.cells[index], self.distances.get(index)) if index in self.cells else None
            for index in range(len(self.settings))
        )


def write_sheet(path: Path, comparison: Comparison) -> None:
    """Every picture at its own size, with headings and figures, as a PNG. Raises OutputError."""
    sheet = comparison_sheet.sheet(comparison.grid, comparison.settings, comparison.made)
    with saving(path) as draft:
        sheet.save(draft, "PNG")


def write_film(path: Path, comparison: Comparison, decode: Decode | None = None) -> None:
    """The predicted clean pictures from noise to data, all cells at the same time t.

    `decode` turns latents (C, h, w) into a picture (H, W, 3) uint8; without it the trajectories'
    small pictures are enlarged. The name's end says how: .webp, .gif or .mp4. Raises UsageError for
    cells without trajectories, OutputError.
    """
    if not any(cell.trajectory for cell in comparison.cells.values()):
        raise UsageError("a film needs the cells' trajectories; compare again with them.")
    moving = comparison_sheet.film(comparison.grid, comparison.settings, comparison.made, decode)
    write_frames(path, _held(map(np.asarray, moving)), FRAMES_A_SECOND, quality=QUALITY)


def _held(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The frames, and the last one for as long as it takes to look at it."""
    last = None
    for last in frames:
        yield last
    assert last is not None
    yield from [last] * round(HELD * FRAMES_A_SECOND)


def document(
    comparison: Comparison,
    paths: Mapping[int, Path] | None = None,
    sheet: Path | None = None,
    film: Path | None = None,
) -> dict[str, Any]:
    """All figures as plain values, ready for JSON; `paths` are the cells' files, if written.

    Cells that are not made are left out; what is not finite is None.
    """
    common = comparison.settings[0].stored()
    axes = vars(comparison.grid).items()
    return {
        "axes": {
            where: {"name": axis.name, "values": list(axis.values)} for where, axis in axes if axis
        },
        "settings": {name: value for name, value in common.items() if name not in VARIED},
        "cells": [
            _cell(made, (paths or {}).get(made.cell.index))
            for made in comparison.made
            if made is not None
        ],
        "sheet": None if sheet is None else str(sheet),
        "film": None if film is None else str(film),
    }


def write_document(path: Path, contents: Mapping[str, Any]) -> None:
    """A document as a JSON file. Raises OutputError."""
    save_text(path, json.dumps(contents, indent=2, allow_nan=False) + "\n")


def _cell(made: Made, path: Path | None) -> dict[str, Any]:
    cell, distance = made.cell, made.distance
    settings = cell.settings.stored()
    return {
        "index": cell.index,
        **{name: settings[name] for name in VARIED},
        "nfe": cell.nfe,
        "seconds": round(cell.seconds, 4),
        "path": None if path is None else str(path),
        "distance": None if distance is None else _finite(distance.latent),
        "lpips": None if distance is None else _finite(distance.lpips),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
