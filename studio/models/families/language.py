"""Texts as language models read them: within a template, unpadded, as the states of one layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from studio.core.errors import UsageError
from studio.core.prompts import Phrase
from studio.networks.text import TextFeatures


@dataclass(frozen=True)
class LanguageText:
    """A tokenizer and a language model of the package transformers.

    `most`: tokens it reads, the template's among them, which stands `before` and `after` a text;
    `layer`: whose states, counted from the end; `dropped`: from which token to which the denoiser
    is not given any. It is causal, so padding would change nothing.
    """

    tokenizer: Any
    model: Any
    most: int
    layer: int = -1
    before: str = ""
    after: str = ""
    dropped: tuple[int, int] = (0, 0)

    @torch.inference_mode()
    def __call__(self, phrase: Phrase) -> TextFeatures:
        """Raises UsageError for weights: these denoisers normalise every state, and what is scaled
        before that stays as it was."""
        if phrase.weighed:
            raise UsageError(
                "this model knows no weighed words; write the prompt without (word:1.2)."
            )
        found = self.tokenizer(
            f"{self.before}{phrase.text}{self.after}",
            max_length=self.most,
            truncation=True,
            return_tensors="pt",
        )
        ids = found.input_ids.to(self.model.device)
        headless = getattr(self.model, "model", self.model)  # words to come are not asked for
        states: Tensor = headless(ids, output_hidden_states=True).hidden_states[self.layer][0]
        start, end = self.dropped
        return features(torch.cat([states[:start], states[end:]]))

    def unread(self, text: str) -> str:
        whole = f"{self.before}{text}{self.after}"
        spans = self.tokenizer(whole, return_offsets_mapping=True).offset_mapping
        rest = spans[self.most :]
        return text[max(rest[0][0] - len(self.before), 0) :] if rest else ""


def features(states: Tensor) -> TextFeatures:
    """Those of one text, every token (L, W) of it read, and no vector of the whole."""
    mask = torch.ones((1, len(states)), dtype=torch.bool, device=states.device)
    return TextFeatures(states[None], mask, states.new_zeros((1, 1)))
