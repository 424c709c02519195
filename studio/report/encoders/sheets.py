"""What the figures look like: held-out pictures with what is said of them, and their neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from studio.pictures.sheet import FAINT, GAP, INK, Line, Sheet
from studio.report.encoders.measures import STYLE, Pictures, shown, spoken
from studio.report.encoders.subjects import Subjects, parts
from studio.training.neighbours import Neighbours

SHOWN, CELL, COLUMN, HEAD = 10, 96, 230, 34


def words(subjects: Subjects, pictures: Pictures) -> np.ndarray:
    """Of ten held-out pictures the three labels that each pair finds nearest, of all labels, and
    what the captioners say. The right label is dark."""
    held, codes = pictures.codes(STYLE, "held-out"), pictures.codes(STYLE)
    of = shown(pictures, STYLE, held[:: max(1, len(held) // SHOWN)][:SHOWN])
    labels = [pictures.phrase(code) for code in codes]
    columns = dict[str, list[list[str]]]()
    for pair in subjects.pairs:
        near = (parts(pair.pictures, of.pictures) @ pair.texts(labels).T).topk(3).indices
        columns[pair.name] = [[labels[k] for k in row] for row in near.tolist()]
    for name, say in subjects.captioners.items():
        columns[name] = [[text] for text in spoken(say, of.pictures)]
    sheet = Sheet(2 * GAP + CELL + len(columns) * COLUMN, HEAD + len(of.codes) * (CELL + 4) + GAP)
    _heads(sheet, list(columns), 2 * GAP + CELL, COLUMN)
    for row, (code, cell) in enumerate(zip(of.codes, _cells(of.pictures), strict=True)):
        top = HEAD + row * (CELL + 4)
        sheet.put(cell, GAP, top)
        for column, said in enumerate(columns.values()):
            lines: list[Line] = [
                (text, 15, INK if pictures.phrase(code) in text else FAINT) for text in said[row]
            ]
            left = 2 * GAP + CELL + column * COLUMN
            sheet.write(left, top + CELL / 2 - 24, *lines, leading=24, room=COLUMN - GAP)
    return np.asarray(sheet.image)


def neighbours(among: Neighbours, found: Mapping[str, Sequence[int]]) -> np.ndarray:
    """Ten held-out things in scenes, and the picture on white that each encoder finds nearest."""
    step = max(1, len(among.shown) // SHOWN)
    rows = list(range(0, len(among.shown), step))[:SHOWN]
    sheet = Sheet(2 * GAP + (1 + len(found)) * (CELL + 4), HEAD + len(rows) * (CELL + 4) + GAP)
    _heads(sheet, list(found), 2 * GAP + CELL, CELL + 4)
    for row, query in enumerate(rows):
        chosen = torch.tensor([places[query] for places in found.values()])
        cells = _cells(torch.cat([among.scenes[query][None], among.gallery[chosen]]))
        for column, cell in enumerate(cells):
            left = GAP + column * (CELL + 4) + (GAP if column else 0)
            sheet.put(cell, left, HEAD + row * (CELL + 4))
    return np.asarray(sheet.image)


def _heads(sheet: Sheet, names: Sequence[str], left: int, width: int) -> None:
    for column, name in enumerate(names):
        sheet.write(left + column * width, HEAD / 2, (name, 15, FAINT), room=width)


def _cells(pictures: Tensor) -> list[np.ndarray]:
    arrays = ((pictures + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    return [np.asarray(Image.fromarray(each).resize((CELL, CELL))) for each in arrays]
