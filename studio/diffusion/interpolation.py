"""Ways between points: noise on the sphere, latents on a line, four ends on a square.

At an end every function returns that end's own tensor: a walk begins and ends bit for bit where
it should. torch only.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

import torch
from torch import Tensor

from studio.core.errors import pick
from studio.diffusion.paths import per_picture

ALMOST_PARALLEL = 1e-4  # radians: below, the sphere is as good as flat


def lerp(a: Tensor, b: Tensor, share: float) -> Tensor:
    """(1 - s) a + s b. Between independent standard normals its variance is (1 - s)^2 + s^2: half
    of theirs half way, noise that no denoiser was trained on."""
    if share in (0.0, 1.0):
        return b if share else a
    return (1.0 - share) * a + share * b


def slerp(a: Tensor, b: Tensor, share: float) -> Tensor:
    """Along the great circle from a to b, (B, ...), each picture by itself (Shoemake 1985):

    [sin((1 - s) w) a + sin(s w) b] / sin w, with w the angle between a and b.

    Equal norms are kept; others change from |a| to |b| on the way. Independent standard normals
    are nearly at right angles, so that the mix has variance cos^2 + sin^2 = 1 all along. Opposite
    points have no one great circle; the way between them is then the straight one.
    """
    if share in (0.0, 1.0):
        return b if share else a
    angle = angles(a, b)
    flat = (angle < ALMOST_PARALLEL) | (math.pi - angle < ALMOST_PARALLEL)
    angle = torch.where(flat, math.pi / 2, angle)
    of_a = torch.where(flat, 1.0 - share, ((1.0 - share) * angle).sin() / angle.sin())
    of_b = torch.where(flat, share, (share * angle).sin() / angle.sin())
    return (per_picture(of_a, a) * a + per_picture(of_b, b) * b).to(a.dtype)


def angles(a: Tensor, b: Tensor) -> Tensor:
    """Between a and b, (B, ...): (B,) radians from 0 to pi, by the halves of a rhombus, exact where
    an arc cosine is not: near 0 and pi (Kahan 2006)."""
    wide = torch.promote_types(a.dtype, torch.float32)
    flat_a, flat_b = a.flatten(1).to(wide), b.flatten(1).to(wide)
    norm_a, norm_b = flat_a.norm(dim=1, keepdim=True), flat_b.norm(dim=1, keepdim=True)
    across, along = flat_a * norm_b - flat_b * norm_a, flat_a * norm_b + flat_b * norm_a
    return 2.0 * torch.atan2(across.norm(dim=1), along.norm(dim=1))


METHODS: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {
    "slerp": slerp,
    "lerp": lerp,
}


def bilinear(ends: Sequence[Tensor], u: float, v: float, method: str) -> Tensor:
    """Between two ends at u, or four (top left, top right, bottom left, bottom right) at (u, v):
    two ways across, then one down. Raises UsageError for an unknown method."""
    between = pick("interpolation", method, METHODS)
    top = between(ends[0], ends[1], u)
    return top if len(ends) == 2 else between(top, between(ends[2], ends[3], u), v)


def coarse_to_fine(count: int) -> tuple[int, ...]:
    """0 ... count - 1 in the order in which a walk is seen soonest: ends, middle, quarters, ..."""
    order, gaps = list(dict.fromkeys((0, count - 1))), [(0, count - 1)]
    while gaps:
        low, high = gaps.pop(0)
        if high - low > 1:
            middle = (low + high) // 2
            order.append(middle)
            gaps += [(low, middle), (middle, high)]
    return tuple(order[:count])


def coarse_to_fine_grid(rows: int, columns: int) -> tuple[int, ...]:
    """Row-by-row numbers of a grid's cells, corners first, then ever finer."""
    down, across = _ranks(rows), _ranks(columns)

    def fineness(cell: int) -> tuple[int, int]:
        a, b = down[cell // columns], across[cell % columns]
        # ends have ranks 0 and 1, the middle 2, quarters 3 and 4, eighths 5 to 8, ...
        return (max(a, b, 1) - 1).bit_length(), a + b

    return tuple(sorted(range(rows * columns), key=fineness))


def _ranks(count: int) -> dict[int, int]:
    return {index: rank for rank, index in enumerate(coarse_to_fine(count))}


def equal_speed(distances: Sequence[float], count: int) -> tuple[float, ...]:
    """`count` shares from 0 to 1 between which equal lengths lie, on a way whose parts, evenly
    spaced in the share, are `distances` long: the inverse of the broken line of their sums. count
    >= 2, distances >= 0; a way of no length keeps its even shares."""
    sums = [0.0, *accumulate(distances)]
    if sums[-1] <= 0.0:
        return tuple(k / (count - 1) for k in range(count))
    shares = []
    for k in range(1, count - 1):
        wanted = sums[-1] * k / (count - 1)
        part = min(bisect_right(sums, wanted), len(distances)) - 1
        inside = (wanted - sums[part]) / distances[part] if distances[part] > 0 else 0.0
        shares.append((part + inside) / len(distances))
    return 0.0, *shares, 1.0
