"""The contact sheet: pictures in a grid, each with its prompt under it. NumPy and Pillow only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from studio.report.lettering import fitted, write

COLUMNS = 6
GAP, LABEL, TITLE = 16, 30, 46
PAPER, INK, FAINT = (250, 250, 248), (34, 34, 38), (120, 120, 126)


def contact_sheet(pictures: np.ndarray, labels: Sequence[str], title: str) -> np.ndarray:
    """(N, S, S, 3) uint8 pictures and N labels -> one (H, W, 3) uint8 sheet, six to a row."""
    assert len(pictures) == len(labels), f"{len(pictures)} pictures, {len(labels)} labels"
    side = pictures.shape[1]
    columns = min(COLUMNS, len(labels))
    rows = -(-len(labels) // columns)
    size = (GAP + columns * (side + GAP), TITLE + rows * (side + LABEL + GAP))
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    write(draw, (GAP, TITLE // 2), fitted(title, 18, size[0] - 2 * GAP), FAINT, 18)
    for i, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        left = GAP + (i % columns) * (side + GAP)
        top = TITLE + (i // columns) * (side + LABEL + GAP)
        sheet.paste(Image.fromarray(picture), (left, top))
        where = left + side / 2, top + side + LABEL / 2
        write(draw, where, fitted(label, 15, side), INK, 15, "m")
    return np.asarray(sheet)
