"""Other words for things: read, filtered by likeness, and some of them held out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from studio.core.errors import DataError
from studio.dataset.catalogue import Catalogue
from studio.training.words import (
    Nouns,
    Sentences,
    Word,
    described,
    fitting,
    forms,
    held_out,
    readable,
    without,
)

DATA = (
    "  1 This software\n"
    "00000010 06 n 02 car 0 auto 0 001 @ 00000020 n 0000 | a motor vehicle with four wheels; "
    '"he needs a car"\n'
    "00000020 06 n 01 vehicle 0 000 | a conveyance that transports people\n"
    "00000030 04 n 01 race 0 000 | a contest of speed\n"
)
INDEX = "car n 1 1 @ 1 1 00000010\nvehicle n 1 0 1 0 00000020\nrace n 1 0 1 0 00000030\n"


class Letters(Sentences):
    """Texts as counts of letters: what is spelt alike is alike."""

    def __init__(self) -> None:
        pass

    def common(self, word: str) -> bool:
        return True

    def __call__(self, texts: list[str]) -> Tensor:
        alphabet = "abcdefghijklmnopqrstuvwxyz"
        counts = [[float(text.count(letter)) for letter in alphabet] for text in texts]
        return F.normalize(torch.tensor(counts) + 1e-6, dim=1)


@pytest.fixture
def nouns(tmp_path: Path) -> Nouns:
    (tmp_path / "data.noun").write_text(DATA, encoding="utf-8")
    (tmp_path / "index.noun").write_text(INDEX, encoding="utf-8")
    return Nouns(tmp_path)


def test_nouns_know_lemmas_hypernyms_and_what_can_be_drawn(nouns: Nouns) -> None:
    assert nouns.by_lemma["auto"] == ["00000010"]
    assert nouns.synsets["00000010"].hypernyms == ("00000020",)
    assert nouns.mostly_a_thing("car")
    assert not nouns.mostly_a_thing("race"), "no file of drawable things"
    assert not nouns.mostly_a_thing("unheard of")


def test_a_missing_wordnet_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="WordNet is not in"):
        Nouns(tmp_path)


@pytest.mark.parametrize(
    ("gloss", "words"),
    [
        ('a motor vehicle with four wheels; "he needs a car"', "motor vehicle with four wheels"),
        ("any of various (small) birds: finches", "birds"),
        ("used for cutting", ""),
        ("the", ""),
    ],
)
def test_descriptions_are_short_noun_phrases(gloss: str, words: str) -> None:
    assert described(gloss) == (words if " " in words else "")


@pytest.mark.parametrize(
    ("word", "source", "label", "reads"),
    [
        ("car", "lemma", "automobile", True),
        ("bullet", "keyword", "bullet train", False),
        ("train", "keyword", "bullet train", True),
        ("cats", "keyword", "cat", False),
        ("chips", "british", "french fries", True),
        ("building with a clock", "gloss", "alarm clock", False),
        ("red", "keyword", "red apple", False),
        ("Paris", "lemma", "tokyo tower", False),
    ],
)
def test_what_reads_well(word: str, source: str, label: str, reads: bool) -> None:
    assert readable(word, source, label) == reads


def test_words_that_fit_are_kept(nouns: Nouns) -> None:
    found = fitting(Catalogue(), nouns, Letters())
    by_label = {Catalogue().by_code[code].label: words for code, words in found.items()}
    assert [word.text for word in by_label["eggplant"]] == ["aubergine"], "a British word"
    catalogue = Catalogue()
    labels = {concept.label for concept in catalogue.concepts}
    for words in found.values():
        likeness = [word.likeness for word in words]
        assert likeness == sorted(likeness, reverse=True)
        assert not {word.text for word in words} & labels


def test_held_out_words_are_new_and_one_a_thing() -> None:
    catalogue = Catalogue()
    codes = {c.label: c.code for c in catalogue.concepts}
    words = {
        codes["automobile"]: [Word("motorcar", 0.9, True), Word("motorcars of old", 0.5, True)],
        codes["teddy bear"]: [Word("plush", 0.9, True), Word("stuffed thing", 0.5, False)],
        codes["house"]: [Word("abode", 0.7, True), Word("small abode", 0.7, True)],
    }
    unsaid = held_out(catalogue, words)
    assert unsaid == held_out(catalogue, words), "by a seed"
    owners = [code for own in unsaid.values() for code in own]
    assert sorted(owners) == sorted({codes["automobile"], codes["house"]}), "plush is a keyword"
    left = without(words, unsaid)
    assert left[codes["teddy bear"]] == ["plush", "stuffed thing"]
    pattern = re.compile(forms(unsaid))
    assert not [word for own in left.values() for word in own if pattern.search(word)]
