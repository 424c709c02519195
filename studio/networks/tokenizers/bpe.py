"""Byte pair encoding (Sennrich et al. 2016): the pair that is commonest becomes a piece, again and
again; a text's pairs are joined in that order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self

from tokenizers import models

from studio.networks.tokenizers.vocabulary import WORD, VocabularyTokenizer

UNKNOWN = "[UNK]"


class BytePairs(VocabularyTokenizer):
    """Common words are whole, rare ones in parts, within words only."""

    name = "bpe"
    prefix = " "

    def __init__(self, pieces: Sequence[str], merges: Sequence[tuple[str, str]]) -> None:
        super().__init__(pieces)
        numbers = {**self._numbers, UNKNOWN: len(self._numbers)}
        self._model = models.BPE(numbers, list(merges), unk_token=UNKNOWN)

    @classmethod
    def read(cls, pieces: Any) -> Self:
        """A piece is a character, or the two pieces it was joined from."""
        merges = [(a, b) for a, b in (each for each in pieces if isinstance(each, list))]
        joined = ["".join(each) for each in pieces]
        try:
            return cls(list(dict.fromkeys(joined)), merges)
        except Exception as error:  # the library raises bare Exception
            raise ValueError(str(error)) from None

    def cuts(self, text: str) -> Iterator[str]:
        return within_words(self._model, text)


def within_words(model: Any, text: str) -> Iterator[str]:
    """A library's model on each word: its tokens' parts of the text (it counts bytes)."""
    for found in WORD.finditer(text):
        word = found[0].encode()
        for token in model.tokenize(found[0]):
            yield word[slice(*token.offsets)].decode()
