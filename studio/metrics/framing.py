"""Where the things of a picture are: its ground, what stands out from it, and a tight frame.

A thing is drawn larger or smaller, here or there; framed, it is compared for what it is.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage  # type: ignore[import-untyped]

from studio.dataset.colours import lab

BORDER = 5  # pixels of 256
APART = 14.0  # CIELAB distance from the ground at which a pixel belongs to a thing
SPECK = 0.02  # islands smaller than this part of the largest are dirt
MARGIN = 1.04


def ground_value(picture: np.ndarray) -> np.ndarray:
    """The median (R, G, B) of a (H, W, 3) uint8 picture's border."""
    b = max(1, BORDER * picture.shape[0] // 256)
    edges = (picture[:b], picture[-b:], picture[:, :b], picture[:, -b:])
    median: np.ndarray = np.median(np.concatenate([e.reshape(-1, 3) for e in edges]), axis=0)
    return median


def islands(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels (H, W), 0 for the ground, of connected parts off the ground, and each part's area."""
    far = np.linalg.norm(lab(picture) - lab(ground_value(picture)), axis=-1) > APART
    labels, _ = ndimage.label(far)
    return labels, np.bincount(labels.ravel())[1:]


def framed(picture: np.ndarray, side: int = 128) -> np.ndarray:
    """What stands out from the ground, cut out as a square and resized: (side, side, 3) uint8.

    Beyond the picture's edges the ground goes on. An empty picture is resized whole.
    """
    size = picture.shape[0]
    labels, areas = islands(picture[::2, ::2])
    if not len(areas):
        return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR))
    kept = np.isin(labels, 1 + np.flatnonzero(areas >= SPECK * areas.max()))
    rows, columns = (2 * np.flatnonzero(kept.any(axis)) for axis in (1, 0))
    half = MARGIN * (max(np.ptp(rows), np.ptp(columns)) / 2 + 1)
    pad = size // 2
    red, green, blue = ground_value(picture).astype(int)
    canvas = Image.new("RGB", (2 * size, 2 * size), (int(red), int(green), int(blue)))
    canvas.paste(Image.fromarray(picture), (pad, pad))
    y, x = (pad + 1 + (line[0] + line[-1]) / 2 for line in (rows, columns))
    box = (x - half, y - half, x + half, y + half)
    return np.asarray(canvas.resize((side, side), Image.Resampling.BILINEAR, box=box))
