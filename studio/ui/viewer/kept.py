"""The trajectories of the newest pictures that have one. Must not import widgets or torch."""

from __future__ import annotations

from collections import OrderedDict

from studio.core.generating import Picture
from studio.ui.library.pictures import Entry

MOST = 8


class Kept(OrderedDict[Entry, Picture]):
    """At most MOST; the oldest goes first."""

    def keep(self, entry: Entry, made: Picture) -> None:
        """Nothing happens to a picture without a trajectory."""
        if made.trajectory is not None:
            self[entry] = made
            while len(self) > MOST:
                self.popitem(last=False)
