"""What every tokeniser can do, and how several compare on the same texts. Must not import torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


def valid(text: str) -> str:
    """The text as valid Unicode: a lone surrogate becomes "?"."""
    return text.encode("utf-8", "replace").decode("utf-8")


class TextTokenizer(Protocol):
    """Numbers and pieces of a text are without the marks of its beginning and end, and whole."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int:
        """How many numbers there are, marks included."""

    def encode(self, text: str) -> list[int]:
        """Any text to numbers."""

    def decode(self, ids: Sequence[int]) -> str:
        """Numbers to text; the text that was encoded if nothing is lost."""

    def pieces(self, text: str) -> list[str]:
        """What each number stands for."""

    def unknown(self, text: str) -> list[str]:
        """The parts of a text that are not in the vocabulary."""

    def __call__(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """For a network: numbers (B, L) int64 between marks, cut to its length, and the mask
        (B, L), True at real tokens."""


@dataclass(frozen=True)
class Compared:
    """Over a set of texts: `mean` and `longest` number of tokens a text; `unknown`, the share of
    texts with a part that is not in the vocabulary; `lossless`, of those that come back whole."""

    name: str
    size: int
    mean: float
    longest: int
    unknown: float
    lossless: float


def compare(tokenizers: Sequence[TextTokenizer], texts: Sequence[str]) -> tuple[Compared, ...]:
    """A row a tokeniser."""
    assert texts
    rows = []
    for each in tokenizers:
        numbers = [each.encode(text) for text in texts]
        lengths = [len(ids) for ids in numbers]
        whole = [each.decode(ids) == valid(text) for ids, text in zip(numbers, texts, strict=True)]
        unknown = [bool(each.unknown(text)) for text in texts]
        mean, longest = sum(lengths) / len(texts), max(lengths)
        shares = sum(unknown) / len(texts), sum(whole) / len(texts)
        rows.append(Compared(each.name, each.size, mean, longest, *shares))
    return tuple(rows)
