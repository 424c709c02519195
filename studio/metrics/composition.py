"""Exact judges of composed scenes: the ground's colour, how many things, and which is where.

No trained detector: a scene's ground is at its border, things are islands on it, and the side of
a named thing is found by comparing half-frames with the two catalogue pictures.
"""

from __future__ import annotations

import numpy as np
import torch

from studio.dataset.colours import colour_name
from studio.metrics.features import Judge, as_tensor
from studio.metrics.framing import ground_value, islands

LIKE = 0.4  # islands smaller than this part of the largest are details, not things
SIDES = ("left of", "right of", "above", "below")


def ground_colour(picture: np.ndarray) -> str:
    """The name of a plain ground's colour."""
    return colour_name(ground_value(picture))


def count_things(picture: np.ndarray) -> int:
    """How many islands on the ground are at least 40 % as large as the largest; 0 for none."""
    _, areas = islands(picture)
    return int((areas >= LIKE * areas.max()).sum()) if len(areas) else 0


def halves(picture: np.ndarray) -> np.ndarray:
    """The left, right, upper and lower half-frame's square windows: (4, H/2, W/2, 3)."""
    h, w = picture.shape[0] // 2, picture.shape[1] // 2
    top, left = h // 2, w // 2
    return np.stack(
        [
            picture[top : top + h, :w],
            picture[top : top + h, w:],
            picture[:h, left : left + w],
            picture[h:, left : left + w],
        ]
    )


def half(picture: np.ndarray, side: str) -> np.ndarray:
    """A picture of what is in one half, "left", "right", "upper" or "lower"; the rest is ground.

    An island belongs to the half where most of it is, and is left whole if four fifths of it are
    there; one that lies across the middle is cut.

    Args:
        picture: (H, W, 3) uint8; the result is as large.
    """
    labels, areas = islands(picture)
    here = np.zeros(labels.shape, bool)
    middle = labels.shape[1 if side in ("left", "right") else 0] // 2
    part = slice(None, middle) if side in ("left", "upper") else slice(middle, None)
    here[(slice(None), part) if side in ("left", "right") else part] = True
    share = np.bincount(labels[here], minlength=len(areas) + 1)[1:] / np.maximum(areas, 1)
    whole, gone = (1 + np.flatnonzero(test) for test in (share >= 0.8, share < 0.2))
    kept = (here & ~np.isin(labels, gone)) | np.isin(labels, whole)
    ground = ground_value(picture).astype(np.uint8)
    return np.where(kept[..., None], picture, ground)


def side_of(judge: Judge, picture: np.ndarray, first: np.ndarray, second: np.ndarray) -> str:
    """Where the first thing is with respect to the second: one of `SIDES`, the best match.

    Each hypothesis puts one thing in one half and the other opposite; its score is the sum of the
    two similarities. A picture of neither thing answers at random: chance is 1/4.

    Args:
        picture: (H, W, 3) uint8.
        first, second: the things alone, filling their frames, on the picture's ground, (S, S, 3).
    """
    windows = judge.features(as_tensor(halves(picture)))
    things = judge.features(as_tensor(np.stack([first, second])))
    match = windows @ things.T  # (4, 2): left, right, upper, lower by first, second
    scores = [match[i, 0] + match[j, 1] for i, j in ((0, 1), (1, 0), (2, 3), (3, 2))]
    return SIDES[int(torch.stack(scores).argmax())]
