from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from studio.dataset.captions import NUMBERS, STYLE_WORDS, caption, coloured, sized
from studio.dataset.catalogue import Catalogue
from studio.dataset.colours import GROUNDS, HUES
from studio.dataset.facts import facts
from studio.dataset.layout import OPPOSITE
from studio.dataset.scenes import WHITE, Ground, Mix, Placed, Scene, sample_scene
from studio.dataset.wording import noun, plural_of

TEDDY, APPLE = "1f9f8", "1f34e"
BEAR = Scene("fluent-3d", WHITE, (Placed(TEDDY, 0.5, 0.5, 0.88),))
RELATION = re.compile(
    r" (?:to the )?(left of|right of|above|over|below|under|beneath|in front of|behind) "
)
SIDED = re.compile(r"left|right")
SAME = {"over": "above", "under": "below", "beneath": "below"}


@pytest.fixture(scope="module")
def labels_only() -> Catalogue:
    """The catalogue without other words for its things."""
    catalogue = Catalogue()
    catalogue.__dict__["words"] = {}
    return catalogue


def many(scene: Scene, catalogue: Catalogue, count: int = 300) -> list[str]:
    rng = np.random.default_rng(11)
    return [caption(scene, catalogue, rng) for _ in range(count)]


def drawn(catalogue: Catalogue, mix: Mix, count: int, seed: int = 5) -> list[tuple[Scene, str]]:
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(count):
        scene = sample_scene(rng, catalogue, mix)
        pairs.append((scene, caption(scene, catalogue, rng)))
    return pairs


def test_same_generator_state_same_caption(catalogue: Catalogue) -> None:
    assert many(BEAR, catalogue, 20) == many(BEAR, catalogue, 20)


def test_many_forms_for_one_scene(catalogue: Catalogue) -> None:
    said = set(many(BEAR, catalogue))
    assert len(said) > 20
    assert {"a teddy bear", "teddy bear", "teddy bear, 3d", "3d picture of a teddy bear"} <= said


@pytest.mark.parametrize(("style", "low", "high"), [("fluent-3d", 0.3, 0.5), ("noto", 0.85, 0.98)])
def test_3d_is_the_style_that_goes_without_saying(
    catalogue: Catalogue, style: str, low: float, high: float
) -> None:
    said = many(replace(BEAR, style=style), catalogue)
    assert low < np.mean([any(w in text for w in STYLE_WORDS[style]) for text in said]) < high


def test_no_caption_names_another_style(catalogue: Catalogue) -> None:
    words = {"fluent-3d": "3d", "fluent-flat": "flat", "noto": "noto"}
    for style in words:
        for text in many(replace(BEAR, style=style), catalogue):
            assert not any(word in text for other, word in words.items() if other != style)


def test_the_ground_is_said_when_it_is_not_white(catalogue: Catalogue) -> None:
    bears = {n: replace(BEAR, ground=Ground("plain", (n,), (v,))) for n, v in GROUNDS.items()}
    for name, scene in bears.items():
        for text in many(scene, catalogue, 40):
            others = [n for n in GROUNDS if n != name and re.search(rf"\b{n}\b", text)]
            assert not others
            assert name == "white" or re.search(rf"\b{name}\b", text)


def test_both_colours_of_a_grading_are_said_in_order(catalogue: Catalogue) -> None:
    values = (GROUNDS["blue"], GROUNDS["pink"])
    for kind in ("vertical", "radial"):
        scene = replace(BEAR, ground=Ground(kind, ("blue", "pink"), values))
        for text in many(scene, catalogue, 60):
            assert 0 < text.index("blue") < text.index("pink")
            assert facts(scene).ground is None


def test_counts_are_said_and_are_plural(labels_only: Catalogue) -> None:
    for count in (2, 3):
        scene = replace(BEAR, objects=BEAR.objects * count)
        for text in many(scene, labels_only, 40):
            number = f"{NUMBERS[count]}|{count}" + ("|a pair of" if count == 2 else "")
            assert re.search(rf"\b({number}) teddy bears\b", text)


def test_relations_name_the_right_thing_first(labels_only: Catalogue) -> None:
    checked = 0
    mix = Mix(p_single=0, p_count=0, p_hue=0, p_colour_ground=0)
    for scene, text in drawn(labels_only, mix, 300):
        first, second = (labels_only.by_code[t.code].label for t in scene.objects)
        names = [coloured(label, None).singular for label in (first, second)]
        if not all(name in text for name in names):
            continue  # now and then only one is named
        without = text.replace(names[0], "_").replace(names[1], "_")
        found = RELATION.findall(without)
        if not found or names[0] in names[1] or names[1] in names[0]:
            continue  # "next to", or "on the left and"
        word = SAME.get(found[0], found[0])
        turned = text.index(names[0]) > text.index(names[1])
        assert word == (OPPOSITE[scene.relation or ""] if turned else scene.relation), text
        checked += 1
    assert checked > 150


def test_left_and_right_as_places(labels_only: Catalogue) -> None:
    things = (Placed(TEDDY, 0.25, 0.5, 0.45), Placed(APPLE, 0.75, 0.5, 0.45))
    for text in many(Scene("noto", WHITE, things, "left of"), labels_only):
        if "on the left and" in text or "on the right and" in text:
            assert re.search(r"teddy bear on the left and (.*)red apple on the right", text) or (
                re.search(r"red apple on the right and (.*)teddy bear on the left", text)
            )


@pytest.mark.parametrize("relation", ["left of", "right of"])
def test_who_is_named_first_is_left_where_nothing_else_is_said(
    labels_only: Catalogue, relation: str
) -> None:
    boxes = ((0.25, 0.5, 0.45), (0.75, 0.5, 0.45))[:: 1 if relation == "left of" else -1]
    things = tuple(Placed(code, *box) for code, box in zip((TEDDY, APPLE), boxes, strict=True))
    left, right = ("teddy bear", "apple") if relation == "left of" else ("apple", "teddy bear")
    said = many(Scene("noto", WHITE, things, relation), labels_only, 400)
    loose = [text for text in said if left in text and right in text and not SIDED.search(text)]
    assert len(loose) > 80
    assert all(text.index(left) < text.index(right) for text in loose)


def test_the_place_of_a_lone_object_is_true(catalogue: Catalogue) -> None:
    scene = replace(BEAR, objects=(Placed(TEDDY, 0.3, 0.3, 0.5),))
    said = many(scene, catalogue, 100)
    assert any("top left" in text for text in said)
    assert not any("right" in text or "bottom" in text for text in said)
    assert not any("left" in text for text in many(BEAR, catalogue))


def test_a_changed_colour_is_always_said(catalogue: Catalogue) -> None:
    for scene, text in drawn(catalogue, Mix(p_hue=1, p_colour_ground=0), 200):
        for thing in scene.objects:
            assert thing.colour is None or thing.colour in text
        if not any(t.colour for t in scene.objects):
            labels = " ".join(catalogue.by_code[t.code].label for t in scene.objects)
            said = {h for h in HUES if re.search(rf"\b{h}\b", text)}
            assert all(h in labels for h in said), text


@pytest.mark.parametrize(
    ("label", "colour", "phrase"),
    [
        ("red apple", "blue", "a blue apple"),
        ("teddy bear", "orange", "an orange teddy bear"),
        ("octopus", "green", "a green octopus"),
        ("scissors", "blue", "blue scissors"),
        ("bread", "teal", "teal bread"),
    ],
)
def test_coloured_nouns(label: str, colour: str, phrase: str) -> None:
    assert coloured(label, colour).phrase == phrase


EVERYTHING = Mix(
    p_trio=0.2, p_size=0.3, p_place=0.3, p_hue=0.2,
    relations=dict.fromkeys((*OPPOSITE, "holding", "reading", "wearing"), 1.0),  # type: ignore[arg-type]
)  # fmt: skip


def test_other_words_for_a_thing_are_used_and_fit(catalogue: Catalogue) -> None:
    car = next(c for c in catalogue.concepts if c.label == "automobile")
    said = many(replace(BEAR, objects=(Placed(car.code, 0.5, 0.5, 0.88),)), catalogue, 600)
    used = [text for text in said if "automobile" not in text]
    assert "car" in catalogue.words[car.code]
    assert 0.15 < len(used) / len(said) < 0.35
    words = catalogue.words[car.code]
    assert all(any(noun(word).singular in text for word in words) for text in used)


def test_unsaid_words_are_in_no_caption(catalogue: Catalogue) -> None:
    unsaid = {form for word in catalogue.unsaid for form in (word, plural_of(word))}
    assert len(catalogue.unsaid) >= 60
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, unsaid)) + r")\b")
    everything = {c.label for c in catalogue.concepts} | {
        word for words in catalogue.words.values() for word in words
    }
    assert not [name for name in everything if pattern.search(name)]
    assert not [text for _, text in drawn(catalogue, EVERYTHING, 1500) if pattern.search(text)]


def test_unsaid_words_are_of_trained_things(catalogue: Catalogue) -> None:
    codes = [code for owners in catalogue.unsaid.values() for code in owners]
    assert all(catalogue.by_code[code].split == "train" for code in codes)
    assert len(codes) == len(set(codes))


def test_sizes_are_said(labels_only: Catalogue) -> None:
    rng = np.random.default_rng(1)
    small = {sized(noun("owl"), "small", rng).phrase for _ in range(40)}
    assert small == {"a small owl", "a little owl", "a tiny owl"}
    things = (
        Placed(TEDDY, 0.3, 0.5, 0.6, scale="big"),
        Placed(APPLE, 0.8, 0.5, 0.3, scale="small"),
    )
    for text in many(Scene("noto", WHITE, things, "left of"), labels_only, 100):
        assert re.search(r"\b(big|large|huge)\b", text) or "teddy bear" not in text
        assert not re.search(r"(big|large|huge) (red )?apple|(small|little|tiny) teddy", text)


def test_actions_and_threes(labels_only: Catalogue) -> None:
    book = next(c.code for c in labels_only.concepts if c.label == "open book")
    things = (Placed(TEDDY, 0.5, 0.5, 0.8), Placed(book, 0.5, 0.8, 0.4))
    said = many(Scene("fluent-3d", WHITE, things, "reading"), labels_only)
    assert "a teddy bear reading an open book" in said
    assert not [text for text in said if "book reading" in text]
    three = Scene("fluent-3d", WHITE, (*things, Placed(APPLE, 0.2, 0.5, 0.3)), "between")
    for text in many(three, labels_only):
        if "between" in text:
            assert re.search(r"teddy bear between .*(book and.*apple|apple and.*book)", text) or (
                "teddy bear" not in text
            )


def test_captions_fit_the_text_tower(catalogue: Catalogue) -> None:
    assert max(len(text.split()) for _, text in drawn(catalogue, EVERYTHING, 1500)) < 28


def test_captions_read_well(catalogue: Catalogue) -> None:
    for _, text in drawn(catalogue, EVERYTHING, 900):
        assert not re.search(r"\s\s|\s,|,,|[{}:’“”]|^\s|\s$", text), text
        assert not re.search(r"\ban? (an?|the|two|three|\d) ", text.replace("type a ", "")), text
        assert not re.search(r"\ba [aeio](?!ne|uro|we)", text.replace("type a ", "")), text
        assert len(text) < 200
