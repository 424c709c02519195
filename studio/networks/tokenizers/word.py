"""Every word is a token."""

from __future__ import annotations

from collections.abc import Iterator

from studio.networks.tokenizers.vocabulary import WORD, VocabularyTokenizer


class Words(VocabularyTokenizer):
    """The shortest sequences; a word that no caption used is unknown and spelled in bytes."""

    name = "word"
    prefix = " "

    def cuts(self, text: str) -> Iterator[str]:
        return (found[0] for found in WORD.finditer(text))
