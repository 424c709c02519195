"""What can be asked of the engine. A request holds everything that affects the pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from studio.core.errors import UsageError

MAX_SEED = 2**63 - 1
MAX_STEPS = 1000
MAX_COUNT = 64
MAX_GUIDANCE = 30.0


@dataclass(frozen=True)
class Settings:
    """Everything that decides one picture; stored inside its PNG.

    `guidance` is w in eps_u + w (eps_c - eps_u): 0 unconditional, 1 conditional. It acts where
    the rectified-flow time (0 clean, 1 noise) lies in `guidance_interval`. `size` is in pixels.
    """

    prompt: str
    negative: str = ""
    model: str = "studio-256"
    sampler: str = "flow-heun"
    steps: int = 20
    guidance: float = 4.0
    guidance_interval: tuple[float, float] = (0.0, 1.0)
    seed: int = 0
    size: int = 256

    def check(self) -> None:
        """Raises UsageError with a sentence that says what to change."""
        if not 1 <= self.steps <= MAX_STEPS:
            raise UsageError(f"steps must be 1 to {MAX_STEPS}, not {self.steps}.")
        if not (math.isfinite(self.guidance) and 0 <= self.guidance <= MAX_GUIDANCE):
            raise UsageError(f"guidance must be 0 to {MAX_GUIDANCE:g}, not {self.guidance}.")
        low, high = self.guidance_interval
        if not 0 <= low < high <= 1:
            raise UsageError(f"the guidance interval must be within 0 to 1, not {low} to {high}.")
        if not 0 <= self.seed <= MAX_SEED:
            raise UsageError(f"the seed must be 0 to {MAX_SEED}, not {self.seed}.")


@dataclass(frozen=True)
class Generate:
    """`count` pictures with seeds settings.seed, seed + 1, ...; previews every few steps."""

    settings: Settings
    count: int = 1
    preview_every: int = 2  # steps; 0: none

    def check(self) -> None:
        self.settings.check()
        if not 1 <= self.count <= MAX_COUNT:
            raise UsageError(f"count must be 1 to {MAX_COUNT}, not {self.count}.")
        if self.settings.seed + self.count - 1 > MAX_SEED:
            raise UsageError("the last picture's seed would be too large; choose a smaller seed.")


@dataclass(frozen=True)
class LoadModel:
    """Loads (or warms) a model ahead of the first picture."""

    model: str


Request = Generate | LoadModel
