"""What a family of other people's models says of itself. Must not import torch at run time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from studio.core.errors import UsageError
from studio.core.guided import TWO_CALLS
from studio.core.settings import Defaults

if TYPE_CHECKING:
    from torch import Tensor

    from studio.core.prompts import Phrase
    from studio.core.tokens import Counted
    from studio.diffusion.schedules import Schedule
    from studio.networks.text import TextFeatures
    from studio.networks.tokenizer import Word

#: Maps of words: of those in the prompt, and how like any word it is (`core.word_maps`).
ATTENTION, LIKENESS = "attention", "likeness"
T5_TOKENIZERS = ("T5Tokenizer", "T5TokenizerFast")


@dataclass(frozen=True)
class Part:
    """A component of a pipeline: the classes it may have, of this library's own."""

    classes: tuple[str, ...]
    library: str = "diffusers"
    optional: bool = False


class Adapter(ABC):
    """The networks of one pipeline, and how they are asked. Its autoencoder is not among them."""

    pipelines: ClassVar[tuple[str, ...]]
    parts: ClassVar[Mapping[str, Part]]
    asked: ClassVar[str]  # the part that is asked at every step
    #: A side of its training pictures' latents, where its configuration does not say.
    latent_side: ClassVar[int] = 0
    skips: ClassVar[bool] = False  # knows clip skip
    clip_skip = 1
    caches: ClassVar[bool] = False  # diffusers' First Block Cache knows its denoiser's blocks
    maps: ClassVar[tuple[str, ...]] = ()  # that it can make of its words
    usually: ClassVar[Defaults] = Defaults()  # what its makers draw with
    distilled: ClassVar[Mapping[str, Defaults]] = {}  # and by how the probe says it was distilled

    @classmethod
    def defaults(cls, told: Mapping[str, str], index: Mapping[str, Any]) -> Defaults:
        """What its makers draw with; `told` is what the probe says: "family", "variant",
        "distilled", ..."""
        return cls.distilled.get(told.get("distilled", ""), cls.usually)

    def __init__(
        self, networks: Mapping[str, Any], index: Mapping[str, Any], downsampling: int
    ) -> None:
        """`networks` by the names of `parts`, ready; `index` is model_index.json; `downsampling`
        the autoencoder's."""
        self.networks, self.index, self.downsampling = networks, index, downsampling

    @property
    def denoiser(self) -> Any:
        """The network that is asked at every step; its `config` is its own."""
        return self.networks[self.asked]

    @property
    def tiny(self) -> str:
        """The tiny autoencoder for its latents, as those who made it name its files."""
        return ""

    def skipping(self, clip_skip: int) -> Adapter:
        """The same networks, prompts read at that layer of CLIP, 1 the last that it was trained
        with. Raises UsageError where there is none such."""
        if clip_skip == self.clip_skip:
            return self
        raise UsageError("this model has no clip skip; leave it at 1.")

    @abstractmethod
    def features(self, phrase: Phrase) -> TextFeatures:
        """What the denoiser is given for one prompt, (1, ...)."""

    def avoided(self, phrase: Phrase) -> TextFeatures:
        """The same for a negative prompt, where those are read otherwise."""
        return self.features(phrase)

    @abstractmethod
    def predict(
        self, x: Tensor, t: Tensor, features: TextFeatures, guidance: float | None
    ) -> Tensor:
        """The denoiser's output at x (B, C, h, w), t (B,) in the unit of its path; `guidance` is
        what it is told where that is EMBEDDED, None: its usual one."""

    @abstractmethod
    def counted(self, phrase: Phrase) -> Counted:
        """Its tokens, and which of them are read."""

    def aligned(self, features: Sequence[TextFeatures]) -> Sequence[TextFeatures]:
        """Features of texts that are asked side by side, where their lengths count."""
        return features

    def words(self, phrase: Phrase) -> list[Word]:
        """Those that are read, by the numbers of their tokens among the features'."""
        return []

    def heard(
        self, x: Tensor, texts: Mapping[str, Tensor], rows: int
    ) -> AbstractContextManager[Any]:
        """A context of one call of `predict` that hears what its attention does: of the first
        `rows` pictures, and, of LIKENESS, the tokens (n, W) of `texts`."""
        raise NotImplementedError

    @property
    def guidance(self) -> str:
        return TWO_CALLS

    def schedule(self, height: int, width: int, config: Mapping[str, Any]) -> Schedule | None:
        """The time grid for latents of this size under the scheduler's configuration; None where
        each sampler's own is right."""
        return None

    def channels(self) -> int:
        """Of the latents that it knows."""
        return int(self.denoiser.config.in_channels)

    def fold(self) -> int:
        """What the latents' height and width must be multiples of."""
        return 1
