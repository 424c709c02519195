"""What the engine needs of a model, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from studio.core.settings import Defaults
from studio.core.sizes import Size, Sizes

if TYPE_CHECKING:
    from torch import Tensor, nn

    from studio.core.addons import AddOn
    from studio.core.prompts import Phrase
    from studio.core.tokens import Counted
    from studio.diffusion.denoised import Denoiser
    from studio.diffusion.guidance import LogProbability
    from studio.diffusion.schedules import Schedule
    from studio.networks.autoencoder import Posterior


@dataclass(frozen=True)
class ModelInfo:
    """What `models` lists, known without reading weights.

    `size` is the height and width in pixels of a generator's own pictures, 0 where it is not known.
    `kind`: "generator" (makes pictures from prompts), or what one network is: "autoencoder",
    "denoiser", "text", "towers". `trained` says how: recipe, data, steps, date.
    """

    name: str
    kind: str
    format: str
    parameters: int
    path: Path
    trained: Mapping[str, object]
    size: int = 0
    defaults: Defaults = field(default_factory=Defaults)


class Model(Protocol):
    """A generator that is ready: on its device, in its precision. Not for two threads at once."""

    @property
    def info(self) -> ModelInfo: ...

    @property
    def device(self) -> str:
        """Where its denoiser runs, in torch's words: "cpu", "cuda"."""

    @property
    def sizes(self) -> Sizes:
        """Those it makes, its own that of the pictures it was trained on."""

    @property
    def noisiest(self) -> float:
        """The rectified flow's time with the most noise that it was trained with; 1: with nothing
        but noise."""

    @property
    def guidance(self) -> str:
        """One of `core.guided`."""

    def own_schedule(self, size: Size) -> Schedule | None:
        """The time grid that it was published with, for pictures of that size; None where each
        sampler's own is right."""

    def latent_shape(self, size: Size) -> tuple[int, int, int]:
        """(C, h, w) of a picture. Raises UsageError for sizes that it does not make."""

    def condition(self, prompts: Sequence[str], negative: bool = False) -> Any:
        """The features the denoiser is given for these prompts; some models read what is to be
        avoided, `negative`, otherwise."""

    def aligned(self, conditions: Sequence[Any]) -> Sequence[Any]:
        """Conditions that are asked side by side: of one length, where the model minds."""

    def dressed(self, addons: tuple[AddOn, ...], clip_skip: int = 1, cache: float = 0.0) -> Model:
        """The same networks with these files on, whatever others have on them, prompts read at that
        layer, and blocks kept by that threshold. Raises UsageError, ModelError, perhaps only when
        it is used."""

    @property
    def notes(self) -> list[str]:
        """Sentences on what it was dressed with, for whoever takes them out."""

    def counted(self, phrase: Phrase) -> Counted:
        """A prompt's tokens; in any thread."""

    def unread(self, prompt: str) -> str:
        """The end of a prompt that is too long to be read; "" where all of it is."""

    def denoiser(self, condition: Any, guidance: float | None = None) -> Denoiser:
        """The denoiser of len(prompts) pictures under this condition; where guidance is EMBEDDED
        it is told `guidance`, or its usual one."""

    def weak_denoiser(self, condition: Any) -> Denoiser:
        """A weaker denoiser of the same condition, for autoguidance. Raises UsageError if none."""

    def turbo_denoiser(self, condition: Any) -> Denoiser:
        """The denoiser that draws in four jumps, its guidance inside. Raises UsageError if none."""

    @property
    def classes(self) -> tuple[str, ...]:
        """What its noise-aware classifier tells apart; empty if it has none."""

    def log_probability(self, label: str) -> LogProbability:
        """log p(label | x_t) of the noise-aware classifier. Raises UsageError for other labels."""

    @property
    def has(self) -> tuple[str, ...]:
        """What rules and samplers may need of it: "weak", "classifier", "turbo"."""

    def encode(self, pictures: np.ndarray) -> Tensor:
        """Pictures (B, H, W, 3) uint8 -> what sampling would end at, (B, C, h, w) fp32: the means
        of the posterior, normalised. Raises UsageError if it has no encoder."""

    def mixed(
        self, conditions: Sequence[Any], weights: Sequence[float], normalised: bool = True
    ) -> Any:
        """Conditions of one batch size as one: each vector the weighted mean of theirs and, if
        `normalised`, of their mean length. A weight of 1 gives that one itself."""

    def decode(self, latents: Tensor) -> np.ndarray:
        """Sampled latents (B, C, h, w) -> pictures (B, H, W, 3) uint8."""

    def preview(self, x0: Tensor) -> np.ndarray:
        """Predicted clean latents (B, C, h, w) -> small pictures (B, h', w', 3) uint8."""


class ImageAutoencoder(Protocol):
    """An autoencoder that is ready, whoever trained it: a module of torch with this interface.

    Latents are as `encode` gives them; the `normalised` ones have about unit variance and are what
    a denoiser sees: scaled, shifted or whitened as the model was published with.
    """

    @property
    def downsampling(self) -> int:
        """How many pixels wide and high one latent position is."""

    @property
    def latent_channels(self) -> int: ...

    @property
    def variational(self) -> bool:
        """Whether it learnt a posterior; where not, the posterior's variance means nothing."""

    def encode(self, pictures: Tensor) -> Posterior:
        """(B, 3, H, W) in [-1, 1], H and W multiples of `downsampling` -> (B, C, h, w) each."""

    def decode(self, latents: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, 3, H, W) in about [-1, 1], not clamped."""

    def normalised(self, latents: Tensor) -> Tensor: ...

    def denormalised(self, latents: Tensor) -> Tensor: ...

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """Those of the module; they tell its device and precision."""
