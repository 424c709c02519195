"""The figures of each kind of encoder, every one beside what knowing nothing reaches (chance) and
what the same encoder reaches where nothing was held out (ceiling)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Scene, compose
from studio.dataset.wording import noun
from studio.metrics.distributions import rank_of, recall
from studio.report.encoders.subjects import Embed, Pair, Read, Say, parts
from studio.training.data import to_tensor
from studio.training.neighbours import Neighbours, alone

STYLE = "fluent-3d"
SIDE = 144  # pixels that pictures are composed at: twice what the encoders see
RANKS = 1, 5, 10


@dataclass(frozen=True)
class Measured:
    """A share of 1; `name` within its `section`. `n` queries."""

    section: str
    name: str
    encoder: str
    value: float
    chance: float
    ceiling: float
    n: int


class Pictures:
    """The catalogue's scenes, and those of `more`, a catalogue with styles that no encoder saw;
    each is composed once."""

    def __init__(self, catalogue: Catalogue, more: Catalogue | None = None) -> None:
        self.catalogue, self.more = catalogue, more
        self._known: dict[Scene, Tensor] = {}

    @property
    def styles(self) -> dict[str, Catalogue]:
        found = {style.name: self.catalogue for style in self.catalogue.styles}
        for style in self.more.styles if self.more else ():
            found.setdefault(style.name, self.more or self.catalogue)
        return found

    def codes(self, style: str, split: str = "") -> list[str]:
        """What is drawn in a style, of one split or of both."""
        known = self.catalogue.by_code
        return [
            code for code in self.styles[style].codes(style)
            if code in known and split in ("", known[code].split)
        ]  # fmt: skip

    def paint(self, scenes: Sequence[Scene], size: int) -> Tensor:
        """(B, 3, size, size) in [-1, 1]; always the same size."""
        for scene in scenes:
            if scene not in self._known:
                made = compose(scene, self.styles[scene.style], size)
                self._known[scene] = torch.from_numpy(made)
        stacked = torch.stack([self._known[scene] for scene in scenes])
        return to_tensor(stacked.numpy(), torch.device("cpu"))

    def phrase(self, code: str) -> str:
        return noun(self.catalogue.by_code[code].label).phrase


@dataclass(frozen=True)
class Shown:
    """Pictures (N, 3, S, S) of the things `codes`."""

    pictures: Tensor
    codes: list[str]


def shown(pictures: Pictures, style: str, codes: Sequence[str]) -> Shown:
    return Shown(pictures.paint([alone(style, code) for code in codes], SIDE), list(codes))


def held_and_seen(pictures: Pictures, style: str) -> tuple[Shown, Shown]:
    """All that is held out, and as many of the rest, from all over the catalogue."""
    held, seen = (pictures.codes(style, split) for split in ("held-out", "train"))
    step = max(1, len(seen) // len(held))
    return shown(pictures, style, held), shown(pictures, style, seen[::step][: len(held)])


def positives(codes: Sequence[str], others: Sequence[str]) -> Tensor:
    """(N, M): which are the same thing."""
    number = {code: k for k, code in enumerate(dict.fromkeys([*codes, *others]))}
    a, b = (torch.tensor([number[code] for code in each]) for each in (codes, others))
    return a[:, None] == b


def recalls(
    queries: Tensor, gallery: Tensor, right: Tensor, ranks: Iterable[int] = RANKS
) -> dict[int, float]:
    found = rank_of(queries, gallery, right)
    return {k: recall(found, k) for k in ranks}


def retrieval(pair: Pair, pictures: Pictures, scenes: Shown) -> list[Measured]:
    """Both ways, in each style, and in scenes, whose ceiling is the same things on white."""
    rows = list[Measured]()
    white: dict[str, float] = {}
    for style, catalogue in pictures.styles.items():
        held, seen = held_and_seen(pictures, style)
        found, best = (_both_ways(pair, pictures, each) for each in (held, seen))
        white = white or found
        new = "" if catalogue is pictures.catalogue else ", a style not seen"
        rows += _rows(f"retrieval, {style}{new}", pair.name, held, found, best)
    found = _both_ways(pair, pictures, scenes)
    return rows + _rows(f"retrieval, {STYLE} in scenes", pair.name, scenes, found, white)


def _rows(
    section: str, encoder: str, of: Shown, found: Mapping[str, float], best: Mapping[str, float]
) -> list[Measured]:
    kinds = len(set(of.codes))
    return [
        Measured(section, name, encoder, value, min(1.0, int(name.split("@")[1]) / kinds),
                 best[name], len(of.codes) if name.startswith("picture") else kinds)
        for name, value in found.items()
    ]  # fmt: skip


def _both_ways(pair: Pair, pictures: Pictures, of: Shown) -> dict[str, float]:
    codes = list(dict.fromkeys(of.codes))
    seen, said = parts(pair.pictures, of.pictures), pair.texts([pictures.phrase(c) for c in codes])
    right = positives(of.codes, codes)
    there, back = recalls(seen, said, right), recalls(said, seen, right.T)
    return {
        **{f"picture to text R@{k}": value for k, value in there.items()},
        **{f"text to picture R@{k}": value for k, value in back.items()},
    }


def zero_shot(pair: Pair, pictures: Pictures) -> list[Measured]:
    """Among all labels, and among the groups: by their names, and as the group of the nearest
    label; chance of a group: always the commonest."""
    both, codes = held_and_seen(pictures, STYLE), pictures.codes(STYLE)
    labels = pair.texts([pictures.phrase(code) for code in codes])
    group_of = {code: pictures.catalogue.by_code[code].group for code in codes}
    groups = sorted(set(group_of.values()))
    names = pair.texts([f"a picture of {group}" for group in groups])
    found = list[dict[str, float]]()
    for of in both:
        vectors, own = parts(pair.pictures, of.pictures), [group_of[code] for code in of.codes]
        by_label = recalls(vectors, labels, positives(of.codes, codes), (1, 5))
        near = positives(own, [group_of[code] for code in codes])
        found.append(
            {
                **{f"by label, top-{k}": value for k, value in by_label.items()},
                "by group, its name": recalls(vectors, names, positives(own, groups))[1],
                "by group, of the nearest label": recalls(vectors, labels, near)[1],
            }
        )
    owns = [group_of[code] for code in both[0].codes]
    commonest = max(owns.count(group) for group in groups) / len(owns)
    chances = [1 / len(codes), 5 / len(codes), commonest, commonest]
    return [
        Measured("zero-shot classification", name, pair.name, value, chance, found[1][name],
                 len(owns))
        for (name, value), chance in zip(found[0].items(), chances, strict=True)
    ]  # fmt: skip


def synonyms(pair: Pair, pictures: Pictures) -> list[Measured]:
    """Words that no caption uses, to pictures and to labels; ceiling: the same things by words that
    captions do use."""
    codes, catalogue = pictures.codes(STYLE), pictures.catalogue
    owners = {w: c for w, c in catalogue.unsaid.items() if set(c) <= set(codes)}
    if not owners:
        return []
    right = torch.stack([positives(list(c), codes).any(0) for c in owners.values()])
    usual = [(*catalogue.words.get(c[0], ()), catalogue.by_code[c[0]].label)[0]
             for c in owners.values()]  # fmt: skip
    unsaid, said = (pair.texts([noun(w).phrase for w in each]) for each in (owners, usual))
    galleries = {
        "picture": parts(pair.pictures, shown(pictures, STYLE, codes).pictures),
        "label": pair.texts([pictures.phrase(code) for code in codes]),
    }
    share, rows = float(right.double().mean()), list[Measured]()
    for name, gallery in galleries.items():
        found, best = (recalls(queries, gallery, right) for queries in (unsaid, said))
        rows += [
            Measured("words that no caption uses", f"word to {name} hit@{k}", pair.name, found[k],
                     min(1.0, k * share), best[k], len(owners))
            for k in RANKS
        ]  # fmt: skip
    return rows


def nearest(
    name: str, embed: Embed, among: Neighbours, read: Read
) -> tuple[list[Measured], list[int]]:
    """The k-NN figures (k = 1), and the gallery's nearest to the first scenes. Ceiling of the
    group: by the text tower's vectors of the labels themselves."""
    vectors = among.embedded(embed)
    found = among.figures_of(*vectors)
    by_code = among.catalogue.by_code
    labels = read([noun(by_code[code].label).phrase for code in among.codes])
    ceiling = among.group_share(labels)
    held = [among.groups[k] for k in among.held.tolist()]
    seen = [g for k, g in enumerate(among.groups) if k not in set(among.held.tolist())]
    by_luck = sum(seen.count(group) for group in held) / len(held) / len(seen)
    size, n = len(among.codes), len(held)
    section = "nearest neighbour"
    rows = [
        Measured(section, "same thing, scene to white", name, found["knn_scene"], 1 / size, 1.0,
                 len(among.shown)),
        Measured(section, "same thing, noto to 3d", name, found["knn_style"], 1 / size, 1.0, n),
        Measured(section, "same group", name, found["knn_group"], by_luck, ceiling, n),
    ]  # fmt: skip
    return rows, (vectors[2] @ vectors[0].T).argmax(1).tolist()


def captions(name: str, say: Say, pictures: Pictures, read: Read) -> list[Measured]:
    """Does what is said of a picture find its label, by the text tower; does it name it?"""
    both = held_and_seen(pictures, STYLE)
    found = list[dict[str, float]]()
    for of in both:
        said = spoken(say, of.pictures)
        phrases = [pictures.phrase(code) for code in of.codes]
        ranks = recalls(read(said), read(phrases), positives(of.codes, of.codes))
        labels = [pictures.catalogue.by_code[code].label for code in of.codes]
        named = sum(label in text for label, text in zip(labels, said, strict=True)) / len(said)
        found.append({**{f"caption to text R@{k}": v for k, v in ranks.items()}, "named": named})
    n = len(both[0].codes)
    chances = {"named": 0.0, **{f"caption to text R@{k}": min(1.0, k / n) for k in RANKS}}
    return [
        Measured("captions", key, name, found[0][key], chance, found[1][key], n)
        for key, chance in chances.items()
    ]


@torch.no_grad()
def spoken(say: Say, pictures: Tensor) -> list[str]:
    return [text for part in pictures.split(32) for text in say(part)]
