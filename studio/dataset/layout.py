"""Where the things of a scene are: their relations, and a place and a size for each. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SINGLE_SIZE = 0.88  # side of a lone object's square, as a part of the frame's
OPPOSITE = {
    "left of": "right of", "right of": "left of", "above": "below", "below": "above",
    "in front of": "behind", "behind": "in front of", "on top of": "under", "under": "on top of",
}  # fmt: skip
SIDES = ("left of", "right of", "above", "below")
RELATIONS = (*SIDES, "in front of", "behind")
ACTIONS = ("holding", "reading", "wearing")  # what the first thing does with the second
TRIOS = ("between", "with")  # the first between the two others; or above them
OVER = ("in front of", "on top of")  # the first is painted last
SCALES = ("big", "small")

Slot = tuple[float, float, float, float]  # left, top, right, bottom, as parts of the frame
Box = tuple[float, float, float]  # x, y, size of a Placed
WHOLE: Slot = (0.0, 0.0, 1.0, 1.0)
HALVES: tuple[Slot, ...] = ((0.0, 0.12, 0.5, 0.88), (0.5, 0.12, 1.0, 0.88))
STACKED: tuple[Slot, ...] = ((0.12, 0.0, 0.88, 0.5), (0.12, 0.5, 0.88, 1.0))
THIRDS: tuple[Slot, ...] = (
    (0.0, 0.2, 1 / 3, 0.8), (1 / 3, 0.2, 2 / 3, 0.8), (2 / 3, 0.2, 1.0, 0.8),
)  # fmt: skip
TRIANGLE: tuple[Slot, ...] = (
    (0.25, 0.02, 0.75, 0.5), (0.0, 0.5, 0.5, 0.98), (0.5, 0.5, 1.0, 0.98),
)  # fmt: skip
SHARE = {"big": 0.67, "small": 0.31}  # of the frame that a big and a small thing share


def lone(rng: np.random.Generator, jitter: float, scale: str | None, apart: bool) -> Box:
    """One thing: `apart` puts it at a side or in a corner; a scale makes it as its word says."""
    if scale == "big":
        return _within(rng, WHOLE, float(rng.uniform(0.97, 1.0)), jitter)
    if scale == "small":
        return _within(rng, WHOLE, float(rng.uniform(0.3, 0.42)), jitter)
    if apart:
        column, row = divmod((4 + rng.integers(1, 9)) % 9, 3)  # any of nine places, not the middle
        size = float(rng.uniform(0.4, 0.58))
        edge = size / 2 + float(rng.uniform(0.0, 0.04))
        at = (edge, 0.5, 1 - edge)
        return at[column], at[row], size
    return _within(rng, WHOLE, SINGLE_SIZE + jitter * float(rng.uniform(-0.45, 0.1)), jitter)


def several(rng: np.random.Generator, count: int, jitter: float) -> list[Box]:
    """Two or three things of a kind, which do not touch."""
    slots, size = HALVES, 0.48
    if count == 3:
        slots, size = ((THIRDS, 0.32), (TRIANGLE, 0.46))[rng.integers(2)]
    return _each(rng, slots, size, jitter)


def trio(rng: np.random.Generator, relation: str, jitter: float) -> list[Box]:
    """Three different things, the first between the others or above them."""
    if relation == "with":
        return _each(rng, TRIANGLE, 0.46, jitter)
    left, middle, right = _each(rng, THIRDS, 0.33, jitter)
    return [middle, left, right]


def pair(
    rng: np.random.Generator, relation: str, jitter: float, scales: Sequence[str | None]
) -> list[Box]:
    """Side by side or stacked, or one before the other; in the order of mention."""
    if relation in ("in front of", "behind"):
        lean = float(rng.choice((-1, 1)) * rng.uniform(0.04, 0.12))
        back = (0.5 - lean, 0.38, 0.74 * _shrink(rng, jitter))
        front = (0.5 + lean, 0.69, 0.46 * _shrink(rng, jitter))
        return [front, back] if relation == "in front of" else [back, front]
    turned = relation in ("right of", "below")
    slots, sizes = STACKED if relation in ("above", "below") else HALVES, [0.48, 0.48]
    if all(scales):
        sizes = [SHARE[str(scale)] for scale in (scales[::-1] if turned else scales)]
        cut = sizes[0] + 0.01
        slots = ((0.0, 0.12, cut, 0.88), (cut, 0.12, 1.0, 0.88))
        if relation in ("above", "below"):
            slots = ((0.12, 0.0, 0.88, cut), (0.12, cut, 0.88, 1.0))
    boxes = [
        _within(rng, slot, size * _shrink(rng, jitter), jitter)
        for slot, size in zip(slots, sizes, strict=True)
    ]
    return boxes[::-1] if turned else boxes


def stack(rng: np.random.Generator, upper: Slot, lower: Slot) -> list[Box]:
    """One thing standing on another: [upper, lower]. A slot is what is opaque of a thing's own
    square, so that they touch whatever margins they have."""
    size = 0.47, 0.56
    heights = [
        (edges[3] - edges[1]) * side for edges, side in zip((upper, lower), size, strict=True)
    ]
    top = (1 - sum(heights)) / 2
    joint = top + heights[0]
    x = 0.5 + float(rng.uniform(-0.06, 0.06))
    return [
        (x, _clear(joint + 0.015 - upper[3] * size[0] + size[0] / 2, size[0]), size[0]),
        (0.5, _clear(joint - 0.015 - lower[1] * size[1] + size[1] / 2, size[1]), size[1]),
    ]


def acted(
    rng: np.random.Generator, relation: str, bearer: Slot, worn: str, thing: Slot
) -> list[Box]:
    """[who, what]: what is held or read is low in front; a hat is on the head and glasses before
    the eyes of a thing that is all head (`worn` says which)."""
    body, x, y = (0.78, 0.5, 0.6) if worn == "hat" else (0.86, 0.5, 0.46)
    width, height = (bearer[2] - bearer[0]) * body, (bearer[3] - bearer[1]) * body
    centre = x + ((bearer[0] + bearer[2]) / 2 - 0.5) * body
    top = y + (bearer[1] - 0.5) * body
    if relation != "wearing":
        aside = 0.05 if relation == "reading" else 0.25
        size = float(rng.uniform(0.38, 0.44))
        across = centre + float(rng.uniform(-aside, aside)) * width
        return [(x, y, body), (_clear(across, size), _clear(top + height - 0.14, size), size)]
    if worn == "hat":
        size = 0.66 * width / (thing[2] - thing[0])
        foot = top + 0.2 * height  # the brim, a fifth of the head down
        return [(x, y, body), (centre, _clear(foot - (thing[3] - 0.5) * size, size), size)]
    size = (0.66 if worn == "glasses" else 0.34) * width / (thing[2] - thing[0])
    level = 0.43 if worn == "glasses" else 0.97
    return [(x, y, body), (centre, _clear(top + level * height, size), size)]


def _clear(centre: float, size: float) -> float:
    """A centre that leaves the whole square inside the frame."""
    return min(max(centre, size / 2), 1 - size / 2)


def _each(rng: np.random.Generator, slots: Sequence[Slot], size: float, jitter: float) -> list[Box]:
    return [_within(rng, slot, size * _shrink(rng, jitter), jitter) for slot in slots]


def _within(rng: np.random.Generator, slot: Slot, size: float, jitter: float) -> Box:
    """A square of this size in a slot: in its middle, or moved by up to `jitter` of the room."""
    left, top, right, bottom = slot
    u, v = rng.uniform(-jitter, jitter, 2)
    return (
        (left + right) / 2 + float(u) * max(0.0, (right - left - size) / 2),
        (top + bottom) / 2 + float(v) * max(0.0, (bottom - top - size) / 2),
        size,
    )


def _shrink(rng: np.random.Generator, jitter: float) -> float:
    return 1 - 0.25 * jitter * float(rng.random())
