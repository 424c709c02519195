"""What words have to do with a picture: what can be asked of the engine, and what it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.core.errors import UsageError
from studio.core.generating import Inputs, check_inputs
from studio.core.messages import Event, Request
from studio.core.settings import Settings

if TYPE_CHECKING:
    import numpy as np

MOST_WORDS = 32


@dataclass(frozen=True)
class MapWords(Request):
    """Makes the picture of `settings` again and keeps where its words act; `words` are further
    ones to look for, in the prompt or not. `inputs` are what the settings name."""

    settings: Settings
    words: tuple[str, ...] = ()
    inputs: Inputs | None = None

    @property
    def needs(self) -> str:
        return self.settings.model

    @property
    def texts(self) -> Iterable[str]:
        return (self.settings.prompt, self.settings.negative)

    def check(self) -> None:
        self.settings.check()
        check_inputs(self.settings, self.inputs)
        if self.settings.guidance == 0.0:
            raise UsageError("with guidance 0 the prompt is not read, so its words have no maps.")
        if len(self.words) > MOST_WORDS:
            raise UsageError(f"look for at most {MOST_WORDS} words, not {len(self.words)}.")


@dataclass(frozen=True, eq=False)
class WordMap:
    """A word's maps over the steps and the picture, (steps, h, w) float32, a place a token of it.

    `attention` is the share of cross attention that goes to it (None for a word that was only
    looked for, 0 at steps that the word is not there); `concept` how like the word is what the
    prompt brings to each place, -1 to 1 (None of a model that cannot tell). One of them is there.
    `start` and `end` are where it was typed, else -1.
    """

    text: str
    start: int
    end: int
    attention: np.ndarray | None
    concept: np.ndarray | None

    def maps(self, kind: str) -> np.ndarray:
        """Its "attention", or its likeness, "concept"; the other where it has but that."""
        first, other = self.attention, self.concept
        if kind == "concept":
            first, other = other, first
        found = other if first is None else first
        assert found is not None
        return found


@dataclass(frozen=True, eq=False)
class WordsMapped(Event):
    """The maps of the prompt's words in their order, then of those looked for; `times` (steps,) of
    the rectified flow, 1 noise and 0 clean; `image` (H, W, 3) uint8 is the picture."""

    words: tuple[WordMap, ...]
    times: tuple[float, ...]
    image: np.ndarray

    @property
    def finds_any(self) -> bool:
        """Whether the model can look for words that its prompt has not."""
        return all(word.concept is not None for word in self.words)

    def limits(self, kind: str) -> tuple[float, float]:
        """The least and the most of all words' maps of a kind, at all steps."""
        there = (each for each in self.words if kind == "concept" or each.attention is not None)
        return limits(each.maps(kind) for each in there)


def number(kind: str, value: float) -> str:
    """Likeness as a cosine, attention as a percentage."""
    return f"{value:.2f}" if kind == "concept" else f"{100 * value:.1f} %"


def span(kind: str, low: float, high: float) -> str:
    return f"{number(kind, low).removesuffix(' %')} to {number(kind, high)}"


def limits(maps: Iterable[np.ndarray]) -> tuple[float, float]:
    """Their least and their most number; of none 0 and 1."""
    ends = [(float(each.min()), float(each.max())) for each in maps]
    return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else (0.0, 1.0)
