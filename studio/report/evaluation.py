"""What the card's sections share: the subject, the judge, the catalogue's gallery, progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from studio.core.errors import Cancelled
from studio.core.parts import Parts
from studio.dataset.catalogue import Catalogue
from studio.dataset.layout import SINGLE_SIZE
from studio.dataset.scenes import WHITE, Ground, Mix, Placed, Scene, compose, sample_scene
from studio.dataset.wording import noun
from studio.metrics.features import Judge, features_of
from studio.metrics.framing import framed
from studio.report.figures import CardSettings
from studio.report.subject import Subject

JUDGED = 32  # pictures that the judge looks at together


@dataclass(frozen=True, eq=False)
class Gallery:
    """Every picture of one style, alone on white, and its features (G, D)."""

    codes: tuple[str, ...]
    trained: Tensor  # (G,) bool: not held out
    features: Tensor

    def part(self, trained: bool) -> list[str]:
        """The codes trained on, or those held out."""
        marks = self.trained.tolist()
        return [code for code, mark in zip(self.codes, marks, strict=True) if mark == trained]

    def positives(self, codes: Sequence[str]) -> Tensor:
        """(len(codes), G) bool: which picture is of which code."""
        index = {code: i for i, code in enumerate(self.codes)}
        found = torch.zeros(len(codes), len(self.codes), dtype=torch.bool)
        found[torch.arange(len(codes)), torch.tensor([index[code] for code in codes])] = True
        return found


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One evaluation under way. Every section draws from generators of its own seed."""

    subject: Subject
    catalogue: Catalogue
    judge: Judge
    settings: CardSettings
    report: Callable[[str], None]
    cancelled: Callable[[], bool]
    made: list[int] = field(default_factory=list)  # how many pictures each section generated
    parts: Parts | None = None  # where several processes share the work

    def check(self) -> None:
        if self.cancelled():
            raise Cancelled

    def rng(self, section: str) -> np.random.Generator:
        return np.random.default_rng([self.settings.seed, *section.encode()])

    def generate(
        self, prompts: Sequence[str], seeds: Sequence[int] | np.random.Generator, what: str
    ) -> np.ndarray:
        """(N, S, S, 3) uint8, in batches, with a line of progress for each; `seeds` may be what
        draws them."""
        if isinstance(seeds, np.random.Generator):
            rng = seeds
            seeds = [int(rng.integers(2**31)) for _ in prompts]

        def make(part: slice) -> np.ndarray:
            made = self.subject.generate(prompts[part], seeds[part])
            self.report(f"{what}: {min(part.stop, len(prompts))} of {len(prompts)} pictures")
            return made

        self.made.append(len(prompts))
        return self.each(make, len(prompts), self.settings.batch)

    def each(self, make: Callable[[slice], np.ndarray], total: int, size: int) -> np.ndarray:
        """make(part) of all parts of `total` things, `size` at a time, as one array. Several
        processes share them, and all get the whole."""
        slices = [slice(start, start + size) for start in range(0, total, size)]

        def made(index: int) -> np.ndarray:
            self.check()
            return make(slices[index])

        if self.parts is not None:
            return np.concatenate(self.parts.each(made, len(slices)))
        return np.concatenate([made(index) for index in range(len(slices))])

    def round_trip(self, pictures: np.ndarray) -> np.ndarray:
        """Pictures through the subject's autoencoder; unchanged where it shows none."""
        reconstruct = self.subject.reconstruct
        if reconstruct is None:
            return pictures
        return self.each(lambda p: reconstruct(pictures[p]), len(pictures), self.settings.batch)

    def features(self, pictures: np.ndarray, frame: bool = True) -> Tensor:
        """(N, D); of the framed things, so that place and size do not count, or of the whole."""
        found = self.each(lambda part: self._seen(pictures[part], frame), len(pictures), JUDGED)
        return torch.from_numpy(found)

    def _seen(self, pictures: np.ndarray, frame: bool = True) -> np.ndarray:
        seen = np.stack([framed(picture) for picture in pictures]) if frame else pictures
        return features_of(self.judge, seen).numpy()

    @cached_property
    def gallery(self) -> Gallery:
        self.report(
            f"the judge ({self.judge.name}) looks at every picture of {self.settings.style}"
        )
        return self.gallery_of(self.settings.style)

    def gallery_of(self, style: str, most: int | None = None) -> Gallery:
        codes = self.catalogue.codes(style)[:: 1 if most is None else -(-self._size(style) // most)]
        scenes = [self.alone(code, WHITE, style) for code in codes]
        trained = [self.catalogue.by_code[code].split == "train" for code in codes]
        return Gallery(codes, torch.tensor(trained), self.features_of(scenes))

    def features_of(self, scenes: Sequence[Scene]) -> Tensor:
        """(N, D) of real scenes' framed things."""

        def seen(part: slice) -> np.ndarray:
            return self._seen(np.stack([compose(s, self.catalogue) for s in scenes[part]]))

        return torch.from_numpy(self.each(seen, len(scenes), JUDGED))

    def _size(self, style: str) -> int:
        return len(self.catalogue.codes(style))

    def alone(
        self, code: str, ground: Ground, style: str | None = None, size: float = SINGLE_SIZE
    ) -> Scene:
        thing = Placed(code, 0.5, 0.5, size)
        return Scene(style or self.settings.style, ground, (thing,))

    def redrawn(self, code: str, rng: np.random.Generator, style: str | None = None) -> np.ndarray:
        """The real picture of a code on white, placed and sized as a training scene might be."""
        mix = Mix(p_pair=0, p_count=0, p_colour_ground=0, p_hue=0, styles=self.only_style)
        at = sample_scene(rng, self.catalogue, mix).objects[0]
        thing = Placed(code, at.x, at.y, at.size)
        return compose(Scene(style or self.settings.style, WHITE, (thing,)), self.catalogue)

    @property
    def only_style(self) -> tuple[tuple[str, float], ...]:
        return ((self.settings.style, 1.0),)

    def named(self, words: str) -> str:
        """A prompt in the style's own words: "teddy bear, 3d"."""
        return f"{words}, {self.catalogue.style(self.settings.style).caption}"

    def prompt(self, code: str) -> str:
        return self.named(noun(self.catalogue.by_code[code].label).singular)
