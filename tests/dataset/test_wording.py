from __future__ import annotations

import re

import pytest

from studio.dataset.catalogue import Catalogue
from studio.dataset.wording import article, noun, plain, plural_of


@pytest.mark.parametrize(
    ("label", "phrase", "plural"),
    [
        ("teddy bear", "a teddy bear", "teddy bears"),
        ("red apple", "a red apple", "red apples"),
        ("octopus", "an octopus", "octopuses"),
        ("hourglass done", "an hourglass", "hourglasses"),
        ("unicorn", "a unicorn", "unicorns"),
        ("one-piece swimsuit", "a one-piece swimsuit", "one-piece swimsuits"),
        ("x-ray", "an x-ray", "x-rays"),
        ("ewe", "a ewe", "ewes"),
        ("1st place medal", "a 1st place medal", "1st place medals"),
        ("face with tears of joy", "a face with tears of joy", "faces with tears of joy"),
        ("glass of milk", "a glass of milk", "glasses of milk"),
        ("kitchen knife", "a kitchen knife", "kitchen knives"),
        ("maple leaf", "a maple leaf", "maple leaves"),
        ("fish", "a fish", "fish"),
        ("woman: blond hair", "a woman with blond hair", "women with blond hair"),
        ("man: bald", "a bald man", "bald men"),
        ("woman: beard", "a woman with a beard", "women with a beard"),
        ("woman firefighter", "a woman firefighter", "women firefighters"),
        ("person walking", "a person walking", "people walking"),
        ("man mountain biking", "a man mountain biking", "men mountain biking"),
        (
            "woman walking: facing right",
            "a woman walking facing right",
            "women walking facing right",
        ),
        ("keycap: 7", "a keycap with the number 7", "keycaps with the number 7"),
        ("twelve o’clock", "a clock showing twelve o'clock", "clocks showing twelve o'clock"),
        ("aries", "an aries zodiac sign", "aries zodiac signs"),
        ("no smoking", "a no smoking sign", "no smoking signs"),
        ("a button (blood type)", "a blood type a button", "blood type a buttons"),
        ("scissors", "scissors", None),
        ("cherries", "cherries", None),
        ("two hearts", "two hearts", None),
        ("bread", "bread", None),
        ("skis", "skis", None),
        ("clapping hands", "clapping hands", None),
        ("thumbs up", "a thumbs up", None),
        ("santa claus", "santa claus", None),
        ("statue of liberty", "the statue of liberty", None),
        ("fork and knife", "a fork and knife", None),
        ("family: man, woman, boy, boy", "a family of a man, a woman and two boys", None),
    ],
)
def test_nouns(label: str, phrase: str, plural: str | None) -> None:
    assert (noun(label).phrase, noun(label).plural) == (phrase, plural)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("baby", "babies"),
        ("toy", "toys"),
        ("box", "boxes"),
        ("church", "churches"),
        ("t-rex", "t-rexes"),
    ],
)
def test_plural_of(word: str, expected: str) -> None:
    assert plural_of(word) == expected


@pytest.mark.parametrize(
    ("words", "expected"), [("orange", "an"), ("blue", "a"), ("unamused", "an")]
)
def test_article(words: str, expected: str) -> None:
    assert article(words) == expected


def test_every_label_reads_as_words(catalogue: Catalogue) -> None:
    for concept in catalogue.concepts:
        thing = noun(concept.label)
        assert not re.search(r"[:()“”’]", thing.singular), concept.label
        assert thing.singular == thing.singular.strip()
        assert thing.article in ("", "a", "an", "the")
        if thing.plural is not None:
            assert thing.article in ("a", "an"), "what can be counted has a singular"


def test_labels_stay_apart(catalogue: Catalogue) -> None:
    phrases = [plain(concept.label) for concept in catalogue.concepts]
    assert len(phrases) - len(set(phrases)) == len(catalogue.concepts) - len(
        {concept.label for concept in catalogue.concepts}
    )
