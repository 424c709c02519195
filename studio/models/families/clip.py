"""Texts as CLIP's encoders read them: 77 tokens, padded, with a beginning and an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import AddedToken
from torch import Tensor

from studio.core.errors import ModelError
from studio.core.prompts import Phrase

ENDS = 2  # tokens that stand for no word: the beginning and the end


@dataclass(frozen=True)
class Added:
    """Words that a tokenizer did not know: by its new id of each, which `vectors` (n, W) stand for
    it, counted on from the encoder's own."""

    places: Mapping[int, range]
    vectors: Tensor


def with_words(tokenizer: Any, encoder: Any, words: Mapping[str, Tensor]) -> Any:
    """A copy of the tokenizer that also knows these words, for the encoder: (n, W) each. Raises
    ModelError for one that it has already, perhaps as a part of others."""
    tokenizer, places, first = deepcopy(tokenizer), {}, encoder.config.vocab_size
    for word, vectors in words.items():
        if word in tokenizer.get_vocab():
            raise ModelError(f"the prompt's {word!r} is a word of the model's; rename the file.")
        tokenizer.add_tokens([AddedToken(word, single_word=True)])
        places[tokenizer.convert_tokens_to_ids(word)] = range(first, first := first + len(vectors))
    tokenizer.added = Added(places, torch.cat([*words.values()]).to(encoder.device, encoder.dtype))
    return tokenizer


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
        with self._seen(self._ids(phrase.text)) as ids:
            output = self.encoder(ids, output_hidden_states=skip is not None)
        tokens = output.last_hidden_state if skip is None else output.hidden_states[-skip]
        pooled = getattr(output, "text_embeds", None)
        pooled = output.pooler_output if pooled is None else pooled
        return self._weighed(tokens, phrase), pooled

    def unread(self, text: str) -> str:
        rest = self._read(text)[self.length - ENDS :]
        return text[rest[0][1] :] if rest else ""

    def _read(self, text: str) -> list[tuple[int, int, int]]:
        """Every token's id, its beginning and end; an embedding is as many as its vectors."""
        found = self.tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
        places = self._added.places if self._added else {}
        return [
            (each, *span)
            for token, span in zip(found["input_ids"], found["offset_mapping"], strict=True)
            for each in places.get(token, (token,))
        ]

    @property
    def _added(self) -> Added | None:
        return getattr(self.tokenizer, "added", None)

    def _ids(self, text: str) -> Tensor:
        ids = [each for each, _, _ in self._read(text)[: self.length - ENDS]]
        ids = [self.tokenizer.bos_token_id, *ids, self.tokenizer.eos_token_id]
        ids += [self.tokenizer.pad_token_id] * (self.length - len(ids))
        return torch.tensor([ids], device=self.encoder.device)

    @contextmanager
    def _seen(self, ids: Tensor) -> Iterator[Tensor]:
        """Ids that the encoder knows; meanwhile it finds the added vectors at their places."""
        if (added := self._added) is None:
            yield ids
            return
        known = self.encoder.config.vocab_size
        theirs = ids >= known

        def looked_up(module: Any, given: Any, found: Tensor) -> Tensor:
            found[theirs] = added.vectors.to(found)[ids[theirs] - known]
            return found

        handle = self.encoder.get_input_embeddings().register_forward_hook(looked_up)
        try:
            yield ids.where(~theirs, 0)
        finally:
            handle.remove()

    def _weighed(self, tokens: Tensor, phrase: Phrase) -> Tensor:
        """Each word's vector times its weight, then all to the mean they had (as Stable Diffusion
        web UI does); weights of 1 change nothing."""
        if not phrase.weighed:
            return tokens
        read = self._read(phrase.text)[: self.length - ENDS]
        words = [1.0, *(phrase.weight(start, end) for _, start, end in read)]
        words += [1.0] * (tokens.shape[1] - len(words))
        scaled = tokens * tokens.new_tensor(words)[:, None]
        return scaled * (tokens.float().mean() / scaled.float().mean()).to(tokens.dtype)
