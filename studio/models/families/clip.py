"""Texts as CLIP's encoders read them: 77 tokens, padded, with a beginning and an end; longer texts
in chunks of as many, side by side (as Stable Diffusion web UI does)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import torch
from tokenizers import AddedToken
from torch import Tensor

from studio.core.errors import ModelError
from studio.core.prompts import Phrase
from studio.core.tokens import Counted, Token

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


class Piece(NamedTuple):
    """A token's id, the characters that it stands for, and the number of the word it is of."""

    id: int
    start: int
    end: int
    word: int


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

    @property
    def room(self) -> int:
        """Tokens of words that it reads at once."""
        return self.length - ENDS

    @torch.inference_mode()
    def __call__(
        self, phrase: Phrase, skip: int = 1, chunks: int = 0, normed: bool = False
    ) -> tuple[Tensor, Tensor]:
        """(1, L, W) hidden states and (1, P), the text as one vector.

        The states are those after the last layer and its norm, or with `skip` after an earlier one
        (2: the last but one), as they are or also `normed`. The vector is the projected one where
        the encoder has a projection. With `chunks`, so many are read one by one, their states
        side by side, the vector the first one's; else the text is cut.
        """
        found = self.chunks(phrase.text) if chunks else [self._pieces(phrase.text)[: self.room]]
        found += [[]] * (chunks - len(found))
        read = [self._encoded(chunk, phrase, skip, normed) for chunk in found]
        return torch.cat([tokens for tokens, _ in read], 1), read[0][1]

    def chunks(self, text: str) -> list[list[Piece]]:
        """All of a text, cut between words unless one is longer than a chunk; at least one."""
        chunks = list[list[Piece]]([[]])
        for _, word in groupby(self._pieces(text), key=lambda piece: piece.word):
            pieces = list(word)
            if chunks[-1] and len(chunks[-1]) + len(pieces) > self.room:
                chunks.append([])
            chunks[-1] += pieces
            while len(chunks[-1]) > self.room:
                chunks.append(chunks[-1][self.room :])
                del chunks[-2][self.room :]
        return chunks

    def placed(self, phrase: Phrase) -> list[tuple[int, int, int]]:
        """The number of every word's token among those of all chunks, and its characters."""
        return [
            (self.length * number + 1 + place, piece.start, piece.end)
            for number, chunk in enumerate(self.chunks(phrase.text))
            for place, piece in enumerate(chunk)
        ]

    def counted(self, phrase: Phrase) -> Counted:
        """All of it, in chunks; what begins and ends them is not counted."""
        chunks = self.chunks(phrase.text)
        tokens = tuple(Token.of(phrase, *piece[1:3]) for chunk in chunks for piece in chunk)
        begins = tuple(_begin(chunk, phrase) for chunk in chunks[1:])
        return Counted(tokens, len(tokens), self.room * len(chunks), begins)

    def counted_once(self, phrase: Phrase) -> Counted:
        """The same of what is cut after the first."""
        return Counted.of(phrase, [piece[1:3] for piece in self._pieces(phrase.text)], self.room)

    def _encoded(
        self, pieces: list[Piece], phrase: Phrase, skip: int, normed: bool
    ) -> tuple[Tensor, Tensor]:
        with self._seen(self._ids(pieces)) as ids:
            output = self.encoder(ids, output_hidden_states=skip > 1)
        tokens = output.last_hidden_state if skip == 1 else output.hidden_states[-skip]
        if normed and skip > 1:
            tokens = self.encoder.get_submodule(self._norm)(tokens)
        pooled = getattr(output, "text_embeds", None)
        pooled = output.pooler_output if pooled is None else pooled
        return self._weighed(tokens, pieces, phrase), pooled

    def _pieces(self, text: str) -> list[Piece]:
        """An embedding is as many as its vectors, all one word."""
        found = self.tokenizer(
            text, return_offsets_mapping=True, add_special_tokens=False, verbose=False
        )
        places = self._added.places if self._added else {}
        told = zip(found["input_ids"], found["offset_mapping"], found.word_ids(), strict=True)
        return [
            Piece(each, start, end, word)
            for token, (start, end), word in told
            for each in places.get(token, (token,))
        ]

    @property
    def _norm(self) -> str:
        """The name of the norm behind the last layer; versions of transformers have two."""
        names = (name for name, _ in self.encoder.named_modules())
        return next(name for name in names if name.endswith("final_layer_norm"))

    @property
    def _added(self) -> Added | None:
        return getattr(self.tokenizer, "added", None)

    def _ids(self, pieces: list[Piece]) -> Tensor:
        words = [piece.id for piece in pieces]
        ids = [self.tokenizer.bos_token_id, *words, self.tokenizer.eos_token_id]
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

    def _weighed(self, tokens: Tensor, pieces: list[Piece], phrase: Phrase) -> Tensor:
        """Each word's vector times its weight, then all to the mean they had (as Stable Diffusion
        web UI does); weights of 1 change nothing."""
        words = [1.0, *(phrase.weight(piece.start, piece.end) for piece in pieces)]
        if set(words) == {1.0}:
            return tokens
        words += [1.0] * (tokens.shape[1] - len(words))
        scaled = tokens * tokens.new_tensor(words)[:, None]
        return scaled * (tokens.float().mean() / scaled.float().mean()).to(tokens.dtype)


def _begin(chunk: list[Piece], phrase: Phrase) -> Token:
    """Its first word."""
    word = [piece for piece in chunk if piece.word == chunk[0].word]
    return Token.of(phrase, word[0].start, word[-1].end)
