"""What every cell shows while its way is played: small pictures at once, full ones when they come.

Asks the engine to decode the latents of the frames that are looked at, one request at a time, and
remembers the pictures. Must not import widgets or torch.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from studio.core import generating
from studio.core.generating import Decode
from studio.ui.image.scaled import Picture
from studio.ui.jobs import Jobs
from studio.ui.workspaces.compare.comparison import Comparison
from studio.ui.workspaces.compare.heat import heat_map

#: What a frame can show: the name, the label, the tooltip.
CHANNELS = {
    "clean": ("Predicted x₀", "The picture that the model predicts from there"),
    "noisy": ("Noisy xₜ", "The sample itself, noise and all"),
    "gap": (
        "Guidance gap",
        "Where guidance pulls: |ε with prompt − ε without|, pale is strong, in one scale"
        " for all cells",
    ),
}
SMALL, FULL = 600, 256  # pictures kept
SMOOTH_TO = 128
NEARLY_ALL = 0.99


@dataclass(frozen=True)
class Frame:
    """One frame of one cell as one channel shows it."""

    cell: int
    frame: int
    channel: str


class _Kept(OrderedDict[Frame, Picture]):
    """Forgets what was not looked at longest."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def look(self, frame: Frame) -> Picture | None:
        if frame in self:
            self.move_to_end(frame)
        return self.get(frame)

    def keep(self, frame: Frame, picture: Picture) -> Picture:
        self[frame] = picture
        while len(self) > self._most:
            self.popitem(last=False)
        return picture


class Frames(QObject):
    """Pictures of frames; `changed` says that fuller ones have come."""

    changed = Signal()

    def __init__(self, comparison: Comparison, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._comparison, self._jobs = comparison, jobs
        self._small, self._full = _Kept(SMALL), _Kept(FULL)
        self._wanted: tuple[Frame, ...] = ()
        self._asked: tuple[Frame, ...] = ()
        self.job: int | None = None
        self._most = 0.0
        comparison.began.connect(self._forget)
        comparison.made.connect(self._measure_gap)
        comparison.ended.connect(self._ask)
        jobs.decoded.connect(self._decoded)
        jobs.finished.connect(self._finished)

    @property
    def strongest_gap(self) -> float:
        """|epsilon_c - epsilon_u| that all heat maps show palest: hardly any place has more."""
        return self._most

    def picture(self, wanted: Frame) -> Picture | None:
        """The best picture there is of a frame; None without a trajectory, or without a gap."""
        result = self._comparison.results[wanted.cell]
        if wanted.channel != "gap" and wanted.frame == len(result.times) - 1:
            return result.picture
        return self._full.look(wanted) or self._small.look(wanted) or self._make_small(wanted)

    def want(self, frames: Iterable[Frame]) -> None:
        """Decodes these in full, the last wish first; what is there already is not asked again."""
        self._wanted = tuple(frames)
        self._ask()

    def _make_small(self, wanted: Frame) -> Picture | None:
        cell = self._comparison.results[wanted.cell].cell
        kept = cell.trajectory if cell is not None else None
        if kept is None:
            return None
        if wanted.channel == "gap":
            if not kept.gap.any():
                return None
            pixels = heat_map(kept.gap[wanted.frame], self._most)
        else:
            pixels = (kept.clean if wanted.channel == "clean" else kept.noisy)[wanted.frame]
        return self._small.keep(wanted, Picture(pixels, SMOOTH_TO, whole=False))

    def _missing(self) -> tuple[Frame, ...]:
        results = self._comparison.results
        return tuple(
            each
            for each in self._wanted
            if each.channel != "gap"
            and each not in self._full
            and each.frame < len(results[each.cell].times) - 1
        )

    @Slot()
    def _ask(self) -> None:
        """Not while a comparison runs: its cells come first, and small pictures are there."""
        missing = self._missing()
        if self.job is not None or not missing or self._comparison.job is not None:
            return
        latents = np.stack([self._latents(each) for each in missing]).astype(np.float32)
        model = self._comparison.results[missing[0].cell].settings.model
        self._asked = missing
        self.job = self._jobs.submit(Decode(model, latents), front=True)

    def _latents(self, wanted: Frame) -> np.ndarray:
        cell = self._comparison.results[wanted.cell].cell
        assert cell is not None
        assert cell.trajectory is not None
        kept = cell.trajectory
        return np.asarray((kept.x0 if wanted.channel == "clean" else kept.x)[wanted.frame])

    @Slot()
    def _forget(self) -> None:
        self._small.clear()
        self._full.clear()
        self._wanted = self._asked = ()
        self._most = 0.0

    @Slot(int)
    def _measure_gap(self, index: int) -> None:
        """A stronger gap changes the scale of every heat map."""
        cell = self._comparison.results[index].cell
        if cell is not None and cell.trajectory is not None and cell.trajectory.gap.size:
            most = float(np.quantile(cell.trajectory.gap, NEARLY_ALL))
            if most > self._most:
                self._most = most
                for each in [each for each in self._small if each.channel == "gap"]:
                    del self._small[each]

    @Slot(object)
    def _decoded(self, event: generating.Decoded) -> None:
        if event.job == self.job:
            for each, image in zip(self._asked, event.images, strict=False):
                self._full.keep(each, Picture(image))
            self.changed.emit()

    @Slot(int)
    def _finished(self, job: int) -> None:
        if job == self.job:
            came = any(each in self._full for each in self._asked)
            self.job, self._asked = None, ()
            if came:  # a decoder that failed or was cancelled is not asked again by itself
                self._ask()
