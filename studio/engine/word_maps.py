"""Where the words of a prompt act, and where any other word would.

Two maps of a word, both from the denoiser's cross attention while it makes the picture again. How
much of its attention each place gives the word: DAAM, Tang et al. 2022, arXiv:2210.04885. And how
like the word's own answer is what attention brings there, both without what is common to all, the
mean over the picture and over the prompt: after ConceptAttention, Helbling et al. 2025,
arXiv:2502.04320, whose model attends jointly; ours asks the prompt in every other block. `hearing`
says what of this a model tells.
docs/prompts.md says how far they can be trusted. Imports torch. Must not import Qt.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import overload

import numpy as np
import torch
from torch import Tensor

from studio.core import prompts
from studio.core.errors import UsageError
from studio.core.generating import Preview
from studio.core.messages import Progress
from studio.core.word_maps import MapWords, WordMap, WordsMapped
from studio.diffusion.state import State
from studio.engine.batches import Batch, Clock, Runner, lost_numbers
from studio.engine.hearing import Heard, Hearing, hearing_of
from studio.engine.starting import Seeds, source_of
from studio.models.format import Check
from studio.models.model import Model
from studio.models.plan import Plan
from studio.networks.tokenizer import Word

SAME = 1e-5  # times that differ by less are one, networks being told them in fp32
Place = tuple[str, int, int]  # a word and where it was typed


def map_words(
    model: Model, request: MapWords, check: Check = lambda: None, job: int = 0
) -> Iterator[Progress | Preview | WordsMapped]:
    """One WordsMapped at the end. `check` is called between steps and may raise Cancelled.

    Raises UsageError for a model that has no such attention, StudioError for numbers that ran over.
    """
    hearing_of(model)  # or there is nothing to do
    plan = Plan.of(request.settings)
    if plan.settings.cache:
        raise UsageError("blocks that are left out hear no words; set the block cache to 0.")
    model = plan.dressed(model)
    hearing = hearing_of(model)
    if request.words and not hearing.likeness:
        raise UsageError(f"{model.info.name} can find no words that its prompt has not.")
    source = source_of(model, plan.settings, request.inputs)
    batch = Batch(plan, (0,), Seeds.of([plan.settings]), source)
    runner = Runner(model, Clock(plan.cost), 1, check, job)
    seen = Seen(hearing, plan.on(model), request.words)
    with hearing.telling(seen):
        made = yield from runner.made(batch, shown=seen.end_step)
    if runner.lost:
        raise lost_numbers("Picture", runner.lost, plan.settings)
    yield WordsMapped(job, seen.maps(), tuple(seen.times), made.images[0])


class Seen:
    """Gathers the maps: of each step, those of its first call that hears the prompt."""

    def __init__(self, hearing: Hearing, plan: Plan, others: tuple[str, ...]) -> None:
        """`plan` is that for the model."""
        self.times: list[float] = []
        self.wanted = True
        reading, steps = prompts.read(plan.settings.prompt), plan.settings.steps
        self.rows = len(reading.parts)
        turns = reading.turns(steps)
        self._turns = [plan.times[turn] for turn in turns]
        phrases = [[part.at(turn, steps) for part in reading.parts] for turn in turns]
        self._prompts = [[phrase.typed() for phrase in each] for each in phrases]
        self._words = [[hearing.words(phrase) for phrase in each] for each in phrases]
        every = (word for texts in self._words for words in texts for word in words)
        places = sorted({_place(word) for word in every}, key=lambda place: place[1])
        self._attention: dict[Place, list[Tensor]] = {place: [] for place in places}
        texts = dict.fromkeys([*(place[0] for place in places), *others])
        self.texts = tuple(texts) if hearing.likeness else ()
        self._concepts: dict[str, list[Tensor]] = {text: [] for text in self.texts}
        self._others = others

    def end_step(self, state: State) -> tuple[Preview, ...]:
        """The next call belongs to a new step."""
        self.wanted = True
        return ()

    def hear(self, time: float, heard: Heard) -> None:
        """A call of the denoiser; its first rows are the prompt's parts."""
        self.wanted = False
        self.times.append(time)
        turn = max(sum(time <= begin + SAME for begin in self._turns), 1) - 1
        numbers = {
            _place(word): (word.numbers, row)
            for row, words in enumerate(self._words[turn])
            for word in words
        }
        for place, maps in self._attention.items():
            maps.append(heard.attention(*numbers.get(place, ((), 0))))
        for text, maps in self._concepts.items():
            parts = enumerate(self._prompts[turn])
            each = [heard.likeness(text, prompt, row) for row, prompt in parts]
            maps.append(torch.stack(each).amax(0))

    def maps(self) -> tuple[WordMap, ...]:
        typed = [
            WordMap(*place, _stacked(maps), _stacked(self._concepts.get(place[0])))
            for place, maps in self._attention.items()
        ]
        others = [
            WordMap(text, -1, -1, None, _stacked(self._concepts[text])) for text in self._others
        ]
        return (*typed, *others)


@overload
def _stacked(maps: list[Tensor]) -> np.ndarray: ...
@overload
def _stacked(maps: list[Tensor] | None) -> np.ndarray | None: ...
def _stacked(maps: list[Tensor] | None) -> np.ndarray | None:
    """(steps, h, w)"""
    return None if maps is None else torch.stack(maps).float().cpu().numpy()


def _place(word: Word) -> Place:
    return word.text, word.start, word.end
