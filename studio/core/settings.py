"""What decides one picture."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from studio.core import addons, prompts
from studio.core.addons import AddOn
from studio.core.errors import UsageError
from studio.core.sizes import Size
from studio.core.specs import Options, SamplerSpec

MAX_SEED = 2**63 - 1
MAX_STEPS = 1000
MAX_GUIDANCE = 30
MAX_CLASSIFIER = 50
SHIFTS = (0.1, 10)
MAX_CLIP_SKIP = 12
MAX_CACHE = 1
CLIP_SKIP, CACHE = "clip skip", "cache"  # what a model says to have that knows it
NO_CACHE = "diffusers' First Block Cache knows FLUX.1's and Qwen-Image's blocks alone"
FEW_STEPS = 8  # at most: of a model that was distilled to draw in so many
SYNTAX = 1  # of prompts: since 1, brackets mean something
#: Settings, in words, and what they may be.
BOUNDS = (
    ("steps", "steps", 1, MAX_STEPS),
    ("guidance", "guidance", 0, MAX_GUIDANCE),
    ("seed", "the seed", 0, MAX_SEED),
    ("shift", "the shift", *SHIFTS),
    ("classifier_scale", "the classifier's scale", 0, MAX_CLASSIFIER),
    ("clip_skip", "clip skip", 1, MAX_CLIP_SKIP),
    ("cache", "the cache's threshold", 0, MAX_CACHE),
    ("variation", "the variation", 0, 1),
    ("variation_seed", "the variation's seed", 0, MAX_SEED),
)


@dataclass(frozen=True)
class Settings:
    """Everything that decides one picture; stored inside its PNG.

    `guidance` is w in eps_u + w (eps_c - eps_u): 0 unconditional, 1 conditional. It acts where
    the rectified-flow time (0 clean, 1 noise) lies in `guidance_interval`.
    `schedule` names where the steps lie ("": the sampler's own), its times moved by `shift`.
    `options` are the sampler's, `rule` and `rule_options` the guidance rule's. `classifier` is the
    class that the noise-aware classifier pulls to ("": none), `classifier_scale` how strongly.
    `source` is the digest of the picture it starts from ("": none), put under the noise of the
    rectified-flow time `strength` (1: nothing of it is left); `mask` that of what to repaint of it
    ("": all). `variation` moves the noise of `seed` towards that of `variation_seed`: 0 stays, 1
    arrives. `syntax` is the version of the prompts' syntax (`core.prompts`). `addons` are LoRA and
    embedding files. `clip_skip` is the layer of CLIP, from the end, that a prompt is read at: 1 the
    last, or where the model was trained with an earlier one, that. `cache` is the threshold of
    First Block Cache (`models.block_cache`): 0 none, more is quicker and less exact.
    """

    prompt: str
    negative: str = ""
    model: str = "studio-256"
    sampler: str = "dpmpp-2m"
    steps: int = 16
    guidance: float = 4.0
    guidance_interval: tuple[float, float] = (0.0, 1.0)
    seed: int = 0
    size: Size = Size.square(256)  # noqa: RUF009
    options: Options = ()
    schedule: str = ""
    shift: float = 1.0
    rule: str = "cfg"
    rule_options: Options = ()
    classifier: str = ""
    classifier_scale: float = 0.0
    source: str = ""
    mask: str = ""
    strength: float = 1.0
    variation: float = 0.0
    variation_seed: int = 0
    syntax: int = SYNTAX
    addons: tuple[AddOn, ...] = ()
    clip_skip: int = 1
    cache: float = 0.0

    def __post_init__(self) -> None:
        """JSON knows lists only."""
        object.__setattr__(self, "addons", tuple(AddOn(*each) for each in self.addons))

    def stored(self) -> dict[str, Any]:
        """As JSON holds them."""
        return {**asdict(self), "size": self.size.stored}

    def numbered(self, index: int) -> Settings:
        """Those of picture `index` of several: the next seeds, or one seed's next variations."""
        if self.variation:
            return replace(self, variation_seed=self.variation_seed + index)
        return replace(self, seed=self.seed + index)

    @property
    def from_before_syntax(self) -> Settings:
        """Settings that were stored when brackets meant nothing: they still mean nothing."""
        plain = prompts.escaped(self.prompt), prompts.escaped(self.negative)
        return replace(self, prompt=plain[0], negative=plain[1], syntax=SYNTAX)

    def check(self) -> None:
        """Raises UsageError with a sentence that says what to change."""
        for name, words, least, most in BOUNDS:
            if not least <= getattr(self, name) <= most:
                raise UsageError(f"{words} must be {least} to {most}, not {getattr(self, name)}.")
        low, high = self.guidance_interval
        if not 0 <= low < high <= 1:
            raise UsageError(f"the guidance interval must be within 0 to 1, not {low} to {high}.")
        if not 0 < self.strength <= 1:
            raise UsageError(f"the strength must be above 0 and at most 1, not {self.strength}.")
        if not 0 <= self.variation <= 1:
            raise UsageError(f"the variation must be 0 to 1, not {self.variation}.")
        if not 0 <= self.variation_seed <= MAX_SEED:
            raise UsageError(
                f"the variation's seed must be 0 to {MAX_SEED}, not {self.variation_seed}."
            )
        addons.check(self.addons)
        if self.syntax != SYNTAX:
            raise UsageError("these prompts are written for another version of this program.")
        if self.mask and not self.source:
            raise UsageError("a mask needs a picture to start from.")


@dataclass(frozen=True)
class Defaults:
    """What a model draws with where the user says nothing: what its makers recommend."""

    sampler: str = Settings.sampler
    steps: int = Settings.steps
    guidance: float = Settings.guidance

    def steps_with(self, sampler: SamplerSpec) -> int:
        """Another sampler takes its own number, except where the model knows but a few."""
        if sampler.name == self.sampler or self.steps <= FEW_STEPS:
            return self.steps
        return sampler.default_steps
