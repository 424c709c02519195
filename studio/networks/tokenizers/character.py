"""Every character is a token."""

from __future__ import annotations

from collections.abc import Iterator

from studio.networks.tokenizers.vocabulary import VocabularyTokenizer


class Characters(VocabularyTokenizer):
    """The smallest vocabulary and the longest sequences."""

    name = "character"

    def cuts(self, text: str) -> Iterator[str]:
        return iter(text)
