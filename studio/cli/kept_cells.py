"""The cells of a comparison that several processes make: all that its sheet and film need."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields

import numpy as np

from studio.core.comparing import Cell, Compare, Distance
from studio.core.generating import Trajectory
from studio.core.parts import Parts

TRAJECTORY = tuple(field.name for field in fields(Trajectory))


class KeptCells:
    """Cells and distances as parts, a name each."""

    def __init__(self, parts: Parts, request: Compare) -> None:
        self._parts, self._request = parts, request

    @property
    def done(self) -> set[int]:
        """The cells that are made, and measured if they shall be."""
        last = "distance" if self._request.distances else "cell"
        return {n for n in range(len(self._request.cells)) if f"{last} {n}" in self._parts}

    def put(self, event: Cell | Distance) -> None:
        match event:
            case Cell(trajectory=kept):
                figures = np.array([event.seconds, event.nfe])
                steps = {} if kept is None else {n: np.array(getattr(kept, n)) for n in TRAJECTORY}
                self._parts.put(
                    f"cell {event.index}",
                    image=event.image,
                    latents=event.latents,
                    figures=figures,
                    **steps,
                )
            case Distance(latent=latent, lpips=lpips):
                known = [latent] if lpips is None else [latent, lpips]
                self._parts.put(f"distance {event.index}", known=np.array(known))

    def made(self, numbers: Collection[int]) -> tuple[Cell, ...]:
        """Those of the cells that are there."""
        return tuple(self.cell(n) for n in numbers if f"cell {n}" in self._parts)

    def cell(self, number: int) -> Cell:
        """Waits until it is made."""
        found = self._parts.get(f"cell {number}")
        seconds, nfe = found["figures"].tolist()
        steps = None
        if "times" in found:
            kept = {name: found[name] for name in TRAJECTORY[1:]}
            steps = Trajectory(tuple(found["times"].tolist()), **kept)
        settings = self._request.cells[number]
        return Cell(0, number, found["image"], found["latents"], settings, seconds, int(nfe), steps)

    def distance(self, number: int) -> Distance:
        """Waits until it is measured."""
        latent, *lpips = self._parts.get(f"distance {number}")["known"].tolist()
        return Distance(0, number, latent, lpips[0] if lpips else None)
