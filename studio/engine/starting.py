"""Where sampling begins: a seed's noise, noise near it, or a picture under noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn import functional as F

from studio.core.errors import StudioError
from studio.core.generating import Inputs
from studio.core.settings import Settings
from studio.diffusion.denoised import Denoiser
from studio.diffusion.inpainting import Inpainted
from studio.diffusion.interpolation import slerp
from studio.diffusion.noise import NoiseStream
from studio.models.model import Model
from studio.pictures.reading import fitted_mask

FEATHER = 0.02  # of the longer side: how far the new picture fades into the old around it


@dataclass(frozen=True)
class Seeds:
    """The noise of a batch: one seed a picture and, where noise is varied, the other's seed."""

    own: tuple[int, ...]
    others: tuple[int, ...] = ()

    @classmethod
    def of(cls, pictures: Sequence[Settings]) -> Seeds:
        return cls(
            tuple(each.seed for each in pictures), tuple(each.variation_seed for each in pictures)
        )

    def stream(self) -> NoiseStream:
        """What a stochastic sampler draws further."""
        return NoiseStream(self.own)

    def noise(self, shape: tuple[int, ...], device: str, variation: float) -> Tensor:
        """(B, *shape): standard normal, and so however far it is varied."""
        noise = NoiseStream(self.own).initial(shape, device)
        if not variation:
            return noise
        return slerp(noise, NoiseStream(self.others).initial(shape, device), variation)


@dataclass(frozen=True, eq=False)
class Source:
    """A picture to start from, as the model sees it: its `latents` (1, C, h, w), normalised, and
    `known` (1, 1, h, w), 1 where it must stay (None: nowhere). `pixels` (H, W, 3) uint8 and the
    soft `painted` (H, W, 1) in [0, 1] put the rest back after decoding."""

    latents: Tensor
    known: Tensor | None
    pixels: np.ndarray
    painted: np.ndarray | None

    def held(self, denoiser: Denoiser) -> Denoiser:
        """The denoiser that keeps what must stay."""
        return denoiser if self.known is None else Inpainted(denoiser, self.latents, self.known)

    def composed(self, images: np.ndarray) -> np.ndarray:
        """Decoded pictures (B, H, W, 3) uint8 with the original where nothing was painted."""
        if self.painted is None:
            return images
        mixed = self.painted * images + (1.0 - self.painted) * self.pixels
        return np.asarray(mixed.round(), np.uint8)


def picture_for(settings: Settings, picture: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) uint8 of which the middle in the settings' shape is taken and brought to
    their size."""
    return np.asarray(ImageOps.fit(Image.fromarray(picture), settings.size.pair))


@torch.inference_mode()
def source_of(model: Model, settings: Settings, inputs: Inputs | None) -> Source | None:
    """Its middle, brought to the settings' size. Raises UsageError where the
    model has no encoder."""
    if inputs is None:
        return None
    _, height, width = model.latent_shape(settings.size)
    pixels = picture_for(settings, inputs.source)
    latents = model.encode(pixels[None])
    checked(latents, f"What {settings.model} encodes the picture to start from to")
    if inputs.mask is None:
        return Source(latents, None, pixels, None)
    mask = fitted_mask(inputs.mask, settings.size.pair) > 0
    hard = torch.from_numpy(mask).float()[None, None]
    touched = F.adaptive_max_pool2d(hard, (height, width))  # a cell is made anew if any pixel is
    painted = feathered(mask, FEATHER * max(settings.size.pair))
    return Source(latents, (1.0 - touched).to(latents.device), pixels, painted)


def feathered(mask: np.ndarray, feather: float) -> np.ndarray:
    """A mask (H, W) bool as weights (H, W, 1): 1 where it is set, falling to 0 at `feather` pixels
    from there."""
    from scipy import ndimage  # type: ignore[import-untyped]

    if not mask.any():
        return np.zeros((*mask.shape, 1), np.float32)
    away = ndimage.distance_transform_edt(~mask)
    return np.clip(1.0 - away / feather, 0.0, 1.0).astype(np.float32)[..., None]


def starting_point(
    model: Model, settings: Settings, seeds: Seeds, source: Source | None, t: float
) -> Tensor:
    """x / hypot(alpha, sigma), (B, C, h, w), at the first time t: standard normal noise, or the
    source under that much of it (SDEdit, Meng et al. 2022, arXiv:2108.01073)."""
    noise = seeds.noise(model.latent_shape(settings.size), model.device, settings.variation)
    if source is None or settings.strength == 1.0:
        return noise
    return ((1.0 - t) * source.latents + t * noise) / math.hypot(1.0 - t, t)


def checked(numbers: Tensor, what: str) -> Tensor:
    """`numbers` themselves. Raises StudioError, `what` being their beginning, if not all are."""
    if not bool(numbers.isfinite().all()):
        raise StudioError(f"{what} contains values that are not numbers.")
    return numbers
