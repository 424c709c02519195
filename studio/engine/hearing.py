"""How models tell what their words do: each call of the denoiser, to a listener. Imports torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, cast

import torch
from torch import Tensor
from torch.nn import functional as F

from studio.core import prompts
from studio.core.errors import UsageError
from studio.core.prompts import Phrase
from studio.diffusion.paths import rf_time
from studio.models.checkpoint import Checkpoint, unheard
from studio.models.families.adapter import LIKENESS
from studio.models.latent_diffusion import LatentDiffusion, Networks
from studio.models.model import Model
from studio.networks.attention import Record
from studio.networks.denoiser import Block, CrossAttention
from studio.networks.tokenizer import Word


class Heard(Protocol):
    """What attention did in one call, by its row."""

    def attention(self, numbers: Sequence[int], row: int) -> Tensor:
        """(h, w), the share that goes to the tokens of these numbers; the mean over layers and
        heads."""

    def likeness(self, text: str, prompt: str, row: int) -> Tensor:
        """(h, w), how like the text is what the prompt brings to each place, -1 to 1."""


class Listener(Protocol):
    """Is told of each call that is `wanted`, at its time of the rectified flow, whose first `rows`
    are those of prompts; `texts` are all whose likeness it asks for."""

    wanted: bool
    rows: int
    texts: tuple[str, ...]

    def hear(self, time: float, heard: Heard) -> None: ...


class Hearing(Protocol):
    """A model that tells. `likeness`: also of texts that its prompt has not."""

    likeness: bool

    def words(self, phrase: Phrase) -> list[Word]:
        """Those that are read, punctuation left out."""

    def telling(self, listener: Listener) -> AbstractContextManager[None]: ...


def hearing_of(model: Model) -> Hearing:
    """Raises UsageError for a model that has no such attention."""
    if isinstance(model, LatentDiffusion):
        return Ours(model)
    if isinstance(model, Checkpoint) and model.adapter.maps:
        return Theirs(model)
    raise UsageError(f"{model.info.name} cannot tell what its words do.")


class Ours:
    """The studio's own."""

    likeness = True

    def __init__(self, model: LatentDiffusion) -> None:
        self._model = model

    def words(self, phrase: Phrase) -> list[Word]:
        return self._model.networks.tokenizer.words(phrase)

    @contextmanager
    def telling(self, listener: Listener) -> Iterator[None]:
        networks = self._model.networks
        by_itself = {text: answers(networks, prompts.escaped(text)) for text in listener.texts}
        whole: dict[str, list[Tensor]] = {}

        def told(time: float, record: Record) -> None:
            if listener.wanted:
                listener.hear(time, OursHeard(networks, record, by_itself, whole))

        self._model.recorded = told
        try:
            yield
        finally:
            self._model.recorded = None


class OursHeard:
    """One call's; `whole` are the answers to prompts, as far as they are known."""

    def __init__(
        self,
        networks: Networks,
        record: Record,
        by_itself: dict[str, list[Tensor]],
        whole: dict[str, list[Tensor]],
    ) -> None:
        self._networks, self._record = networks, record
        self._by_itself, self._whole = by_itself, whole
        config = networks.denoiser.config
        self._grid = (config.side // config.patch,) * 2

    def attention(self, numbers: Sequence[int], row: int) -> Tensor:
        return attention_map(self._record, numbers, row).unflatten(0, self._grid)

    def likeness(self, text: str, prompt: str, row: int) -> Tensor:
        if prompt not in self._whole:
            self._whole[prompt] = answers(self._networks, prompt, ends=True)
        found = concept_map(self._record, self._by_itself[text], self._whole[prompt], row)
        return found.unflatten(0, self._grid)


class Theirs:
    """A checkpoint's."""

    def __init__(self, model: Checkpoint) -> None:
        self._model, self.likeness = model, LIKENESS in model.adapter.maps

    def words(self, phrase: Phrase) -> list[Word]:
        return self._model.adapter.words(phrase)

    @contextmanager
    def telling(self, listener: Listener) -> Iterator[None]:
        model, texts = self._model, {text: self._tokens(text) for text in listener.texts}

        @contextmanager
        def overheard(x: Tensor, t: Tensor) -> Iterator[None]:
            if not listener.wanted:
                yield
                return
            with model.adapter.heard(x, texts, listener.rows) as heard:
                yield
            listener.hear(rf_time(model.path.lambda_from_t(float(t[0]))), heard)

        model.overheard = overheard
        try:
            yield
        finally:
            model.overheard = unheard

    def _tokens(self, text: str) -> Tensor:
        """(n, W) those of the words of a text by itself, of all if it has none."""
        tokens = self._model.condition([prompts.escaped(text)]).tokens[0]
        numbers = [number for word in self.words(prompts.plain(text)) for number in word.numbers]
        return tokens[numbers] if numbers else tokens


def attention_map(record: Record, numbers: Sequence[int], row: int) -> Tensor:
    """(L,) the share of the attention that these tokens get, its mean over layers and heads."""
    layers = [shares[row, :, :, list(numbers)].sum(-1).mean(0) for shares in record.cross]
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
