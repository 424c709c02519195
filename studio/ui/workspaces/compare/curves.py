"""From a comparison's cells to curves of distance against cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from studio.core.settings import Settings
from studio.ui.workspaces.compare.comparison import Comparison, Result

LEAST = 1e-5  # below this a distance is rounding; a logarithm needs a floor


@dataclass(frozen=True)
class Point:
    """The mean of the cells that differ only in seed or prompt."""

    steps: int
    cost: float
    distance: float
    index: int  # of the first of its cells


@dataclass(frozen=True)
class Curve:
    """One sampler, its points by cost. `label` says what sets it apart from the other curves."""

    settings: Settings  # without what varies along the curve
    label: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Measure:
    """A figure of a cell: on a button, its tooltip, at an axis, beside a number."""

    text: str
    tip: str
    title: str
    unit: str
    of: Callable[[Result], float | None]


# fmt: off
COSTS = {
    "nfe": Measure("NFE", "Against evaluations of the denoiser", "NFE (denoiser evaluations)",
        "NFE", lambda r: r.cell.nfe if r.cell else None),
    "seconds": Measure("Seconds", "Against seconds on this machine", "Seconds",
        "s", lambda r: r.cell.seconds if r.cell else None),
}
DISTANCES = {
    "latent": Measure("Latent", "Root mean square over latents", "Latent distance (RMS)",
        "", lambda r: r.distance.latent if r.distance else None),
    "lpips": Measure("LPIPS", "Perceptual distance between the pictures", "LPIPS",
        "", lambda r: r.distance.lpips if r.distance else None),
}
# fmt: on


def curves(comparison: Comparison, cost: str, distance: str) -> tuple[Curve, ...]:
    """One for each sampler (and whatever else is compared besides steps, seeds and prompts)."""
    found: dict[Settings, dict[int, list[int]]] = {}
    for index, result in enumerate(comparison.results):
        if result.cell is not None and DISTANCES[distance].of(result) is not None:
            settings = result.settings
            key = replace(settings, steps=1, seed=0, prompt="", negative="")
            found.setdefault(key, {}).setdefault(settings.steps, []).append(index)
    made = []
    for key, by_steps in found.items():
        points = [_point(comparison.results, steps, cells, cost, distance)
                  for steps, cells in by_steps.items()]  # fmt: skip
        points.sort(key=lambda point: point.cost)
        made.append(Curve(key, _label(comparison, key), tuple(points)))
    return tuple(made)


def pareto(points: Iterable[Point]) -> tuple[Point, ...]:
    """Those that no other is both cheaper and nearer than, by cost."""
    front: list[Point] = []
    for point in sorted(points, key=lambda each: (each.cost, each.distance)):
        if not front or point.distance < front[-1].distance:
            front.append(point)
    return tuple(front)


def _point(results: list[Result], steps: int, cells: list[int], cost: str, distance: str) -> Point:
    costs = [COSTS[cost].of(results[index]) or 0.0 for index in cells]
    far = [DISTANCES[distance].of(results[index]) or 0.0 for index in cells]
    mean = sum(far) / len(far)
    return Point(steps, sum(costs) / len(costs), max(mean, LEAST), cells[0])


def _label(comparison: Comparison, key: Settings) -> str:
    assert comparison.grid is not None
    compared = {"sampler", *(axis.name for axis in comparison.grid.axes)}
    told = [name for name in ("sampler", "guidance", "rule", "schedule") if name in compared]
    return " · ".join(comparison.value_label(name, getattr(key, name)) for name in told)
