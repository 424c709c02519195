"""Text to token numbers: the WordPiece vocabulary of the tower's teacher (all-MiniLM-L6-v2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import tokenizers
import torch
from torch import Tensor

from studio.core.errors import ModelError
from studio.core.files import read_regular
from studio.networks.tokenizers.protocol import valid

LENGTH = 32
LARGEST = 2**26  # bytes
UNKNOWN = "[UNK]"


class Tokenizer:
    """Any Unicode text to at most 32 token numbers; longer text is cut.

    As a `TextTokenizer` it is one that loses something: capitals, accents, spaces, and words with a
    character it does not know.

    Raises:
        ModelError: tokenizer.json is missing or damaged.
    """

    name = "teacher"

    def __init__(self, path: Path) -> None:
        try:
            self._tokenizer = tokenizers.Tokenizer.from_buffer(read_regular(path, LARGEST))
        except Exception as error:  # the library raises bare Exception
            raise ModelError(f"{path} cannot be read: {str(error)[:120]}") from None
        self._tokenizer.enable_truncation(LENGTH)
        self._tokenizer.enable_padding()

    def __call__(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Token numbers (B, L) int64 and a mask (B, L), True at real tokens; L fits the longest."""
        encoded = self._tokenizer.encode_batch([readable(text) for text in texts])
        ids = torch.tensor([e.ids for e in encoded], dtype=torch.int64)
        mask = torch.tensor([e.attention_mask for e in encoded], dtype=torch.bool)
        return ids, mask

    @property
    def size(self) -> int:
        return self._tokenizer.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        return [number for number, _, _ in self._whole(valid(text))]

    def decode(self, ids: Sequence[int]) -> str:
        return self._tokenizer.decode(list(ids))

    def pieces(self, text: str) -> list[str]:
        return [piece for _, piece, _ in self._whole(valid(text))]

    def unknown(self, text: str) -> list[str]:
        text = valid(text)
        return [text[slice(*place)] for _, piece, place in self._whole(text) if piece == UNKNOWN]

    def _whole(self, text: str) -> Iterator[tuple[int, str, tuple[int, int]]]:
        """Number, piece and place of every token but the marks, what is cut among them."""
        read = self._tokenizer.encode(text)
        for part in (read, *read.overflowing):
            tokens = zip(part.ids, part.tokens, part.offsets, strict=True)
            for token, mark in zip(tokens, part.special_tokens_mask, strict=True):
                if not mark:
                    yield token

    def unread(self, text: str) -> str:
        """The end of a text that is cut, from where the last token begins that is not read."""
        text = readable(text)
        cut = self._tokenizer.encode(text).overflowing
        return text[cut[0].offsets[1][0] :].strip() if cut else ""

    def length(self, text: str) -> int:
        """How many tokens a text has, at most 32."""
        return len(self._tokenizer.encode(readable(text)).ids)


def readable(text: str) -> str:
    """The part of a text that can matter, as valid Unicode (a lone surrogate becomes "?")."""
    return valid(text[:2000])
