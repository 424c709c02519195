"""What can be asked of the engine. A request holds everything that affects the pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from studio.core.autoencoding import Probe, Reconstruct, Train
from studio.core.errors import UsageError
from studio.core.specs import Options

MAX_SEED = 2**63 - 1
MAX_STEPS = 1000
MAX_COUNT = 64
MAX_GUIDANCE = 30.0
MAX_CLASSIFIER = 50.0
MAX_CELLS = 256
SHIFTS = (0.1, 10.0)


@dataclass(frozen=True)
class Settings:
    """Everything that decides one picture; stored inside its PNG.

    `guidance` is w in eps_u + w (eps_c - eps_u): 0 unconditional, 1 conditional. It acts where
    the rectified-flow time (0 clean, 1 noise) lies in `guidance_interval`. `size` is in pixels.
    `schedule` names where the steps lie ("": the sampler's own), its times moved by `shift`.
    `options` are the sampler's, `rule` and `rule_options` the guidance rule's. `classifier` is the
    class that the noise-aware classifier pulls to ("": none), `classifier_scale` how strongly.
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
    options: Options = ()
    schedule: str = ""
    shift: float = 1.0
    rule: str = "cfg"
    rule_options: Options = ()
    classifier: str = ""
    classifier_scale: float = 0.0

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
        if not SHIFTS[0] <= self.shift <= SHIFTS[1]:
            raise UsageError(f"the shift must be {SHIFTS[0]:g} to {SHIFTS[1]:g}, not {self.shift}.")
        if not 0 <= self.classifier_scale <= MAX_CLASSIFIER:
            raise UsageError(
                f"the classifier's scale must be 0 to {MAX_CLASSIFIER:g},"
                f" not {self.classifier_scale}."
            )


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


@dataclass(frozen=True)
class Compare:
    """A grid of pictures, cell by cell; cells of equal seed begin from the same noise.

    `trajectories` keeps every step of every cell. `distances` measures, once all cells are there,
    how far each is from the converged end of its own probability-flow ODE.
    """

    cells: tuple[Settings, ...]
    trajectories: bool = True
    distances: bool = True

    def check(self) -> None:
        if not 1 <= len(self.cells) <= MAX_CELLS:
            raise UsageError(f"a comparison has 1 to {MAX_CELLS} pictures, not {len(self.cells)}.")
        for cell in self.cells:
            cell.check()
        if len({(cell.model, cell.size) for cell in self.cells}) > 1:
            raise UsageError("all pictures of a comparison are made by one model, in one size.")


@dataclass(frozen=True, eq=False)
class Decode:
    """Turns latents (N, C, h, w) of a model into pictures."""

    model: str
    latents: np.ndarray

    def check(self) -> None:
        if self.latents.ndim != 4 or not len(self.latents):
            raise UsageError(f"latents have the shape (N, C, h, w), not {self.latents.shape}.")


MOST_PARTICLES = 4000


@dataclass(frozen=True)
class Lab:
    """One sampler's particles on a 2-D distribution whose score is known exactly.

    `settings` decide as for a picture: sampler, steps, options, schedule, shift, seed, guidance and
    its rule; prompt and model are not used. `source` answers for the denoiser: "exact", or the
    prediction of a trained toy network ("epsilon", "score", "velocity"). `label` is the class that
    guidance pulls to, -1 none (exact source only). The field is drawn on `side` x `side` points.
    `likelihood` asks for the log-likelihood of true samples, by the change of variables.
    """

    distribution: str
    settings: Settings
    source: str = "exact"
    label: int = -1
    particles: int = 800
    side: int = 24
    likelihood: bool = False

    def check(self) -> None:
        self.settings.check()
        if not 1 <= self.particles <= MOST_PARTICLES:
            raise UsageError(f"particles must be 1 to {MOST_PARTICLES}, not {self.particles}.")
        if not 2 <= self.side <= 100:
            raise UsageError(f"the field's side must be 2 to 100 points, not {self.side}.")


Request = Generate | LoadModel | Compare | Decode | Lab | Reconstruct | Probe | Train
