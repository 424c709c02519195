"""Walks between two or four ends: what can be asked of the engine, and what it says.

Plain values and NumPy arrays only; the requests and events of the other workspaces are next door.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from studio.core.errors import UsageError
from studio.core.messages import Event, Request
from studio.core.prompts import one_phrase
from studio.core.settings import Settings

MOST_FRAMES = 241
WAYS = {
    "noise": "Through noise and prompts: every frame is sampled",
    "latent": "Through the autoencoder's latents: every frame is decoded",
}
NOISES = {"slerp": "Spherical: keeps the noise's length", "lerp": "Straight: loses it half way"}
CONDITIONINGS = {
    "normalised": "Straight, as long as the prompts' features are",
    "linear": "Straight: shorter half way",
}


@dataclass(frozen=True, eq=False)
class End:
    """Where a walk begins or ends: what `settings` make or, if there is one, a `picture`
    (H, W, 3) uint8, whose noise is then found by inversion under those settings."""

    settings: Settings
    picture: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Walk(Request):
    """`columns` frames between two `ends`, or columns x rows among four: top left, top right,
    bottom left, bottom right.

    `way`, `noise` and `conditioning` as named above; the ends' settings may differ in prompt,
    negative prompt and seed. `even` then moves the frames of a strip to equal perceptual distances.
    """

    ends: tuple[End, ...]
    columns: int = 9
    rows: int = 1
    way: str = "noise"
    noise: str = "slerp"
    conditioning: str = "normalised"
    even: bool = False

    @property
    def needs(self) -> str:
        return self.ends[0].settings.model

    @property
    def texts(self) -> Iterable[str]:
        return (text for end in self.ends for text in (end.settings.prompt, end.settings.negative))

    @property
    def runs(self) -> int:
        """How often a sampler runs for it."""
        again = max(0, self.columns - 2) if self.even else 0
        frames = self.columns * self.rows + again if self.way == "noise" else 0
        return frames + sum(map(self.must_run, self.ends))

    def must_run(self, end: End) -> bool:
        """Whether the end takes a sampler's run before the first frame."""
        return (end.picture is not None) == (self.way == "noise")

    def check(self) -> None:
        """Raises UsageError with a sentence that says what to change."""
        if len(self.ends) not in (2, 4):
            raise UsageError(f"a walk has two or four ends, not {len(self.ends)}.")
        if self.columns < 2 or (self.rows < 2) != (len(self.ends) == 2) or self.rows < 1:
            raise UsageError("a walk has at least 2 frames, between four ends 2 x 2.")
        if self.columns * self.rows > MOST_FRAMES:
            raise UsageError(f"a walk has at most {MOST_FRAMES} frames.")
        for name, value, known in (
            ("way", self.way, WAYS),
            ("noise", self.noise, NOISES),
            ("conditioning", self.conditioning, CONDITIONINGS),
        ):
            if value not in known:
                raise UsageError(f"the {name} is {' or '.join(known)}, not {value!r}.")
        for end in self.ends:
            end.settings.check()
            for text in (end.settings.prompt, end.settings.negative):
                one_phrase(text)
            if end.settings.source or end.settings.mask:
                raise UsageError("an end of a walk is a prompt, a seed or a picture as it is.")
        if len({_common(end.settings) for end in self.ends}) > 1:
            raise UsageError(
                "the ends of a walk may differ in prompt, negative prompt and seed only;"
                " give them one model, sampler and guidance."
            )
        if self.even and len(self.ends) != 2:
            raise UsageError("only a strip between two ends can be spaced evenly.")


@dataclass(frozen=True, eq=False)
class Inverted(Event):
    """The picture of end `index` came back as `image` (S, S, 3) uint8 from the noise found for it:
    `psnr` in dB against what the autoencoder makes of it, `latent_psnr` between latents, the peak
    being their range."""

    index: int
    image: np.ndarray
    psnr: float
    latent_psnr: float


@dataclass(frozen=True, eq=False)
class Frame(Event):
    """Frame `index` (row by row) of a walk, (S, S, 3) uint8, at `place` (u, v) in [0, 1]: u from
    the left end to the right one, v from above to below. A second one of an index replaces it."""

    index: int
    place: tuple[float, float]
    image: np.ndarray
    seconds: float
    nfe: int


@dataclass(frozen=True)
class Spaced(Event):
    """Perceptual distances between neighbouring frames of a strip, by `judge`."""

    distances: tuple[float, ...]
    judge: str

    @property
    def unevenness(self) -> float:
        """Their standard deviation over their mean: 0 for a walk at constant speed."""
        mean = sum(self.distances) / len(self.distances)
        square = sum((each - mean) ** 2 for each in self.distances) / len(self.distances)
        return math.sqrt(square) / mean if mean > 0 else 0.0


def _common(settings: Settings) -> Settings:
    return replace(settings, prompt="", negative="", seed=0, variation=0.0, variation_seed=0)


def places(walk: Walk) -> tuple[tuple[float, float], ...]:
    """(u, v) of every frame, row by row; the ends exactly at 0 and 1."""
    across = [column / (walk.columns - 1) for column in range(walk.columns)]
    down = [row / (walk.rows - 1) for row in range(walk.rows)] if walk.rows > 1 else [0.0]
    return tuple((u, v) for v in down for u in across)


def weights(count: int, place: tuple[float, float]) -> tuple[float, ...]:
    """How much each of two or four ends counts at (u, v); they sum to 1."""
    u, v = place
    if count == 2:
        return 1.0 - u, u
    return (1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v
