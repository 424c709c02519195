"""Distributions of the plane by name, each a Gaussian mixture: its score is known at every noise.

What the two-dimensional laboratory shows and the toy networks learn. All are centred, of about unit
size. Must not import torch at run time (the window lists them).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from studio.core.errors import pick
from studio.diffusion.paths import evenly

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from studio.diffusion.mixture import Mixture

Point = tuple[float, float]


@dataclass(frozen=True)
class Distribution:
    """Equal parts N(centre, std^2 I). `classes` are the parts of each class that guidance can pull
    to. All of it lies within -extent to extent.
    """

    name: str
    label: str
    centres: tuple[Point, ...]
    std: float
    classes: tuple[tuple[int, ...], ...]
    extent: float

    @cached_property
    def mixture(self) -> Mixture:
        """Its samples, density, score and denoiser."""
        from studio.diffusion.mixture import Mixture

        count = len(self.centres)
        return Mixture((1.0 / count,) * count, self.centres, (self.std,) * count)

    def log_classes(self, x: Tensor, alpha: float = 1.0, sigma: float = 0.0) -> Tensor:
        """log p(class | x) in nats, (B, classes), of x (B, 2) at that noise; classes are alike
        frequent."""
        import torch

        parts = (self.mixture.conditional(each) for each in self.classes)
        return torch.stack([p.log_density(x, alpha, sigma) for p in parts], -1).log_softmax(-1)

    def draw_labels(self, points: Tensor, generator: Generator) -> Tensor:
        """The classes (N,) that points of the data (N, 2) come from, drawn from p(class | x)."""
        import torch

        return torch.multinomial(self.log_classes(points).exp(), 1, generator=generator)[:, 0]


def _arc(centre: Point, radius: float, first: float, last: float, count: int) -> tuple[Point, ...]:
    """`count` points evenly along a circle, between two angles in half turns."""
    return tuple(
        (centre[0] + radius * math.cos(math.pi * u), centre[1] + radius * math.sin(math.pi * u))
        for u in evenly(first, last, count)
    )


def _halves(count: int) -> tuple[tuple[int, ...], ...]:
    return tuple(range(count // 2)), tuple(range(count // 2, count))


def _each(count: int) -> tuple[tuple[int, ...], ...]:
    return tuple((k,) for k in range(count))


# Narrow parts so close that the arcs are smooth: 0.06 apart, 0.09 wide.
_MOONS = (
    *_arc((-0.6, -0.3), 1.2, 0.0, 1.0, 64),
    *_arc((0.6, 0.3), 1.2, 1.0, 2.0, 64),
)
# They overlap: what is between two of them might be of either (Ho & Salimans 2022, figure 2).
_TRIO = _arc((0.0, 0.0), 0.9, 0.5, 0.5 + 4 / 3, 3)
_GRID = tuple((0.7 * column, 0.7 * row) for row in range(-2, 3) for column in range(-2, 3))

DISTRIBUTIONS: dict[str, Distribution] = {
    each.name: each
    for each in (
        Distribution("moons", "Two moons", _MOONS, 0.09, _halves(128), 2.4),
        Distribution("grid", "Grid of 25", _GRID, 0.07, _each(25), 2.0),
        Distribution("ring", "Ring of 8", _arc((0.0, 0.0), 1.4, 0.0, 1.75, 8), 0.1, _each(8), 2.1),
        Distribution("pair", "Two Gaussians", ((-1.0, 0.0), (1.0, 0.0)), 0.3, _each(2), 2.4),
        Distribution("trio", "Three clouds", _TRIO, 0.5, _each(3), 3.2),
    )
}


def find_distribution(name: str) -> Distribution:
    """The distribution of that name. Raises UsageError."""
    return pick("distribution", name, DISTRIBUTIONS)
