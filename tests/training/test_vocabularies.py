"""Vocabularies are learned from texts, the commonest first, and give back what was read."""

import json
from pathlib import Path

import pytest

from studio.networks.tokenizers import KINDS, open_tokenizer
from studio.training.vocabularies import learn

TEXTS = ["a red bear", "a red bear", "a blue bear", "two red bears"]


@pytest.mark.parametrize("kind", KINDS)
def test_learned_and_read_again(kind: str, tmp_path: Path) -> None:
    pieces = learn(kind, TEXTS, 24)
    assert 0 < len(pieces) <= 24
    assert learn(kind, TEXTS, 24) == pieces
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"kind": kind, "pieces": pieces}))
    tokenizer = open_tokenizer(str(path))
    for text in (*TEXTS, "Größe 🧸"):
        assert tokenizer.decode(tokenizer.encode(text)) == text
    assert not tokenizer.unknown("a red bear")


def test_the_commonest_come_first() -> None:
    assert learn("word", TEXTS, 3) == [" a", " bear", " red"]
    assert learn("character", ["abb"], 1) == ["b"]
    assert " bear" in ["".join(piece) for piece in learn("bpe", TEXTS, 24)]
