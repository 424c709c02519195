"""Texts as CLIP's encoders read them: 77 tokens, padded, with a beginning and an end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from studio.core.prompts import Phrase

ENDS = 2  # tokens that stand for no word: the beginning and the end


@dataclass(frozen=True)
class ClipText:
    """A tokenizer and an encoder of the package transformers."""

    tokenizer: Any
    encoder: Any

    @property
    def length(self) -> int:
        """Tokens it reads, both ends among them."""
        return min(
            int(self.tokenizer.model_max_length), self.encoder.config.max_position_embeddings
        )

    @torch.inference_mode()
    def __call__(self, phrase: Phrase, skip: int | None = None) -> tuple[Tensor, Tensor]:
        """(1, L, W) hidden states and (1, P), the text as one vector.

        The states are those after the last layer and its norm, or with `skip` those of the layer
        that many before the end, unnormed (2: the last but one). The vector is the projected one
        where the encoder has a projection.
        """
        ids = self._ids(phrase.text)
        output = self.encoder(ids, output_hidden_states=skip is not None)
        tokens = output.last_hidden_state if skip is None else output.hidden_states[-skip]
        pooled = getattr(output, "text_embeds", None)
        pooled = output.pooler_output if pooled is None else pooled
        return self._weighed(tokens, phrase), pooled

    def unread(self, text: str) -> str:
        found = self.tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
        spans = found["offset_mapping"]
        rest = spans[self.length - ENDS :]
        return text[rest[0][0] :] if rest else ""

    def _ids(self, text: str) -> Tensor:
        found = self.tokenizer(
            text,
            padding="max_length",
            max_length=self.length,
            truncation=True,
            return_tensors="pt",
        )
        ids: Tensor = found.input_ids
        return ids.to(self.encoder.device)

    def _weighed(self, tokens: Tensor, phrase: Phrase) -> Tensor:
        """Each word's vector times its weight, then all to the mean they had (as Stable Diffusion
        web UI does); weights of 1 change nothing."""
        if not phrase.weighed:
            return tokens
        found = self.tokenizer(
            phrase.text, return_offsets_mapping=True, max_length=self.length, truncation=True
        )
        words = [phrase.weight(*span) for span in found["offset_mapping"]]
        words += [1.0] * (tokens.shape[1] - len(words))
        scaled = tokens * tokens.new_tensor(words)[:, None]
        return scaled * (tokens.float().mean() / scaled.float().mean()).to(tokens.dtype)
