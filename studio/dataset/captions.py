"""Exact captions of scenes, in many wordings. Standard library and NumPy only."""

from __future__ import annotations

import numpy as np

from studio.dataset.catalogue import Catalogue
from studio.dataset.colours import GROUNDS
from studio.dataset.facts import facts
from studio.dataset.layout import OPPOSITE
from studio.dataset.scenes import Placed, Scene
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
P_WORD = 0.25  # of a thing with other words than its label
P_WHITE = 0.15
P_PLACE = 0.7
P_BARE = 0.15  # "cat next to dog"
P_LESS = 0.03  # only one of two named, two of three
NUMBERS = {1: "one", 2: "two", 3: "three"}
SIZES = {"big": ("big", "big", "large", "huge"), "small": ("small", "small", "little", "tiny")}

TURNED = str.maketrans("01", "10")

# What people say of two things where they say less than the relation, and of three. What is named
# first is on the left, so that "a cat and a dog" is one picture and not the mean of two.
TOGETHER = ("{0} and {1}", "{1} and {0}", "{0} with {1}")
BESIDE = (
    "{0} next to {1}", "{0} next to {1}", "{0} beside {1}", "{0} and {1}", "{0} and {1}",
    "{0} with {1}", "{0} and {1} side by side", "{0} by {1}",
)  # fmt: skip
LOOSE = {
    "left of": BESIDE, "right of": tuple(form.translate(TURNED) for form in BESIDE),
    "between": ("{1}, {0} and {2}",), "with": ("{0}, {1} and {2}", "{0} with {1} and {2}"),
}  # fmt: skip
P_LOOSE = {
    "left of": 0.4, "right of": 0.4, "above": 0.05, "below": 0.05, "in front of": 0.05,
    "behind": 0.05, "on top of": 0.05, "under": 0.05, "holding": 0.1, "reading": 0.1,
    "wearing": 0.1, "between": 0.3, "with": 0.6,
}  # fmt: skip
_FIRST = {
    "left of": (
        "{0} to the left of {1}", "{0} to the left of {1}", "{1} to the right of {0}",
        "{1} to the right of {0}", "{0} left of {1}", "{1} right of {0}",
        "{0} on the left and {1} on the right", "{1} on the right and {0} on the left",
        "{0} on the left of {1}",
    ),
    "above": (
        "{0} above {1}", "{0} above {1}", "{1} below {0}", "{1} below {0}", "{0} over {1}",
        "{1} under {0}", "{1} beneath {0}", "{0} at the top and {1} at the bottom",
    ),
    "in front of": (
        "{0} in front of {1}", "{0} in front of {1}", "{1} behind {0}", "{1} behind {0}",
        "{0} before {1}",
    ),
    "on top of": (
        "{0} on top of {1}", "{0} on top of {1}", "{0} on {1}", "{1} under {0}",
        "{1} underneath {0}", "{0} standing on {1}", "{1} with {0} on top",
    ),
}  # fmt: skip
RELATED = {
    **_FIRST,
    **{
        OPPOSITE[relation]: tuple(form.translate(TURNED) for form in forms)
        for relation, forms in _FIRST.items()
    },
    "holding": ("{0} holding {1}",) * 4 + ("{0} with {1}", "{0} carrying {1}", "{1} held by {0}"),
    "reading": ("{0} reading {1}",) * 4 + ("{0} with {1}", "{0} holding {1}"),
    "wearing": ("{0} wearing {1}",) * 4 + ("{0} with {1}", "{0} in {1}", "{1} on {0}"),
    "between": (
        "{0} between {1} and {2}", "{0} between {1} and {2}",
        "{1}, {0} and {2} from left to right",
    ),
    "with": ("{0} above {1} and {2}", "{1} and {2} below {0}", "{0} over {1} and {2}"),
}  # fmt: skip


def _one(rng: np.random.Generator, forms: tuple[str, ...]) -> str:
    return forms[int(rng.integers(len(forms)))]


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


def sized(thing: Noun, scale: str | None, rng: np.random.Generator) -> Noun:
    """The noun with a word for its size."""
    if scale is None:
        return thing
    singular = f"{_one(rng, SIZES[scale])} {thing.singular}"
    return Noun(singular, article(singular) if thing.article else "", thing.plural)


def _noun(thing: Placed, catalogue: Catalogue, rng: np.random.Generator) -> Noun:
    """A thing by its label or another of its words, with what was changed about it."""
    words = catalogue.words.get(thing.code, ())
    name = catalogue.by_code[thing.code].label
    if words and rng.random() < P_WORD:
        name = _one(rng, words)
    return sized(coloured(name, thing.colour), thing.scale, rng)


def _ground(scene: Scene, rng: np.random.Generator) -> str:
    """ " on a blue background" and its kin; usually nothing for plain white."""
    ground = scene.ground
    if ground.kind == "plain":
        name = ground.colours[0]
        if name == "white" and rng.random() >= P_WHITE:
            return ""
        a = article(name)
        on = f" on {a} {name} background"
        against = f" against {a} {name} background"
        return _one(rng, (on, on, f" on {name}", against, f", {name} background"))
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
    number, things = NUMBERS[scene.count], thing.plural
    if scene.count == 2 and rng.random() < 0.2:
        return f"a pair of {things}"
    return _one(rng, (f"{number} {things}",) * 3 + (f"{scene.count} {things}",))


def _related(relation: str, things: list[Noun], rng: np.random.Generator) -> str:
    """Two or three phrases and their relation, from any side; now and then less than all."""
    plainly = rng.random() < P_BARE
    named = [thing.singular if plainly else thing.phrase for thing in things]
    if rng.random() < P_LESS:
        return named[0] if len(named) == 2 else f"{named[0]} and {named[1]}"
    loose = rng.random() < P_LOOSE[relation]
    forms = LOOSE.get(relation, TOGETHER) if loose else RELATED[relation]
    return _one(rng, forms).format(*named)


def subject(scene: Scene, catalogue: Catalogue, rng: np.random.Generator) -> tuple[str, str]:
    """What is shown, as a phrase with its article, and without it where that reads well."""
    if scene.relation is not None:
        things = [_noun(thing, catalogue, rng) for thing in scene.objects]
        words = _related(scene.relation, things, rng)
        return words, words
    thing = _noun(scene.objects[0], catalogue, rng)
    if scene.count == 1:
        return thing.phrase, thing.singular
    if thing.plural is None:  # another word that cannot be counted
        thing = coloured(catalogue.by_code[scene.objects[0].code].label, scene.objects[0].colour)
    words = _several(scene, thing, rng)
    return words, words


def caption(scene: Scene, catalogue: Catalogue, rng: np.random.Generator) -> str:
    """One caption of the scene. All that it says is so; it need not say all.

    A ground other than white, and a changed colour, are always said; style, place and white only
    sometimes.
    """
    phrase, bare = subject(scene, catalogue, rng)
    place = _place(scene, rng)
    ground = _ground(scene, rng)
    if rng.random() >= P_STYLE.get(scene.style, P_OTHER_STYLE):
        plain = phrase, phrase, bare, bare, f"a picture of {phrase}", f"an emoji of {phrase}"
        return _one(rng, plain) + place + ground
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
