"""One word's map over every picture of the grid; each is made once more to see where words act."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from studio.core import prompts
from studio.core.errors import UsageError
from studio.core.messages import CancelledAt, Failed
from studio.core.settings import Settings
from studio.core.word_maps import MOST_WORDS, MapWords, WordMap, WordsMapped, limits, span
from studio.core.wording import capitalised
from studio.ui.job import Requester
from studio.ui.jobs import Jobs
from studio.ui.output.channels import frame_at
from studio.ui.viewer.words import KINDS, NO_OTHER, Scale, coloured, shares
from studio.ui.widgets.choice_box import ChoiceBox
from studio.ui.widgets.form import Check, line_edit, row
from studio.ui.widgets.segments import Segments
from studio.ui.workspaces.compare.comparison import Comparison

WIDE = 150  # logical pixels, of the list of words
SIDE = 96  # pixels of a map, which is drawn smoothly
NONE = ""
CHOOSE = (
    "Show where this word acts in every picture: the mean over the steps, or while the time below"
    " stands before the end, the step there (W on the grid)"
)
OTHER = "Find any other word in all pictures, whether or not their prompts have it (Enter)."
ONE_SCALE = (
    "One scale for all pictures and their steps: a colour is one number in all of them. Otherwise"
    " each picture's own least is clear and its most coloured (O on the grid)"
)
AGAIN = "measuring words…"
WAITING = "words: waiting"
NO_MAP = "words: not measured"


class CellWords(Requester):
    """Makes the pictures in sight once more, one after another, and keeps where their words act."""

    changed = Signal()

    def __init__(self, comparison: Comparison, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(jobs, parent)
        self._comparison = comparison
        self._kept: dict[Settings, WordsMapped] = {}
        self._wanted: tuple[Settings, ...] = ()
        self._asked: Settings | None = None
        self._stopped = False
        self.word = NONE
        comparison.began.connect(self._forget)
        comparison.ended.connect(self._ask)

    def choose(self, word: str) -> None:
        """Shows this word from now on; `want` then says where."""
        self.word, self._stopped = word, False
        if word == NONE:
            self.want(())

    def want(self, cells: Iterable[Settings]) -> None:
        """Looks for the word in these; what is not wanted any more is dropped."""
        self._wanted = tuple(dict.fromkeys(cells)) if self.word else ()
        if self.job is not None and self._asked not in self._wanted:
            self.drop()
        self._ask()

    def map(self, cell: Settings, kind: str, time: float) -> np.ndarray | None:
        """(h, w) of the word at a time, at 0 the mean over the steps; None where there is none of
        that kind. A word that was typed more than once is where any of them is."""
        maps = self.maps(cell, kind)
        if not maps:
            return None
        step = frame_at(self._kept[cell].times, time)
        return np.max([each[step] if time > 0 else each.mean(0) for each in maps], axis=0)

    def maps(self, cell: Settings, kind: str) -> list[np.ndarray]:
        """(steps, h, w) for each time that the word was typed."""
        there = [word for word in self._words(cell) if _same(word.text, self.word)]
        typed = [word for word in there if word.attention is not None]
        return [word.maps(kind) for word in (there if kind == "concept" else typed)]

    def _words(self, cell: Settings) -> tuple[WordMap, ...]:
        return self._kept[cell].words if cell in self._kept else ()

    @property
    def find_any(self) -> bool:
        """Whether words can be looked for that the prompts have not, as far as is known."""
        return all(found.finds_any for found in self._kept.values())

    def problem(self, cell: Settings, kind: str) -> str:
        """Why a picture shows no map, in a few words."""
        if kind == "attention" and self._is_known(cell):
            return f"“{self.word}” is not in the prompt"
        if cell.guidance == 0.0:
            return "guidance 0: no word is read"
        if cell == self._asked and self.job is not None:
            return AGAIN
        return NO_MAP if self._stopped else WAITING

    def _is_known(self, cell: Settings) -> bool:
        return any(_same(word.text, self.word) for word in self._words(cell))

    @Slot()
    def _ask(self) -> None:
        """The first that is missing, once the comparison itself is made."""
        if self.job is not None or self._comparison.job is not None or self._stopped:
            return
        cells = (each for each in self._wanted if each.guidance != 0.0)
        self._asked = next((each for each in cells if not self._is_known(each)), None)
        if self._asked is None:
            return
        others = [word.text for word in self._words(self._asked) if word.attention is None]
        absent = not any(_same(word, self.word) for word in words_of([self._asked]))
        words = (*others, self.word)[-MOST_WORDS:] if absent or self._asked in self._kept else ()
        try:
            job = self.ask(MapWords(self._asked, words), front=True)
        except UsageError as error:
            self._stop()
            self.failed.emit(capitalised(str(error)))
            return
        if job is not None:
            job.on(WordsMapped, partial(self._came, self._asked))
            job.on(CancelledAt, self._stop)
            job.on(Failed, self._stop)

    def _came(self, cell: Settings, event: WordsMapped) -> None:
        self._kept[cell] = event
        self.changed.emit()

    @Slot(object)
    def _stop(self, _: object = None) -> None:
        """Until a word is chosen again."""
        self._stopped = True

    @Slot()
    def _forget(self) -> None:
        self._kept.clear()
        self._wanted = ()
        self.drop()

    def over(self) -> None:
        self._ask()
        self.changed.emit()


class WordBar(QWidget):
    """Chooses the word and how its maps are shown; `changed` follows every choice."""

    changed = Signal()

    def __init__(self, comparison: Comparison, jobs: Jobs) -> None:
        super().__init__()
        self.setObjectName("compareWordBar")
        self._comparison = comparison
        self.maps = CellWords(comparison, jobs, self)
        self._others: list[str] = []
        self._drawn: dict[Settings, QImage] = {}
        self._scale: tuple[float, float] | None = None
        self._time = 0.0
        self.word = ChoiceBox("compareWord", "Word over all pictures", CHOOSE, ())
        self.word.setMinimumWidth(WIDE)
        self.other = line_edit("compareOther", "Another word", OTHER, "Another word…")
        self.other.setFixedWidth(130)
        self.kind = Segments("compareWordShow", "The map shows", KINDS)
        self.one_scale = Check("compareOneScale", "One scale", ONE_SCALE, checked=True)
        self.scale = Scale("compareScale")
        self._shown = QWidget()
        row(self.other, self.kind, self.scale, self.one_scale, gap=8, on=self._shown)
        row(self.word, self._shown, gap=8, on=self)
        self.word.edited.connect(self._choose)
        self.other.returnPressed.connect(self._look_for)
        self.kind.chosen.connect(self._restyle)
        self.one_scale.toggled.connect(self._restyle)
        self.maps.changed.connect(self._restyle)
        comparison.began.connect(self._began)
        self._began()

    @Slot()
    def _began(self) -> None:
        """The words of this comparison's prompts; the one that is shown stays, if it is there."""
        self._others = []
        self._offer()
        self._choose(self.word.value())

    def _offer(self) -> None:
        words = words_of(result.settings for result in self._comparison.results)
        tip = "Where “{}” acts"
        found = [(word, word, tip.format(word)) for word in words]
        found += [(word, f"+ {word}", tip.format(word)) for word in self._others]
        self.word.offer([(NONE, "No word", "The pictures alone"), *found])

    @Slot(object)
    def _choose(self, word: str) -> None:
        self.maps.choose(word)
        self._shown.setVisible(word != NONE)
        self._restyle()

    @Slot()
    def _look_for(self) -> None:
        """Adds a word to those that can be chosen, and chooses it."""
        word = " ".join(self.other.text().split())
        if not word:
            return
        self.other.clear()
        known = next((each for each in self._known() if _same(each, word)), NONE)
        if not known:
            self._others.append(word)
            self._offer()
        self.word.set_value(known or word)
        self._choose(known or word)

    def _known(self) -> list[str]:
        return [str(self.word.itemData(number)) for number in range(1, self.word.count())]

    def stand_at(self, time: float) -> None:
        """Where the pictures are on their way, as the scrubber says."""
        if time != self._time:
            self._time = time
            self._drawn.clear()

    @Slot()
    def _restyle(self, _: object = None) -> None:
        """In one scale of all pictures whose maps are there, or each in its own."""
        self._drawn.clear()
        cells = [result.settings for result in self._comparison.results]
        any_word = self.maps.find_any
        self.kind.enable("concept", any_word)
        self.other.setEnabled(any_word)
        self.other.setToolTip(OTHER if any_word else NO_OTHER)
        there = [each for cell in cells for each in self.maps.maps(cell, self.kind.value)]
        self._scale = limits(there) if there and self.one_scale.isChecked() else None
        self.scale.show_limits(self._scale, self.kind.value)
        self.changed.emit()

    def over(self, cell: Settings) -> tuple[QImage | None, str]:
        """What lies over a cell's picture, and what it says there."""
        if not self.maps.word:
            return None, ""
        kind = self.kind.value
        found = self.maps.map(cell, kind, self._time)
        if found is None:
            return None, self.maps.problem(cell, kind)
        own = limits([found])
        if cell not in self._drawn:
            self._drawn[cell] = coloured(shares(found, *(self._scale or own), SIDE))
        when = f" at t {self._time:.2f}," if self._time > 0 else ""
        return self._drawn[cell], f"{self.maps.word}{when} {span(kind, *own)}"


def words_of(cells: Iterable[Settings]) -> tuple[str, ...]:
    """The words of their prompts, each once, whenever on the way they are read."""
    found: dict[str, str] = {}
    for prompt, steps in dict.fromkeys((cell.prompt, cell.steps) for cell in cells):
        reading = prompts.read(prompt)
        texts = (
            part.at(turn, steps).text for turn in reading.turns(steps) for part in reading.parts
        )
        for word in (word for text in texts for word in re.findall(r"[^\W_]+", text)):
            found.setdefault(word.casefold(), word)
    return tuple(found.values())


def _same(a: str, b: str) -> bool:
    return a.casefold() == b.casefold()
