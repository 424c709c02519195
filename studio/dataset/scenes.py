"""Scenes: what is in a picture as plain values, drawn from a mix of kinds, composed into pixels.

A `Scene` decides every pixel and every word of its captions. Nothing is ever flipped: captions
and objects know left from right. NumPy and Pillow only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from studio.core.errors import UsageError
from studio.dataset.catalogue import Catalogue
from studio.dataset.colours import GROUNDS, HUES, jittered, lab, recolour
from studio.dataset.wording import noun

SINGLE_SIZE = 0.88  # side of a lone object's square, as a part of the frame's
RELATIONS = ("left of", "right of", "above", "below", "in front of", "behind")
OPPOSITE = {
    "left of": "right of", "right of": "left of", "above": "below", "below": "above",
    "in front of": "behind", "behind": "in front of",
}  # fmt: skip
GRADINGS = ("vertical", "radial")
ALONE = ("symbols", "flags")  # groups that are never paired or counted

Slot = tuple[float, float, float, float]  # left, top, right, bottom, as parts of the frame
Box = tuple[float, float, float]  # x, y, size of a Placed
WHOLE: Slot = (0.0, 0.0, 1.0, 1.0)
HALVES: tuple[Slot, ...] = ((0.0, 0.12, 0.5, 0.88), (0.5, 0.12, 1.0, 0.88))
STACKED: tuple[Slot, ...] = ((0.12, 0.0, 0.88, 0.5), (0.12, 0.5, 0.88, 1.0))
THIRDS: tuple[Slot, ...] = (
    (0.0, 0.2, 1 / 3, 0.8), (1 / 3, 0.2, 2 / 3, 0.8), (2 / 3, 0.2, 1.0, 0.8),
)  # fmt: skip
TRIANGLE: tuple[Slot, ...] = (
    (0.25, 0.02, 0.75, 0.5), (0.0, 0.5, 0.5, 0.98), (0.5, 0.5, 1.0, 0.98),
)  # fmt: skip
OFF_CENTRE = 0.09  # a lone object further off than this has a place worth a word


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
    `colour` is the name it was recoloured to, or None for its own colours."""

    code: str
    x: float
    y: float
    size: float
    colour: str | None = None


@dataclass(frozen=True)
class Scene:
    """One object; or `count` of one kind; or two where the first is `relation` the second.

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
        return self.objects[::-1] if self.relation == "in front of" else self.objects


@dataclass(frozen=True)
class Facts:
    """What a composition judge checks. `ground` is None where it is graded; `side` is where the
    first object is with respect to the second; `place` is a lone object's region, or None."""

    ground: str | None
    count: int
    side: str | None
    place: str | None


def facts(scene: Scene) -> Facts:
    """The checkable facts of a scene."""
    plain = scene.ground.kind == "plain"
    return Facts(
        scene.ground.colours[0] if plain else None, scene.count, scene.relation, _place(scene)
    )


def _place(scene: Scene) -> str | None:
    if len(scene.objects) > 1:
        return None
    thing = scene.objects[0]
    column = "left" if thing.x < 0.5 - OFF_CENTRE else "right" if thing.x > 0.5 + OFF_CENTRE else ""
    row = "top" if thing.y < 0.5 - OFF_CENTRE else "bottom" if thing.y > 0.5 + OFF_CENTRE else ""
    return f"{row} {column}".strip() or None


Weights = Mapping[str, float] | tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Mix:
    """How often each kind of scene is drawn. `p_single`, `p_pair` and `p_count` are weights; the
    other `p_` are probabilities; `p_graded` is a part of the coloured grounds.

    `styles` and `groups` weigh styles and concepts by name (a group not named weighs 1).
    `jitter` in [0, 1] moves and scales objects; at 0 a lone object is centred at one size.
    `split` is "train", "held-out" or "all".

    Raises:
        UsageError: a probability outside [0, 1], a negative weight, or an unknown split.
    """

    p_single: float = 0.65
    p_pair: float = 0.22
    p_count: float = 0.13
    p_hue: float = 0.1
    p_colour_ground: float = 0.4
    p_graded: float = 0.2
    styles: Weights = (("fluent-3d", 0.6), ("fluent-flat", 0.2), ("noto", 0.2))
    groups: Weights = (("people", 0.3), ("symbols", 0.5))
    jitter: float = 0.4
    split: str = "train"

    def __post_init__(self) -> None:
        for name in ("styles", "groups"):
            value = getattr(self, name)
            pairs = value.items() if isinstance(value, Mapping) else value
            object.__setattr__(self, name, tuple((str(k), float(w)) for k, w in pairs))
        for name in ("p_hue", "p_colour_ground", "p_graded", "jitter"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} is {getattr(self, name)}; choose a number from 0 to 1.")
        kinds = (self.p_single, self.p_pair, self.p_count)
        weights = [
            *kinds,
            *(w for _, w in self.pairs("styles")),
            *(w for _, w in self.pairs("groups")),
        ]
        if min(weights) < 0 or sum(kinds) <= 0 or sum(w for _, w in self.pairs("styles")) <= 0:
            raise UsageError("The weights of a mix must not be negative, nor all zero.")
        if self.split not in ("train", "held-out", "all"):
            raise UsageError(f"Unknown split {self.split!r}; use train, held-out or all.")

    def pairs(self, name: str) -> tuple[tuple[str, float], ...]:
        """`styles` or `groups` as (name, weight) pairs."""
        return tuple(getattr(self, name))


# --- drawing scenes from a mix ---------------------------------------------------------------


@lru_cache(maxsize=64)
def _pool(
    catalogue: Catalogue, style: str, mix: Mix, kind: str
) -> tuple[tuple[str, ...], np.ndarray]:
    """Codes that may appear in this kind of scene, and their cumulative weights."""
    groups = dict(mix.pairs("groups"))
    codes, weights = [], []
    for code in catalogue.codes(style):
        concept = catalogue.by_code[code]
        weight = groups.get(concept.group, 1.0)
        alone = concept.group in ALONE or (kind == "count" and noun(concept.label).plural is None)
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


def _within(rng: np.random.Generator, slot: Slot, size: float, jitter: float) -> Box:
    """A square of this size in a slot: in its middle, or moved by up to `jitter` of the room."""
    left, top, right, bottom = slot
    u, v = rng.uniform(-jitter, jitter, 2)
    return (
        (left + right) / 2 + float(u) * max(0.0, (right - left - size) / 2),
        (top + bottom) / 2 + float(v) * max(0.0, (bottom - top - size) / 2),
        size,
    )


def _boxes(rng: np.random.Generator, kind: str, relation: str | None, jitter: float) -> list[Box]:
    """The place of each object, in the order of mention; only depth relations overlap."""
    if kind == "single":
        size = SINGLE_SIZE + jitter * float(rng.uniform(-0.45, 0.1))
        return [_within(rng, WHOLE, size, jitter)]
    if relation in ("in front of", "behind"):
        lean = float(rng.choice((-1, 1)) * rng.uniform(0.04, 0.12))
        back = (0.5 - lean, 0.38, 0.74 * _shrink(rng, jitter))
        front = (0.5 + lean, 0.69, 0.46 * _shrink(rng, jitter))
        return [front, back] if relation == "in front of" else [back, front]
    slots, size = HALVES, 0.48
    if relation in ("above", "below"):
        slots = STACKED
    if kind == "three":
        slots, size = ((THIRDS, 0.32), (TRIANGLE, 0.46))[rng.integers(2)]
    boxes = [_within(rng, slot, size * _shrink(rng, jitter), jitter) for slot in slots]
    return boxes[::-1] if relation in ("right of", "below") else boxes


def _shrink(rng: np.random.Generator, jitter: float) -> float:
    return 1 - 0.25 * jitter * float(rng.random())


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
    kind = _choice(rng, (("single", mix.p_single), ("pair", mix.p_pair), ("count", mix.p_count)))
    pool = _pool(catalogue, style, mix, kind)
    codes = [_pick(rng, *pool)]
    relation = None
    if kind == "pair":
        relation = RELATIONS[rng.integers(len(RELATIONS))]
        codes.append(_other(rng, pool, codes[0]))
    if kind == "count":
        kind = ("two", "three")[rng.integers(2)]
        codes *= 2 if kind == "two" else 3
    hues = {code: _hue(rng, catalogue, style, code, mix.p_hue) for code in dict.fromkeys(codes)}
    boxes = _boxes(rng, kind, relation, mix.jitter)
    objects = tuple(Placed(c, *box, hues[c]) for c, box in zip(codes, boxes, strict=True))
    return Scene(style, _ground(rng, catalogue, mix, style, codes[0]), objects, relation)


def _other(rng: np.random.Generator, pool: tuple[tuple[str, ...], np.ndarray], code: str) -> str:
    """A second concept; the next in the pool should the same be drawn, itself if it is alone."""
    other = _pick(rng, *pool)
    return other if other != code else pool[0][(pool[0].index(code) + 1) % len(pool[0])]


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
