"""Scenes: what is in a picture as plain values, drawn from a mix of kinds, composed into pixels.

A `Scene` decides every pixel and every word of its captions. Nothing is ever flipped: captions and
objects know left from right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from studio.core.errors import UsageError
from studio.dataset import layout, roles
from studio.dataset.catalogue import Catalogue
from studio.dataset.colours import GROUNDS, HUES, jittered, lab, recolour
from studio.dataset.layout import (
    ACTIONS,
    OPPOSITE,
    OVER,
    RELATIONS,
    SCALES,
    SIDES,
    TRIOS,
    Box,
    Slot,
)
from studio.dataset.wording import noun, plain

GRADINGS = ("vertical", "radial")
WEIGHED = ("styles", "groups", "singles", "relations")  # what a mix weighs by name
ALONE = ("symbols", "flags")  # groups that are never paired or counted
LONG = 0.2  # weight, beside other things, of one whose name has more than two words


@dataclass(frozen=True)
class Ground:
    """`kind` is "plain", "vertical" (top to bottom) or "radial" (centre to corners); names and
    sRGB values of its one or two colours, in that order."""

    kind: str
    colours: tuple[str, ...]
    values: tuple[tuple[int, int, int], ...]


WHITE = Ground("plain", ("white",), ((255, 255, 255),))


@dataclass(frozen=True)
class Placed:
    """An object. Centre and size (side of its square) are parts of the frame, y downwards.
    `colour` is the name it was recoloured to, or None for its own colours; `scale` is "big" or
    "small" where it plainly is, beside the frame or the other thing."""

    code: str
    x: float
    y: float
    size: float
    colour: str | None = None
    scale: str | None = None


@dataclass(frozen=True)
class Scene:
    """One object; or `count` of one kind; or two where the first is `relation` the second; or
    three where the first is between the others or, `relation` being "with", above them.

    `objects` are in the order of mention; `drawn` is the order of painting.
    """

    style: str
    ground: Ground
    objects: tuple[Placed, ...]
    relation: str | None = None

    @property
    def count(self) -> int:
        """How many of the first kind there are."""
        return 1 if self.relation else len(self.objects)

    @property
    def drawn(self) -> tuple[Placed, ...]:
        return self.objects[::-1] if self.relation in OVER else self.objects


Weights = Mapping[str, float] | tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Mix:
    """How often each kind of scene is drawn. `p_single`, `p_pair`, `p_count` and `p_trio` are
    weights; the other `p_` are probabilities: `p_graded` a part of the coloured grounds, `p_size`
    of big and small things where there is room, `p_place` of lone ones at a side.

    `styles`, `groups` and the pairs' `relations` weigh by name (a group not named weighs 1);
    `singles` are the groups' weights where a thing is alone, if those are others.
    `jitter` in [0, 1] moves and scales objects; at 0 a lone object is centred at one size.
    `split` is "train", "held-out" or "all".

    Raises:
        UsageError: a probability outside [0, 1], a negative weight, or an unknown split.
    """

    p_single: float = 0.65
    p_pair: float = 0.22
    p_count: float = 0.13
    p_trio: float = 0.0
    p_hue: float = 0.1
    p_colour_ground: float = 0.4
    p_graded: float = 0.2
    p_size: float = 0.0
    p_place: float = 0.0
    styles: Weights = (("fluent-3d", 0.6), ("fluent-flat", 0.2), ("noto", 0.2))
    groups: Weights = (("people", 0.3), ("symbols", 0.5))
    singles: Weights = ()
    relations: Weights = tuple((relation, 1.0) for relation in RELATIONS)
    jitter: float = 0.4
    split: str = "train"

    def __post_init__(self) -> None:
        for name in WEIGHED:
            value = getattr(self, name)
            pairs = value.items() if isinstance(value, Mapping) else value
            object.__setattr__(self, name, tuple((str(k), float(w)) for k, w in pairs))
        for name in ("p_hue", "p_colour_ground", "p_graded", "p_size", "p_place", "jitter"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} is {getattr(self, name)}; choose a number from 0 to 1.")
        weighed = {"kinds": self.kinds, **{name: self.pairs(name) for name in WEIGHED}}
        for name, named in weighed.items():
            weights = [weight for _, weight in named]
            needed = name not in ("groups", "singles")  # a group not named weighs 1
            if min(weights, default=0) < 0 or (needed and sum(weights) <= 0):
                raise UsageError("The weights of a mix must not be negative, nor all zero.")
        for name, _ in self.pairs("relations"):
            if name not in (*OPPOSITE, *ACTIONS):
                known = ", ".join((*OPPOSITE, *ACTIONS))
                raise UsageError(f"Unknown relation {name!r}; choose from {known}.")
        if self.split not in ("train", "held-out", "all"):
            raise UsageError(f"Unknown split {self.split!r}; use train, held-out or all.")

    @property
    def kinds(self) -> tuple[tuple[str, float], ...]:
        """The kinds of scenes and their weights."""
        names = ("single", "pair", "count", "trio")
        return tuple((name, float(getattr(self, f"p_{name}"))) for name in names)

    def pairs(self, name: str) -> tuple[tuple[str, float], ...]:
        """One of WEIGHED as (name, weight) pairs."""
        return tuple(getattr(self, name))


# --- drawing scenes from a mix ---------------------------------------------------------------


Pool = tuple[tuple[str, ...], np.ndarray]  # codes and their cumulative weights


@lru_cache(maxsize=64)
def _pool(
    catalogue: Catalogue, style: str, mix: Mix, kind: str, role: frozenset[str] | None = None
) -> Pool:
    """What may appear in this kind of scene, or be in this role of it."""
    groups = dict(mix.pairs("singles" if kind == "single" and mix.singles else "groups"))
    codes, weights = [], []
    for code in catalogue.codes(style):
        concept = catalogue.by_code[code]
        weight = groups.get(concept.group, 1.0)
        alone = concept.group in ALONE or (kind == "count" and noun(concept.label).plural is None)
        if role is not None:
            alone = concept.label not in role
        elif kind in ("pair", "trio") and len(plain(concept.label).split()) > 2:
            weight *= LONG
        if weight > 0 and mix.split in (concept.split, "all") and not (alone and kind != "single"):
            codes.append(code)
            weights.append(weight)
    if not codes:
        raise UsageError(f"No {mix.split} concept of style {style} is left for {kind} scenes.")
    return tuple(codes), np.cumsum(weights) / np.sum(weights)


def _pick(rng: np.random.Generator, names: tuple[str, ...], cumulative: np.ndarray) -> str:
    return names[min(int(np.searchsorted(cumulative, rng.random(), "right")), len(names) - 1)]


def _choice(rng: np.random.Generator, weighted: tuple[tuple[str, float], ...]) -> str:
    names, weights = zip(*weighted, strict=True)
    return _pick(rng, names, np.cumsum(weights) / np.sum(weights))


@lru_cache(maxsize=32768)
def _paint(catalogue: Catalogue, style: str, code: str, colour: str) -> bool:
    """Whether this object can be made truly that colour."""
    return recolour(catalogue.picture(code, style), colour) is not None


def _hue(
    rng: np.random.Generator, catalogue: Catalogue, style: str, code: str, p: float
) -> str | None:
    """A colour name with probability `p`, where the object takes it. People keep theirs."""
    if rng.random() >= p:
        return None
    colour = tuple(HUES)[rng.integers(len(HUES))]
    concept = catalogue.by_code[code]
    words = concept.label.split()
    # "a blue red apple" is nonsense; only a leading colour word can be replaced.
    if concept.group in ("people", *ALONE) or any(word in GROUNDS for word in words[1:]):
        return None
    if colour == words[0] or not _paint(catalogue, style, code, colour):
        return None
    return colour


@lru_cache(maxsize=8192)
def extent(catalogue: Catalogue, style: str, code: str) -> Slot:
    """What is opaque of a thing's square: left, top, right, bottom as parts of it."""
    opaque = catalogue.picture(code, style)[..., 3] > 100
    rows, columns = np.flatnonzero(opaque.any(1)), np.flatnonzero(opaque.any(0))
    edges = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    left, top, right, bottom = (float(edge) / opaque.shape[0] for edge in edges)
    return left, top, right, bottom


@lru_cache(maxsize=8192)
def _tone(catalogue: Catalogue, style: str, code: str) -> tuple[float, float, float]:
    """Mean CIELAB colour of an object, weighted by alpha."""
    rgba = catalogue.picture(code, style)[::4, ::4].astype(np.float32)
    weight = rgba[..., 3:] / max(1.0, float(rgba[..., 3].sum()))
    mean = lab((rgba[..., :3] * weight).sum((0, 1)))
    return float(mean[0]), float(mean[1]), float(mean[2])


def _ground(
    rng: np.random.Generator, catalogue: Catalogue, mix: Mix, style: str, code: str
) -> Ground:
    """White, or a named colour that the object stands out from, plain or graded."""
    if rng.random() >= mix.p_colour_ground:
        return WHITE
    tone, names = np.array(_tone(catalogue, style, code)), tuple(GROUNDS)[1:]
    clear = [n for n in names if np.linalg.norm(lab(np.array(GROUNDS[n])) - tone) > 28] or [*names]
    name = clear[rng.integers(len(clear))]
    if rng.random() >= mix.p_graded:
        return Ground("plain", (name,), (jittered(name, rng),))
    others = ["white", *(n for n in clear if n != name)]
    pair = (name, others[rng.integers(len(others))])
    if rng.random() < 0.5:
        pair = pair[::-1]
    kind = GRADINGS[rng.integers(len(GRADINGS))]
    return Ground(kind, pair, (jittered(pair[0], rng), jittered(pair[1], rng)))


def sample_scene(rng: np.random.Generator, catalogue: Catalogue, mix: Mix) -> Scene:
    """Draws a scene; the same generator state gives the same scene.

    Raises:
        UsageError: the mix leaves no concept to draw.
        DataError: a style that the catalogue lacks.
    """
    style = _choice(rng, mix.pairs("styles"))
    kind = _choice(rng, mix.kinds)
    relation = _relation(rng, mix, kind)
    codes = _codes(rng, catalogue, mix, style, kind, relation)
    hues = {code: _hue(rng, catalogue, style, code, mix.p_hue) for code in dict.fromkeys(codes)}
    scales = _scales(rng, mix, relation, len(codes))
    boxes = _boxes(rng, catalogue, mix, style, codes, relation, scales)
    objects = tuple(
        Placed(code, *box, hues[code], scale)
        for code, box, scale in zip(codes, boxes, scales, strict=True)
    )
    return Scene(style, _ground(rng, catalogue, mix, style, codes[0]), objects, relation)


def _relation(rng: np.random.Generator, mix: Mix, kind: str) -> str | None:
    if kind == "pair":
        return _choice(rng, mix.pairs("relations"))
    return TRIOS[rng.integers(len(TRIOS))] if kind == "trio" else None


def _codes(
    rng: np.random.Generator, catalogue: Catalogue, mix: Mix, style: str, kind: str,
    relation: str | None,
) -> list[str]:  # fmt: skip
    """One thing, one several times, or different ones that fit the relation."""
    if relation in ACTIONS:
        roles_of = roles.PARTS[str(relation)]
        first, second = (_pool(catalogue, style, mix, "pair", role) for role in roles_of)
        code = _pick(rng, *first)
        return [code, _other(rng, second, (code,))]
    pool = _pool(catalogue, style, mix, kind)
    codes = [_pick(rng, *pool)]
    if kind == "count":
        return codes * int(rng.integers(2, 4))
    for _ in range({"pair": 1, "trio": 2}.get(kind, 0)):
        codes.append(_other(rng, pool, tuple(codes)))
    return codes


def _other(rng: np.random.Generator, pool: Pool, codes: tuple[str, ...]) -> str:
    """One more concept; the next new one in the pool should one of `codes` be drawn."""
    other = _pick(rng, *pool)
    at = pool[0].index(other)
    following = (*pool[0][at:], *pool[0][:at])
    return next((code for code in following if code not in codes), other)


def _scales(
    rng: np.random.Generator, mix: Mix, relation: str | None, count: int
) -> tuple[str | None, ...]:
    """A lone thing big or small; of two side by side, one of each."""
    sized = count == 1 or relation in SIDES
    if not sized or rng.random() >= mix.p_size:
        return (None,) * count
    return SCALES[:: rng.choice((-1, 1))][:count]


def _boxes(
    rng: np.random.Generator, catalogue: Catalogue, mix: Mix, style: str, codes: list[str],
    relation: str | None, scales: tuple[str | None, ...],
) -> list[Box]:  # fmt: skip
    """The place of each object, in the order of mention; only depth, stacks and actions overlap."""
    if relation is None:
        if len(codes) > 1:
            return layout.several(rng, len(codes), mix.jitter)
        apart = mix.p_place > 0 and scales[0] is None and rng.random() < mix.p_place
        return [layout.lone(rng, mix.jitter, scales[0], apart)]
    if relation in TRIOS:
        return layout.trio(rng, relation, mix.jitter)
    if relation not in (*ACTIONS, "on top of", "under"):
        return layout.pair(rng, relation, mix.jitter, scales)
    first, second = (extent(catalogue, style, code) for code in codes)
    if relation == "on top of":
        return layout.stack(rng, first, second)
    if relation == "under":
        return layout.stack(rng, second, first)[::-1]
    kind = roles.worn(catalogue.by_code[codes[1]].label)
    return layout.acted(rng, relation, first, kind, second)


# --- composing ------------------------------------------------------------------------------


def _backdrop(ground: Ground, size: int) -> np.ndarray:
    """(size, size, 3) float32 in [0, 255]."""
    first = np.array(ground.values[0], np.float32)
    if ground.kind == "plain":
        return np.tile(first, (size, size, 1))
    line = (np.arange(size, dtype=np.float32) + 0.5) / size
    if ground.kind == "vertical":
        t = np.repeat(line[:, None], size, 1)
    else:
        t = np.hypot(line[:, None] - 0.5, line[None, :] - 0.5) / np.float32(np.sqrt(0.5))
    return first + t[..., None] * (np.array(ground.values[1], np.float32) - first)


def _layer(
    thing: Placed, style: str, catalogue: Catalogue, size: int
) -> tuple[np.ndarray, int, int]:
    """Premultiplied RGBA uint8 of an object at its size, and its left and top pixel."""
    rgba = catalogue.picture(thing.code, style)
    if thing.colour is not None:
        painted = recolour(rgba, thing.colour)
        assert painted is not None, f"{thing.code} cannot be {thing.colour}"
        rgba = painted
    side = max(1, round(thing.size * size))
    # Premultiplied before resizing, so that hidden colours never bleed into the edge; Hamming is
    # as sharp as bicubic when shrinking and, being nowhere negative, leaves no halo.
    image = Image.fromarray(rgba).convert("RGBa")
    if image.size != (side, side):
        image = image.resize((side, side), Image.Resampling.HAMMING)
    left = min(max(0, round(thing.x * size - side / 2)), size - side)
    top = min(max(0, round(thing.y * size - side / 2)), size - side)
    return np.asarray(image), left, top


def compose(scene: Scene, catalogue: Catalogue, size: int = 256) -> np.ndarray:
    """The scene as (size, size, 3) uint8 sRGB. out = premultiplied + (1 - alpha) ground
    (Porter and Duff 1984, "over").

    Raises:
        DataError: an object has no picture in the scene's style.
    """
    canvas = _backdrop(scene.ground, size)
    for thing in scene.drawn:
        layer, left, top = _layer(thing, scene.style, catalogue, size)
        window = canvas[top : top + layer.shape[0], left : left + layer.shape[1]]
        window *= (255 - layer[..., 3:].astype(np.float32)) / 255
        window += layer[..., :3]
    return (canvas + 0.5).clip(0, 255).astype(np.uint8)


def mask(scene: Scene, catalogue: Catalogue, size: int = 256) -> np.ndarray:
    """(size, size) float32 in [0, 1]: how much of each pixel is covered by objects."""
    clear = np.ones((size, size), np.float32)
    for thing in scene.objects:
        layer, left, top = _layer(thing, scene.style, catalogue, size)
        window = clear[top : top + layer.shape[0], left : left + layer.shape[1]]
        window *= 1 - layer[..., 3].astype(np.float32) / 255
    return 1 - clear
