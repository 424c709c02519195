"""What every cell shows while its way is played: small pictures at once, full ones later."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal, Slot

from studio.ui.image.scaled import Picture
from studio.ui.jobs import Jobs
from studio.ui.output import channels
from studio.ui.output.decoder import Decoder
from studio.ui.recent import Recent
from studio.ui.workspaces.compare.comparison import Comparison

#: What a frame can show: the name, the label, the tooltip.
CHANNELS = {name: channels.CHANNELS[name] for name in ("clean", "noisy")} | {
    "gap": (
        "Guidance gap",
        "Where guidance pulls: |ε with prompt − ε without|, pale is strong, in one scale"
        " for all cells",
    ),
}
SMALL, FULL = 600, 256  # pictures kept
SMOOTH_TO = 128


class Frame(NamedTuple):
    """One frame of one cell as one channel shows it."""

    cell: int
    frame: int
    channel: str


class Frames(QObject):
    """Pictures of frames; `changed` says that fuller ones have come."""

    changed = Signal()

    def __init__(self, comparison: Comparison, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self._small: Recent[Frame, Picture] = Recent(SMALL)
        self._wanted: tuple[Frame, ...] = ()
        self.decoder = Decoder(jobs, FULL, self, Picture)
        self.strongest_gap = 0.0  # that all heat maps show palest: hardly any place has more
        self.decoder.changed.connect(self.changed)
        comparison.began.connect(self._forget)
        comparison.made.connect(self._measure_gap)
        comparison.ended.connect(self._ask)

    def picture(self, wanted: Frame) -> Picture | None:
        """The best picture there is of a frame; None without a trajectory, or without a gap."""
        result, (_, frame, channel) = self._comparison.results[wanted.cell], wanted
        if channel != "gap" and frame == len(result.times) - 1:
            return result.picture
        there: Picture | None = self.decoder.pictures.look(wanted) or self._small.look(wanted)
        kept = result.trajectory
        if there is not None or kept is None or (channel == "gap" and not kept.gap.any()):
            return there
        pixels = channels.small(kept, channel, frame, self.strongest_gap)
        return self._small.keep(wanted, Picture(pixels, SMOOTH_TO, whole=False))

    def want(self, frames: Iterable[Frame]) -> None:
        """Decodes these in full, the last wish first; what is there already is not asked again."""
        self._wanted = tuple(frames)
        self._ask()

    @Slot()
    def _ask(self) -> None:
        """Not while a comparison runs: its cells come first, and small pictures are there."""
        wanted = {}
        for each in self._wanted:
            kept = self._comparison.results[each.cell].trajectory
            _, frame, channel = each
            if kept and channel != "gap" and frame < channels.last_of(channel, kept):
                wanted[each] = channels.latents(kept, channel)[frame]
        if wanted and self._comparison.job is None:
            model = self._comparison.results[self._wanted[0].cell].settings.model
            self.decoder.want("look", ((model, wanted),))

    @Slot()
    def _forget(self) -> None:
        self._small.clear()
        self.decoder.forget()
        self._wanted, self.strongest_gap = (), 0.0

    @Slot(int)
    def _measure_gap(self, index: int) -> None:
        """A stronger gap changes the scale of every heat map."""
        kept = self._comparison.results[index].trajectory
        most = channels.strongest(kept) if kept is not None else 0.0
        if most > self.strongest_gap:
            self.strongest_gap = most
            for each in [each for each in self._small if each.channel == "gap"]:
                del self._small[each]
