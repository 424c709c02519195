"""What the Reconstruct workspace works on: pictures, chosen autoencoders, results.

Its views read it and listen to it; none of them keeps pictures of its own.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from studio.core.autoencoding import Reconstruct, Reconstructed
from studio.ui.job import Requester
from studio.ui.jobs import Jobs
from studio.ui.starting.opener import Source


def short(autoencoder: str) -> str:
    """A name for people: of a path its folder and its own name."""
    path = Path(autoencoder)
    return f"{path.parent.name}/{path.name}" if path.is_absolute() else autoencoder


class Workbench(Requester):
    """`results` maps (number of the picture, autoencoder) to what came back."""

    pictures_changed = Signal()
    current_changed = Signal(int)
    chosen_changed = Signal()
    result = Signal(object)  # autoencoding.Reconstructed of the running request
    finished = Signal()

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(jobs, parent)
        self.sources: tuple[Source, ...] = ()
        self.current = 0
        self.chosen: tuple[str, ...] = ()
        self.results: dict[tuple[int, str], Reconstructed] = {}
        self._numbers: tuple[int, ...] = ()

    @property
    def source(self) -> Source | None:
        """The current picture."""
        return self.sources[self.current] if self.sources else None

    @property
    def seen(self) -> tuple[Reconstructed, ...]:
        """The current picture's results, in the order chosen."""
        found = (self.results.get((self.current, name)) for name in self.chosen)
        return tuple(each for each in found if each is not None)

    def add(self, sources: tuple[Source, ...]) -> None:
        """Adds pictures; the first of them becomes the current one."""
        if sources:
            self.sources += sources
            self.pictures_changed.emit()
            self.select(len(self.sources) - len(sources))

    def remove(self, number: int) -> None:
        """Takes one picture away; while a request runs nothing happens."""
        if not self.sources or self.job is not None:
            return
        self.sources = tuple(s for i, s in enumerate(self.sources) if i != number)
        kept = {k: r for k, r in self.results.items() if k[0] != number}
        self.results = {(i - (i > number), name): r for (i, name), r in kept.items()}
        self.current = min(self.current, max(0, len(self.sources) - 1))
        self.pictures_changed.emit()

    def clear(self) -> None:
        self.sources, self.current, self.results = (), 0, {}
        self.pictures_changed.emit()

    def select(self, number: int) -> None:
        self.current = number
        self.current_changed.emit(number)

    def choose(self, autoencoders: tuple[str, ...]) -> None:
        """The autoencoders to compare, by name or path."""
        if autoencoders != self.chosen:
            self.chosen = autoencoders
            self.chosen_changed.emit()

    def run(self) -> bool:
        """Asks for what is chosen and not there yet of every picture; False if nothing is."""
        if self.job is not None:
            return False
        self._numbers = tuple(
            number
            for number in range(len(self.sources))
            if any((number, name) not in self.results for name in self.chosen)
        )
        if not self._numbers:
            return False
        pictures = tuple(self.sources[number].pixels for number in self._numbers)
        if (job := self.ask(Reconstruct(pictures, self.chosen))) is not None:
            job.on(Reconstructed, self._reconstructed)
        return job is not None

    def clear_result(self, autoencoder: str) -> None:
        """Forgets what an autoencoder made: it has been trained anew."""
        self.results = {key: each for key, each in self.results.items() if key[1] != autoencoder}

    @Slot()
    def forget_unjudged(self) -> None:
        """LPIPS can be measured now: what was made without it is made again."""
        judged = {key: each for key, each in self.results.items() if each.figures.lpips is not None}
        if len(judged) < len(self.results) and self.job is None:
            self.results = judged
            self.run()

    @Slot(object)
    def _reconstructed(self, event: Reconstructed) -> None:
        self.results[self._numbers[event.picture], event.autoencoder] = event
        self.result.emit(event)

    def over(self) -> None:
        self.finished.emit()
