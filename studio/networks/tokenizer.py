"""Text to token numbers: the WordPiece vocabulary of the tower's teacher (all-MiniLM-L6-v2)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import tokenizers
import torch
from torch import Tensor

from studio.core.errors import ModelError
from studio.core.files import read_regular

LENGTH = 32
LARGEST = 2**26  # bytes


class Tokenizer:
    """Any Unicode text to at most 32 token numbers; longer text is cut.

    Raises:
        ModelError: tokenizer.json is missing or damaged.
    """

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
    return text[:2000].encode("utf-8", "replace").decode("utf-8")
