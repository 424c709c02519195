"""Cuts that follow nothing: every three characters, whatever they are."""

from __future__ import annotations

from collections.abc import Iterator

from studio.networks.tokenizers.vocabulary import VocabularyTokenizer

STEP = 3


class Arbitrary(VocabularyTokenizer):
    """What a wrong tokenisation costs: "teddy" is cut otherwise after every other beginning."""

    name = "arbitrary"

    def cuts(self, text: str) -> Iterator[str]:
        return (text[i : i + STEP] for i in range(0, len(text), STEP))
