"""A run between its frames: where particles are, how dense the truth is, at any time t."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from studio.core.laboratory import LabRun

BINS = 48  # of a marginal
TRAIL = 0.2  # how much of t a trail reaches back
FOLLOWED = 50  # particles that draw a trail


class Motion:
    """Reads a LabRun at t = 1 (noise) to 0 (data), linearly between its frames.

    Where the run was guided to a class, the truth is that `part` of the distribution: its samples
    are known, its density is not.
    """

    def __init__(self, run: LabRun, part: bool = False) -> None:
        self.run, self.part = run, part
        self.extent = run.backdrop.extent
        self._times = np.asarray(run.times, np.float64)
        self._field_times = np.asarray(run.backdrop.times, np.float64)

    def points(self, t: float) -> np.ndarray:
        """The particles, (P, 2)."""
        return _at(self.run.points, self._times, t)

    def density(self, t: float) -> np.ndarray:
        """The truth's density on the backdrop's grid, (side, side), row by row from below."""
        return _at(self.run.backdrop.density, self._field_times, t)

    def field(self, name: str, t: float) -> np.ndarray:
        """Where "velocity" moves a particle on its way to the data, or the "score", at the nearest
        time: (side, side, 2)."""
        nearest = int(np.abs(self._field_times - t).argmin())
        if name == "velocity":
            return -self.run.backdrop.velocity[nearest]  # dz/dt, and t falls
        return self.run.backdrop.score[nearest]

    def trails(self, t: float) -> np.ndarray:
        """The last positions of the first particles, (k, Q, 2), the present ones last."""
        passed = (self._times > t) & (self._times < t + TRAIL)
        reach = min(t + TRAIL, float(self._times[0]))
        oldest, now = self.points(reach)[None], self.points(t)[None]
        return np.concatenate((oldest, self.run.points[passed], now))[:, :FOLLOWED]

    def marginal(self, axis: int, t: float) -> np.ndarray:
        """The particles' density along x (0) or y (1), (BINS,) from -extent to extent."""
        values = self.points(t)[:, axis]
        edges = np.linspace(-self.extent, self.extent, BINS + 1)
        counts, _ = np.histogram(values, edges)
        return counts / (len(values) * (edges[1] - edges[0]))

    def true_marginal(self, axis: int, t: float) -> np.ndarray:
        """The truth's, (side,) at the backdrop's points."""
        if self.part:
            return self._marginal_of_samples(axis, t)
        density = self.density(t)
        step = 2 * self.extent / (len(density) - 1)
        return density.sum(axis) * step

    def _marginal_of_samples(self, axis: int, t: float) -> np.ndarray:
        """Of (1 - t) x0 + t epsilon over the true samples x0: the mean of their Gaussians, none
        narrower than a bin."""
        centres = (1 - t) * self.run.truth[:, axis]
        width = max(t, 2 * self.extent / BINS)
        line = np.linspace(-self.extent, self.extent, self.run.backdrop.density.shape[1])
        far = (line[:, None] - centres) / width
        return np.exp(-(far**2) / 2).mean(1) / (width * math.sqrt(2 * math.pi))

    @cached_property
    def highest(self) -> float:
        """The truth's highest marginal at the data: the scale of both marginals' drawings."""
        return float(max(self.true_marginal(axis, 0.0).max() for axis in (0, 1)))

    @cached_property
    def angles(self) -> np.ndarray:
        """The direction each particle's noise lay in, (P,) in turns, 0 to 1."""
        x, y = self.run.points[0].T
        return np.arctan2(y, x) / (2 * np.pi) % 1.0

    @cached_property
    def missed(self) -> float:
        """The median distance from where the particles end to where the exact ODE takes them."""
        gaps = np.linalg.norm(self.run.points[-1] - self.run.exact_end, axis=1)
        return float(np.median(gaps))


def _at(frames: np.ndarray, times: np.ndarray, t: float) -> np.ndarray:
    """Linear between two frames, still before the first and after the last; times fall."""
    place = float(np.interp(-t, -times, np.arange(len(times))))
    first = min(int(place), len(times) - 2)
    share = place - first
    return (1 - share) * frames[first] + share * frames[first + 1]
