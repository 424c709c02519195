"""Latents decoded by the engine, one request at a time; their pictures are remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from studio.core.generating import Decode, Decoded
from studio.ui.job import Requester
from studio.ui.jobs import Jobs
from studio.ui.recent import Recent

Batch = tuple[str, Mapping[Any, np.ndarray]]  # a model, its latents (C, h, w) by key


class Decoder(Requester):
    """`pictures` are what `make` makes of (h, w, 3) uint8, by key.

    `changed` says that more have come; `ended` that a wish, by its name, has all of its pictures,
    or that they will not come: what failed or was cancelled is not asked again by itself. Requests
    go to the front of the queue, unless `front` is False.
    """

    changed = Signal()
    ended = Signal(str, bool)

    def __init__(
        self,
        jobs: Jobs,
        most: int,
        parent: QObject | None = None,
        make: Callable[[np.ndarray], Any] = np.asarray,
        front: bool = True,
    ) -> None:
        super().__init__(jobs, parent)
        self._make, self._front = make, front
        self.pictures: Recent[Any, Any] = Recent(most)
        self._wishes: dict[str, list[Batch]] = {}
        self._asked: tuple[Any, ...] = ()

    def want(self, name: str, batches: Iterable[Batch]) -> None:
        """A request for each batch, without what is there; before other wishes, and in place of
        the last one of that name."""
        self._wishes.pop(name, None)
        self._wishes = {name: list(batches), **self._wishes}
        self._go_on()

    def forget(self) -> None:
        """All pictures and wishes."""
        self.drop()
        self._asked = ()
        self.pictures.clear()
        self._wishes.clear()

    def _go_on(self) -> None:
        while self.job is None and self._wishes:
            name, batches = next(iter(self._wishes.items()))
            if batches:
                self._ask(*batches.pop(0))
            else:
                del self._wishes[name]
                self.ended.emit(name, True)

    def _ask(self, model: str, latents: Mapping[Any, np.ndarray]) -> None:
        self._asked = tuple(key for key in latents if self.pictures.look(key) is None)
        if not self._asked:
            return
        wanted = np.stack([latents[key] for key in self._asked]).astype(np.float32)
        if (job := self.ask(Decode(model, wanted), self._front)) is not None:
            job.on(Decoded, self._decoded)
        else:
            self._give_up()

    def _give_up(self) -> None:
        names, self._wishes = tuple(self._wishes), {}
        for name in names:
            self.ended.emit(name, False)

    @Slot(object)
    def _decoded(self, event: Decoded) -> None:
        for key, image in zip(self._asked, event.images, strict=False):
            self.pictures.keep(key, self._make(image))
        self._asked = ()
        self.changed.emit()

    def over(self) -> None:
        if self._asked:  # nothing came
            self._give_up()
        else:
            self._go_on()
