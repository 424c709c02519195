"""WordPiece (Wu et al. 2016): of each word the longest beginning that is a piece, then of the rest.

The space before a word tells its beginning, where BERT's vocabulary marks all else with ##.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tokenizers import models

from studio.networks.tokenizers.bpe import UNKNOWN, within_words
from studio.networks.tokenizers.vocabulary import VocabularyTokenizer


class WordPieces(VocabularyTokenizer):
    """A word with a part that is no piece, or of over 100 characters, is unknown as a whole."""

    name = "wordpiece"
    prefix = " "

    def __init__(self, pieces: Sequence[str]) -> None:
        super().__init__(pieces)
        numbers = {**self._numbers, UNKNOWN: len(self._numbers)}
        self._model = models.WordPiece(
            numbers, unk_token=UNKNOWN, continuing_subword_prefix="", max_input_chars_per_word=100
        )

    def cuts(self, text: str) -> Iterator[str]:
        return within_words(self._model, text)
