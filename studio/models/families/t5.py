"""Texts as T5's encoder reads them: pieces of words and an end.

Must not import torch at run time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.core.prompts import Phrase
from studio.core.tokens import Counted

if TYPE_CHECKING:
    from studio.networks.text import TextFeatures


@dataclass(frozen=True)
class T5Text:
    """A tokenizer and an encoder of the package transformers.

    `length`: tokens it reads, the end among them. Most families read what the text does not fill as
    if it were words; one that is `masked` reads the first token of that and nothing beyond.
    """

    tokenizer: Any
    encoder: Any
    length: int
    masked: bool = False

    def __call__(self, phrase: Phrase) -> TextFeatures:
        """Each word's states times its weight, all read; no vector of the whole."""
        import torch

        found = self.tokenizer(
            phrase.text, max_length=self.length, truncation=True, padding="max_length",
            return_tensors="pt", return_offsets_mapping=True,
        )  # fmt: skip
        there, kept = found.attention_mask, self.length
        if self.masked:
            kept = min(int(there.sum()) + 1, self.length)
        ids, there = (each[:, :kept].to(self.encoder.device) for each in (found.input_ids, there))
        with torch.inference_mode():
            states = self.encoder(ids, attention_mask=there if self.masked else None)[0]
        return weighed(phrase, states, found["offset_mapping"][0, :kept].tolist())

    def counted(self, phrase: Phrase) -> Counted:
        return Counted.of(phrase, self._spans(phrase), self.length, ends=1)

    def placed(self, phrase: Phrase) -> list[tuple[int, int, int]]:
        """The number of every token that is read of words, and its characters."""
        spans = self._spans(phrase)[: self.length - 1]
        return [(number, *span) for number, span in enumerate(spans)]

    def _spans(self, phrase: Phrase) -> list[tuple[int, int]]:
        """All, the end left out."""
        found = self.tokenizer(phrase.text, return_offsets_mapping=True, verbose=False)
        return [(start, end) for start, end in found["offset_mapping"][:-1]]


def weighed(phrase: Phrase, states: Any, spans: list[list[int]], start: int = 0) -> TextFeatures:
    """States (1, L, W) of tokens that stand for these characters of a text in which the phrase
    begins at `start`. Their mean is not kept: unlike CLIP's it is about 0, and says nothing."""
    from studio.networks.text import TextFeatures

    weights = states.new_tensor([weight_of(phrase, a - start, b - start) for a, b in spans])
    mask = states.new_ones(states.shape[:2]).bool()
    return TextFeatures(states * weights[:, None], mask, states.new_zeros(1, 1))


def weight_of(phrase: Phrase, first: int, end: int) -> float:
    """Of a token: the space before its word does not count, nor what is outside of the phrase."""
    first = max(first, 0)
    while first < end and phrase.text[first : first + 1].isspace():
        first += 1
    return phrase.weight(first, end) if first < end else 1.0
