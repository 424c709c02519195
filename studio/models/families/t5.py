"""Texts as T5's encoder reads them: pieces of words and an end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from studio.core.prompts import Phrase


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

    @torch.inference_mode()
    def __call__(self, phrase: Phrase) -> tuple[Tensor, Tensor]:
        """(1, L, W), each word's states times its weight, and (1, L): True where there is one."""
        found = self.tokenizer(
            phrase.text, max_length=self.length, truncation=True, padding="max_length",
            return_tensors="pt", return_offsets_mapping=True,
        )  # fmt: skip
        there, kept = found.attention_mask, self.length
        if self.masked:
            kept = min(int(there.sum()) + 1, self.length)
        ids, there = (each[:, :kept].to(self.encoder.device) for each in (found.input_ids, there))
        tokens = self.encoder(ids, attention_mask=there if self.masked else None)[0]
        weights = weights_at(phrase, found["offset_mapping"][0, :kept].tolist())
        return tokens * tokens.new_tensor(weights)[:, None], torch.ones_like(
            there, dtype=torch.bool
        )

    def unread(self, text: str) -> str:
        spans = self.tokenizer(text, return_offsets_mapping=True)["offset_mapping"][:-1]
        rest = spans[self.length - 1 :]
        return text[rest[0][0] :].lstrip() if rest else ""


def weights_at(phrase: Phrase, spans: list[list[int]], start: int = 0) -> list[float]:
    """The weight of each token, by the characters it stands for, in a text where the phrase begins
    at `start`; 1 for what is no part of it. Their mean is left as it is: unlike CLIP's it is about
    0, and says nothing of how strong the words are."""
    found = []
    for first, end in spans:
        first, end = max(first - start, 0), end - start
        while first < end and phrase.text[first : first + 1].isspace():  # of the word after it
            first += 1
        found.append(phrase.weight(first, end) if first < end else 1.0)
    return found
