from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from studio.dataset.captions import NUMBERS, STYLE_WORDS, caption, coloured, distinctive
from studio.dataset.catalogue import Catalogue
from studio.dataset.colours import GROUNDS, HUES
from studio.dataset.scenes import (
    OPPOSITE,
    WHITE,
    Ground,
    Mix,
    Placed,
    Scene,
    facts,
    sample_scene,
)

TEDDY, APPLE = "1f9f8", "1f34e"
BEAR = Scene("fluent-3d", WHITE, (Placed(TEDDY, 0.5, 0.5, 0.88),))
RELATION = re.compile(
    r" (?:to the )?(left of|right of|above|over|below|under|beneath|in front of|behind) "
)
SAME = {"over": "above", "under": "below", "beneath": "below"}


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


def test_counts_are_said_and_are_plural(catalogue: Catalogue) -> None:
    for count in (2, 3):
        scene = replace(BEAR, objects=BEAR.objects * count)
        for text in many(scene, catalogue, 40):
            assert re.search(rf"\b({NUMBERS[count]}|{count}) teddy bears\b", text)


def test_relations_name_the_right_thing_first(catalogue: Catalogue) -> None:
    checked = 0
    mix = Mix(p_single=0, p_count=0, p_hue=0, p_colour_ground=0)
    for scene, text in drawn(catalogue, mix, 300):
        first, second = (catalogue.by_code[t.code].label for t in scene.objects)
        names = [coloured(label, None).singular for label in (first, second)]
        assert all(name in text for name in names), text
        without = text.replace(names[0], "_").replace(names[1], "_")
        found = RELATION.findall(without)
        if not found or names[0] in names[1] or names[1] in names[0]:
            continue  # "next to", or "on the left and"
        word = SAME.get(found[0], found[0])
        turned = text.index(names[0]) > text.index(names[1])
        assert word == (OPPOSITE[scene.relation or ""] if turned else scene.relation), text
        checked += 1
    assert checked > 150


def test_left_and_right_as_places(catalogue: Catalogue) -> None:
    things = (Placed(TEDDY, 0.25, 0.5, 0.45), Placed(APPLE, 0.75, 0.5, 0.45))
    for text in many(Scene("noto", WHITE, things, "left of"), catalogue):
        if "on the left" in text:
            assert re.search(r"teddy bear on the left and (.*)red apple on the right", text) or (
                re.search(r"red apple on the right and (.*)teddy bear on the left", text)
            )


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


def test_keywords_that_stand_alone_belong_to_two_at_most(catalogue: Catalogue) -> None:
    chosen = distinctive(catalogue)
    for word in ("face", "hand", "woman", "animal", "heart", "happy"):
        assert not any(word in words for words in chosen.values())
    for words in chosen.values():
        for word in words:
            owners = [c for c in catalogue.concepts if word in c.keywords]
            assert len(owners) <= 2
            assert not any(word == c.label for c in catalogue.concepts)
    assert sum(bool(words) for words in chosen.values()) > 800


def test_keywords_are_used_now_and_then(catalogue: Catalogue) -> None:
    words = distinctive(catalogue)[TEDDY]
    assert words
    said = many(BEAR, catalogue, 600)
    used = [text for text in said if "teddy bear" not in text]
    assert 0.01 < len(used) / len(said) < 0.1
    assert all(any(word in text for word in words) for text in used)


def test_captions_read_well(catalogue: Catalogue) -> None:
    for _, text in drawn(catalogue, Mix(p_hue=0.2), 600):
        assert not re.search(r"\s\s|\s,|,,|[{}:’“”]|^\s|\s$", text), text
        assert not re.search(r"\ban? (an?|the|two|three|\d) ", text.replace("type a ", "")), text
        assert not re.search(r"\ba [aeio](?!ne)", text.replace("type a ", "")), text
        assert len(text) < 200
