"""Where the words of a prompt act, and where any other word would.

Two maps of a word, both from the denoiser's cross attention while it makes the picture again. How
much of its attention each place gives the word: DAAM, Tang et al. 2022, arXiv:2210.04885. And how
like the word's own answer is what attention brings there, both without what is common to all, the
mean over the picture and over the prompt: after ConceptAttention, Helbling et al. 2025,
arXiv:2502.04320, whose model attends jointly; ours asks the prompt in every other block.
docs/prompts.md says how far they can be trusted. Imports torch. Must not import Qt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from studio.core import prompts
from studio.core.errors import UsageError
from studio.core.generating import Preview
from studio.core.messages import Progress
from studio.core.word_maps import MapWords, WordMap, WordsMapped
from studio.diffusion.state import State
from studio.diffusion.switched import SAME
from studio.engine.batches import Batch, Clock, Runner, lost_numbers
from studio.engine.starting import Seeds, source_of
from studio.models.format import Check
from studio.models.latent_diffusion import LatentDiffusion, Networks
from studio.models.model import Model
from studio.models.plan import Plan
from studio.networks.attention import Record
from studio.networks.denoiser import Block, CrossAttention
from studio.networks.tokenizer import Word

Place = tuple[str, int, int]  # a word and where it was typed


def map_words(
    model: Model, request: MapWords, check: Check = lambda: None, job: int = 0
) -> Iterator[Progress | Preview | WordsMapped]:
    """One WordsMapped at the end. `check` is called between steps and may raise Cancelled.

    Raises UsageError for a model that has no such attention, StudioError for numbers that ran over.
    """
    if not isinstance(model, LatentDiffusion):
        raise UsageError(f"{model.info.name} cannot tell what its words do.")
    plan = Plan.of(request.settings)
    source = source_of(model, plan.settings, request.inputs)
    batch = Batch(plan, (0,), Seeds.of([plan.settings]), source)
    runner = Runner(model, Clock(plan.cost), 1, check, job)
    seen = Seen(model, plan, request.words)
    model.recorded = seen.hear
    try:
        made = yield from runner.made(batch, shown=seen.end_step)
    finally:
        model.recorded = None
    if runner.lost:
        raise lost_numbers("Picture", runner.lost, plan.settings)
    yield WordsMapped(job, seen.maps(), tuple(seen.times), made.images[0])


class Seen:
    """Gathers the maps: of each step, those of its first call that hears the prompt."""

    def __init__(self, model: LatentDiffusion, plan: Plan, others: Sequence[str]) -> None:
        networks = model.networks
        self.times: list[float] = []
        _, height, width = model.latent_shape(plan.settings.size)
        patch = networks.denoiser.config.patch
        self._shape = height // patch, width // patch
        self._fresh = True
        reading, steps = prompts.read(plan.settings.prompt), plan.settings.steps
        self._turns = [plan.times[turn] for turn in reading.turns(steps)]
        read = networks.tokenizer.words
        self._words = [  # of each text in turn: of each part
            [read(part.at(turn, steps)) for part in reading.parts] for turn in reading.turns(steps)
        ]
        every = (word for texts in self._words for words in texts for word in words)
        places = sorted({_place(word) for word in every}, key=lambda place: place[1])
        self._attention: dict[Place, list[Tensor]] = {place: [] for place in places}
        self._answers = {
            text: answers(networks, prompts.escaped(text))  # by itself
            for text in {place[0] for place in places} | {*others}
        }
        self._means = [
            [answers(networks, part.at(turn, steps).typed(), ends=True) for part in reading.parts]
            for turn in reading.turns(steps)
        ]
        self._concepts: dict[str, list[Tensor]] = {text: [] for text in self._answers}
        self._others = others

    def end_step(self, state: State) -> tuple[Preview, ...]:
        """The next call belongs to a new step."""
        self._fresh = True
        return ()

    def hear(self, time: float, record: Record) -> None:
        """A call of the denoiser; its first rows are the prompt's parts."""
        if not self._fresh:
            return
        self._fresh = False
        self.times.append(time)
        turn = max(sum(time <= begin + SAME for begin in self._turns), 1) - 1
        found: dict[Place, Tensor] = {}
        for row, words in enumerate(self._words[turn]):
            for word in words:
                found[_place(word)] = attention_map(record, word, row)
        for place, maps in self._attention.items():
            maps.append(found.get(place, torch.zeros_like(record.heard[0][0, :, 0])))
        for text, maps in self._concepts.items():
            own = self._answers[text]
            each = [concept_map(record, own, of, row) for row, of in enumerate(self._means[turn])]
            maps.append(torch.stack(each).amax(0))

    def maps(self) -> tuple[WordMap, ...]:
        typed = [
            WordMap(*place, self._mapped(maps), self._mapped(self._concepts[place[0]]))
            for place, maps in self._attention.items()
        ]
        others = [
            WordMap(text, -1, -1, None, self._mapped(self._concepts[text])) for text in self._others
        ]
        return (*typed, *others)

    def _mapped(self, maps: Sequence[Tensor]) -> np.ndarray:
        """(steps, h, w)"""
        return torch.stack(list(maps)).float().cpu().numpy().reshape(len(maps), *self._shape)


def attention_map(record: Record, word: Word, row: int) -> Tensor:
    """(L,) the share of the attention that a word's tokens get, its mean over layers and heads."""
    layers = [shares[row, :, :, list(word.numbers)].sum(-1).mean(0) for shares in record.cross]
    return torch.stack(layers).mean(0).float()


def concept_map(
    record: Record, word: Sequence[Tensor], prompt: Sequence[Tensor], row: int
) -> Tensor:
    """(L,) the cosine of what each place hears, from its mean over the picture, and a word's
    answer, from the whole prompt's, each (W,) a layer; the mean over layers."""
    layers = []
    for heard, answer, mean in zip(record.heard, word, prompt, strict=True):
        here = heard[row].float()
        layers.append(F.cosine_similarity(here - here.mean(0), (answer - mean)[None], dim=-1))
    return torch.stack(layers).mean(0)


def answers(networks: Networks, prompt: str, ends: bool = False) -> list[Tensor]:
    """What each cross attention would add if it heard all of a prompt's tokens alike, (W,) a layer;
    with or without those that begin and end it (with them, if it has no others)."""
    tokens = networks.features(prompt).tokens[0]
    inner = tokens if ends or len(tokens) < 3 else tokens[1:-1]
    crosses = (cast(Block, block).cross for block in networks.denoiser.blocks)
    return [_answer(cross, inner) for cross in crosses if cross is not None]


@torch.inference_mode()
def _answer(cross: CrossAttention, tokens: Tensor) -> Tensor:
    values = cross.key_value(tokens.to(cross.query.weight.dtype)).chunk(2, -1)[1]
    return cast(Tensor, cross.out(values)).mean(0).float()


def _place(word: Word) -> Place:
    return word.text, word.start, word.end
