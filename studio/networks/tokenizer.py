"""Text to token numbers: the WordPiece vocabulary of the tower's teacher (all-MiniLM-L6-v2).

Imports torch only when numbers are asked for as tensors: a window counts tokens without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import tokenizers

from studio.core.errors import ModelError
from studio.core.files import read_regular
from studio.core.prompts import Phrase
from studio.core.tokens import Counted, Token
from studio.networks.tokenizers.protocol import valid

if TYPE_CHECKING:
    from torch import Tensor

LENGTH = 32
LARGEST = 2**26  # bytes
UNKNOWN = "[UNK]"


@dataclass(frozen=True)
class Word:
    """A word that was typed at characters `start` to `end`, and the numbers of its tokens."""

    text: str
    start: int
    end: int
    numbers: tuple[int, ...]


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
        import torch

        encoded = self._tokenizer.encode_batch([readable(text) for text in texts])
        ids = torch.tensor([e.ids for e in encoded], dtype=torch.int64)
        mask = torch.tensor([e.attention_mask for e in encoded], dtype=torch.bool)
        return ids, mask

    def _read(self, text: str) -> tokenizers.Encoding:
        """As a batch of one: the library then lets others have Python's lock meanwhile."""
        return self._tokenizer.encode_batch([text])[0]

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
        read = self._read(text)
        for part in (read, *read.overflowing):
            tokens = zip(part.ids, part.tokens, part.offsets, strict=True)
            for token, mark in zip(tokens, part.special_tokens_mask, strict=True):
                if not mark:
                    yield token

    def weights(self, phrase: Phrase) -> list[float]:
        """One for each token of the phrase; 1 for those that stand for no letters."""
        encoded = self._read(readable(phrase.text))
        return [phrase.weight(start, end) for start, end in encoded.offsets]

    def counted(self, phrase: Phrase) -> Counted:
        """Every token of a phrase, read or not, and where it was typed."""
        encoded = self._read(readable(phrase.text))
        tokens = tuple(
            Token.of(phrase, start, end, read)
            for part, read in [(encoded, True), *((rest, False) for rest in encoded.overflowing)]
            for _, start, end in _spans(part)
        )
        ends = sum(encoded.special_tokens_mask)
        return Counted(tokens, ends + len(tokens), LENGTH)

    def words(self, phrase: Phrase) -> list[Word]:
        """The words of a phrase that are read, punctuation left out."""
        encoded = self._read(readable(phrase.text))
        words: dict[int | None, list[tuple[int, int, int]]] = {}
        for span in _spans(encoded):
            words.setdefault(encoded.word_ids[span[0]], []).append(span)
        found = list[Word]()
        for spans in words.values():
            start, end = spans[0][1], spans[-1][2]
            if any(letter.isalnum() for letter in phrase.text[start:end]):
                typed = phrase.places[start], phrase.places[end - 1] + 1
                found.append(Word(phrase.text[start:end], *typed, tuple(s[0] for s in spans)))
        return found

    def unread(self, text: str) -> str:
        """The end of a text that is cut, from where the last token begins that is not read."""
        text = readable(text)
        cut = self._read(text).overflowing
        return text[cut[0].offsets[1][0] :].strip() if cut else ""

    def length(self, text: str) -> int:
        """How many tokens a text has, at most 32."""
        return len(self._read(readable(text)).ids)


def tokenizer_at(path: Path) -> Tokenizer:
    """Read once for all, as long as the file is the same: the library holds Python's lock for 40 ms
    meanwhile. Raises ModelError."""
    return _read_once(path, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=4)
def _read_once(path: Path, modified: int) -> Tokenizer:
    return Tokenizer(path)


def words_of(phrase: Phrase, placed: Iterable[tuple[int, int, int]]) -> list[Word]:
    """The words of a phrase for which these tokens stand: each its number and its characters."""
    tokens, found = list(placed), list[Word]()
    for word in re.finditer(r"[^\W_]+", phrase.text):
        start, end = word.span()
        numbers = tuple(number for number, a, b in tokens if a < end and b > start)
        if numbers:
            typed = phrase.places[start], phrase.places[end - 1] + 1
            found.append(Word(word[0], *typed, numbers))
    return found


def _spans(encoded: tokenizers.Encoding) -> Iterator[tuple[int, int, int]]:
    """(its number among all, first character, end) of each token that stands for letters."""
    for number, (start, end) in enumerate(encoded.offsets):
        if end > start and not encoded.special_tokens_mask[number]:
            yield number, start, end


def readable(text: str) -> str:
    """The part of a text that can matter, as valid Unicode (a lone surrogate becomes "?")."""
    return valid(text[:2000])
