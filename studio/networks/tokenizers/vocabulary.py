"""A list of pieces, and UTF-8 bytes for what is not in it: so no text is unknown to any of them.

Numbers: three marks, then the 256 bytes, then the pieces. torch is imported for tensors only.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from studio.networks.tokenizers.protocol import valid

if TYPE_CHECKING:
    from torch import Tensor

PAD, BEGIN, END = range(3)
MARKS = ("[PAD]", "[BEGIN]", "[END]")
FIRST_BYTE = len(MARKS)
FIRST_PIECE = FIRST_BYTE + 256
LENGTH = 32
WORD = re.compile(r" ?\w+| ?[^\w\s]+|\s+")  # with the space before it; together they are the text


class VocabularyTokenizer(ABC):
    """A kind says how it cuts a text. `prefix` goes before every text that is not empty, so that a
    word is the same at the beginning as after a space."""

    name: ClassVar[str]
    prefix: ClassVar[str] = ""

    def __init__(self, pieces: Sequence[str]) -> None:
        self._pieces = tuple(pieces)
        self._numbers = {piece: i for i, piece in enumerate(self._pieces)}

    @classmethod
    def read(cls, pieces: Any) -> Self:
        """From a file's content. Raises ValueError."""
        if not isinstance(pieces, list) or not all(isinstance(each, str) for each in pieces):
            raise ValueError("its pieces are not a list of texts")
        return cls(pieces)

    @abstractmethod
    def cuts(self, text: str) -> Iterator[str]:
        """The parts of a text; together they are the text."""

    @property
    def size(self) -> int:
        return FIRST_PIECE + len(self._pieces)

    def encode(self, text: str) -> list[int]:
        return [number for _, numbers in self._encoded(text) for number in numbers]

    def decode(self, ids: Sequence[int]) -> str:
        """Bytes that are no UTF-8, which no text gives, become U+FFFD."""
        text = b"".join(self._bytes(number) for number in ids).decode("utf-8", "replace")
        return text.removeprefix(self.prefix)

    def pieces(self, text: str) -> list[str]:
        """A byte is shown as <0xF0>."""
        return [
            self._pieces[number - FIRST_PIECE]
            if number >= FIRST_PIECE
            else f"<0x{number - FIRST_BYTE:02X}>"
            for number in self.encode(text)
        ]

    def unknown(self, text: str) -> list[str]:
        return [part for part, numbers in self._encoded(text) if numbers[0] < FIRST_PIECE]

    def __call__(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        import torch

        rows = [[BEGIN, *self.encode(text)[: LENGTH - 2], END] for text in texts]
        longest = max(map(len, rows), default=0)
        ids = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows], dtype=torch.int64)
        return ids, ids != PAD

    def _encoded(self, text: str) -> Iterator[tuple[str, list[int]]]:
        for part in self.cuts(text and self.prefix + valid(text)):
            number = self._numbers.get(part)
            if number is None:
                yield part, [FIRST_BYTE + byte for byte in part.encode()]
            else:
                yield part, [FIRST_PIECE + number]

    def _bytes(self, number: int) -> bytes:
        if number >= FIRST_PIECE:
            return self._pieces[number - FIRST_PIECE].encode()
        return bytes([number - FIRST_BYTE]) if number >= FIRST_BYTE else b""
