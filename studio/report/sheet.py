"""The contact sheet: pictures in a grid, each with its prompt under it. NumPy and Pillow only."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

COLUMNS = 6
GAP, LABEL, TITLE = 16, 30, 46
PAPER, INK, FAINT = (250, 250, 248), (34, 34, 38), (120, 120, 126)
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def contact_sheet(pictures: np.ndarray, labels: Sequence[str], title: str) -> np.ndarray:
    """(N, S, S, 3) uint8 pictures and N labels -> one (H, W, 3) uint8 sheet, six to a row."""
    assert len(pictures) == len(labels), f"{len(pictures)} pictures, {len(labels)} labels"
    side = pictures.shape[1]
    columns = min(COLUMNS, len(labels))
    rows = -(-len(labels) // columns)
    size = (GAP + columns * (side + GAP), TITLE + rows * (side + LABEL + GAP))
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, TITLE // 2), fitted(draw, title, font(18), size[0] - 2 * GAP), FAINT,
              font(18), anchor="lm")  # fmt: skip
    for i, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        left = GAP + (i % columns) * (side + GAP)
        top = TITLE + (i // columns) * (side + LABEL + GAP)
        sheet.paste(Image.fromarray(picture), (left, top))
        text = fitted(draw, label, font(15), side)
        draw.text((left + side / 2, top + side + LABEL / 2), text, INK, font(15), anchor="mm")
    return np.asarray(sheet)


def font(size: int) -> Font:
    return ImageFont.load_default(size)


def fitted(draw: ImageDraw.ImageDraw, text: str, font: Font, width: int) -> str:
    """The text, cut with an ellipsis where it would be wider than `width` pixels."""
    if draw.textlength(text, font) <= width:
        return text
    fits = bisect_left(
        range(1, len(text)), True, key=lambda n: draw.textlength(text[:n] + "…", font) > width
    )
    return text[:fits].rstrip() + "…"
