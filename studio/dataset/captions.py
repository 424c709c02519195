"""Exact captions of scenes, in many wordings. Standard library and NumPy only."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import numpy as np

from studio.dataset.catalogue import Catalogue
from studio.dataset.colours import GROUNDS
from studio.dataset.scenes import OPPOSITE, Placed, Scene, facts
from studio.dataset.wording import Noun, article, noun

STYLE_WORDS = {
    "fluent-3d": ("3d", "3d", "3d", "3d rendered", "glossy 3d"),
    "fluent-flat": ("flat", "flat", "flat", "flat vector"),
    "noto": ("noto", "noto", "noto", "cartoon"),
    "twemoji": ("twemoji", "twemoji", "twemoji", "simple flat"),
}
# 3d is the style a prompt means when it names none, so the others nearly always say theirs.
P_STYLE = {"fluent-3d": 0.4}
P_OTHER_STYLE = 0.92
P_KEYWORD = 0.08
P_WHITE = 0.15
P_PLACE = 0.6
SIDES = {"left of": "to the left of", "right of": "to the right of"}
NUMBERS = {1: "one", 2: "two", 3: "three"}


def _one(rng: np.random.Generator, forms: tuple[str, ...]) -> str:
    return forms[int(rng.integers(len(forms)))]


@lru_cache(maxsize=8)
def distinctive(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """The keywords of each code that can stand for it alone: at most two concepts own the word,
    and it is no other concept's label nor a colour."""
    owners = Counter(word for c in catalogue.concepts for word in {*c.keywords, c.label})
    labels = {c.label for c in catalogue.concepts}
    return {
        c.code: tuple(
            w
            for w in c.keywords
            if owners[w] <= 2 and w not in labels and w not in GROUNDS and w.isascii()
            and len(w) > 2 and w[0].isalpha()
        )
        for c in catalogue.concepts
    }  # fmt: skip


def coloured(label: str, colour: str | None) -> Noun:
    """The noun of a label in a new colour, which replaces a colour that the label begins with."""
    if colour is None:
        return noun(label)
    first, _, rest = label.partition(" ")
    thing = noun(rest if first in GROUNDS and rest else label)
    plural = f"{colour} {thing.plural}" if thing.plural else None
    singular = f"{colour} {thing.singular}"
    # Mass nouns and plurals keep having no article.
    return Noun(singular, article(singular) if thing.article else "", plural)


def _noun(thing: Placed, catalogue: Catalogue) -> Noun:
    return coloured(catalogue.by_code[thing.code].label, thing.colour)


def _ground(scene: Scene, rng: np.random.Generator) -> str:
    """ " on a blue background" and its kin; usually nothing for plain white."""
    ground = scene.ground
    if ground.kind == "plain":
        name = ground.colours[0]
        if name == "white" and rng.random() >= P_WHITE:
            return ""
        a = article(name)
        return _one(
            rng,
            (
                f" on {a} {name} background",
                f" on {a} {name} background",
                f" on {name}",
                f" against {a} {name} background",
                f", {name} background",
            ),
        )
    first, second = ground.colours
    if ground.kind == "vertical":
        forms = (
            f" on a gradient from {first} at the top to {second} at the bottom",
            f" on {article(first)} {first} to {second} gradient background",
            f", {first} to {second} vertical gradient",
        )
    else:
        forms = (
            f" on a radial gradient from {first} to {second}",
            f" on {article(first)} {first} background fading to {second} at the edges",
            f", {first} to {second} radial gradient",
        )
    return _one(rng, forms)


def _place(scene: Scene, rng: np.random.Generator) -> str:
    place = facts(scene).place
    if place is None or rng.random() >= P_PLACE:
        return ""
    words = place.split()
    if len(words) == 2:
        return _one(rng, (f" in the {place} corner", f" at the {place}"))
    if place in ("left", "right"):
        return _one(rng, (f" on the {place}", f" on the {place} side"))
    return f" at the {place}"


def _several(scene: Scene, thing: Noun, rng: np.random.Generator) -> str:
    number = NUMBERS[scene.count]
    return _one(rng, (f"{number} {thing.plural}",) * 3 + (f"{scene.count} {thing.plural}",))


def _related(scene: Scene, first: str, second: str, rng: np.random.Generator) -> str:
    """Two phrases and their relation, from either side; now and then less than all is said."""
    relation = scene.relation
    assert relation is not None
    if rng.random() < 0.4:
        first, second, relation = second, first, OPPOSITE[relation]
    if relation in SIDES:
        if rng.random() < 0.12:
            return f"{first} next to {second}"
        # "a cat on the left and a dog on the right" says the same.
        here, there = relation.split()[0], OPPOSITE[relation].split()[0]
        return _one(
            rng,
            (
                f"{first} {SIDES[relation]} {second}",
                f"{first} {SIDES[relation]} {second}",
                f"{first} {relation} {second}",
                f"{first} on the {here} and {second} on the {there}",
            ),
        )
    if relation in ("above", "below"):
        under = ("below", "under", "beneath") if relation == "below" else ("above", "above", "over")
        return f"{first} {_one(rng, under)} {second}"
    return f"{first} {relation} {second}"


def _tagged(scene: Scene, catalogue: Catalogue, thing: Noun, rng: np.random.Generator) -> str:
    """The subject by a distinctive keyword, alone or after its label, as people tag."""
    code = scene.objects[0].code
    words = distinctive(catalogue).get(code, ())
    if not words or scene.objects[0].colour is not None:
        return thing.phrase
    word = _one(rng, words)
    return _one(rng, (word, word, f"{thing.singular}, {word}", f"{word}, {thing.singular}"))


def subject(scene: Scene, catalogue: Catalogue, rng: np.random.Generator) -> tuple[str, str]:
    """What is shown, as a phrase with its article, and without it where that reads well."""
    things = [_noun(thing, catalogue) for thing in scene.objects]
    if scene.relation is not None:
        words = _related(scene, things[0].phrase, things[1].phrase, rng)
        return words, words
    if scene.count > 1:
        words = _several(scene, things[0], rng)
        return words, words
    if rng.random() < P_KEYWORD:
        words = _tagged(scene, catalogue, things[0], rng)
        return words, words
    return things[0].phrase, things[0].singular


def caption(scene: Scene, catalogue: Catalogue, rng: np.random.Generator) -> str:
    """One caption of the scene. All that it says is so; it need not say all.

    A ground other than white, and a changed colour, are always said; style, place and white only
    sometimes.
    """
    phrase, bare = subject(scene, catalogue, rng)
    place = _place(scene, rng)
    ground = _ground(scene, rng)
    if rng.random() >= P_STYLE.get(scene.style, P_OTHER_STYLE):
        form = _one(
            rng,
            (
                "{phrase}",
                "{phrase}",
                "{bare}",
                "{bare}",
                "a picture of {phrase}",
                "an emoji of {phrase}",
            ),
        )
        return form.format(phrase=phrase, bare=bare) + place + ground
    words = STYLE_WORDS.get(scene.style, (catalogue.style(scene.style).caption,))
    style = _one(rng, words)
    tail = place + ground
    forms = [
        f"{bare}{tail}, {style}",
        f"{phrase}{tail}, {style}",
        f"{style} picture of {phrase}{tail}",
        f"{phrase}{tail}, {style} style",
        f"{phrase}{tail} in {style} style",
        f"{style} icon of {phrase}{tail}",
        f"{article(style)} {style} emoji of {phrase}{tail}",
        f"{style}, {bare}{tail}",
    ]
    if len(scene.objects) == 1 and phrase != bare:
        forms.append(f"{article(style)} {style} {bare}{tail}")
    return _one(rng, tuple(forms))
