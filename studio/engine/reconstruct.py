"""Pictures through autoencoders and back: what is kept of them, in figures, spectra and maps.

Everything is measured on what a user can save: the reconstruction rounded to 8 bits. Computed in
fp32; the posterior's mean is decoded.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from studio.core.autoencoding import Figures, Reconstruct, Reconstructed, Spectra
from studio.core.errors import ModelError
from studio.core.messages import Progress
from studio.engine.autoencoders import Autoencoders
from studio.engine.batches import Clock
from studio.metrics import perceptual, perceptual_levels, similarity
from studio.metrics.reconstruction import WINDOW, psnr, ssim
from studio.metrics.similarity import ms_ssim
from studio.metrics.spectra import radial_power
from studio.models import tiling
from studio.models.format import Check
from studio.models.model import ImageAutoencoder
from studio.networks.autoencoder import Posterior

WHOLE = 1024  # pixels: longer sides go through in tiles
RINGS = 64  # of a spectrum, for pictures of at least twice that
FAINTEST = 1e-12  # power; below is silence
STAGES = 3  # of a reconstruction: encoded, decoded, measured


@torch.inference_mode()
def reconstruct(
    opened: Autoencoders, request: Reconstruct, check: Check = lambda: None, job: int = 0
) -> Iterator[Progress | Reconstructed]:
    """Each picture through each autoencoder: a Progress after each of three stages, then the
    Reconstructed.

    A Progress counts the stages of all autoencoders for its picture. `check` is called before each
    stage and each tile and may raise Cancelled. Raises ModelError.
    """
    sizes = [pixels.shape[0] * pixels.shape[1] for pixels in request.pictures]
    clock, steps = Clock(sum(sizes)), STAGES * len(request.autoencoders)
    for number, pixels in enumerate(request.pictures):
        picture, step, before = Original(pixels), 0, sum(sizes[:number])
        for name in request.autoencoders:
            check()
            for result in _through(opened, name, picture, request.tile, check):
                step += 1
                left = clock.seconds_left(before + sizes[number] * step / steps)
                yield Progress(job, number, len(request.pictures), step, steps, left)
                if result is not None:
                    yield replace(result, job=job, picture=number)


@dataclass(frozen=True)
class Original:
    """A picture (H, W, 3) uint8 with what is needed of it again and again."""

    pixels: np.ndarray

    @cached_property
    def unit(self) -> Tensor:
        return _unit(self.pixels)

    @cached_property
    def spectrum(self) -> tuple[np.ndarray, np.ndarray]:
        return _spectrum(self.unit)


class Interruptible:
    """An autoencoder that looks, before each tile, whether it should stop."""

    def __init__(self, autoencoder: ImageAutoencoder, check: Check) -> None:
        self._autoencoder, self._check = autoencoder, check
        self.downsampling = autoencoder.downsampling
        self.latent_channels = autoencoder.latent_channels
        self.variational = autoencoder.variational
        self.normalised, self.denormalised = autoencoder.normalised, autoencoder.denormalised
        self.parameters = autoencoder.parameters

    def encode(self, pictures: Tensor) -> Posterior:
        self._check()
        return self._autoencoder.encode(pictures)

    def decode(self, latents: Tensor) -> Tensor:
        self._check()
        return self._autoencoder.decode(latents)


def _through(
    opened: Autoencoders, name: str, picture: Original, asked: int, check: Check
) -> Iterator[Reconstructed | None]:
    """Three times, after each stage; the last time with the result, not yet numbered."""
    autoencoder = Interruptible(opened.get(name), check)
    height, width = picture.pixels.shape[:2]
    tile = tile_for(height, width, asked)
    side = tile or max(height, width) + autoencoder.downsampling  # one tile holds all of it
    signed = picture.unit * 2 - 1
    began = time.perf_counter()
    posterior = tiling.encode(autoencoder, signed, side)
    encoding = time.perf_counter() - began
    yield None
    check()
    began = time.perf_counter()
    decoded = tiling.decode(autoencoder, posterior.mean, side, size=(height, width))
    decoding = time.perf_counter() - began
    image = to_bytes(decoded, name)
    del signed, decoded  # of large pictures they take much, and measuring takes more
    yield None
    check()
    spectra = spectra_of(picture, image)
    map_, lpips, why = _perceptual(opened, picture.pixels, image, check)
    channels, rows, columns = posterior.mean.shape[1:]
    notes = (f"Encoded and decoded in tiles of {tile} pixels." if tile else "", why)
    yield Reconstructed(
        0, 0, name, image, figures_of(picture.unit, image, autoencoder, posterior, lpips), spectra,
        (channels, rows, columns), encoding, decoding, map_, " ".join(filter(None, notes)),
    )  # fmt: skip


def tile_for(height: int, width: int, asked: int) -> int:
    """The side of the tiles that a picture goes through in, in pixels; 0: whole."""
    return 0 if max(height, width) <= (asked or WHOLE) else asked or tiling.TILE


def to_bytes(decoded: Tensor, name: str) -> np.ndarray:
    """(1, 3, H, W) in about [-1, 1] -> (H, W, 3) uint8. Raises ModelError for NaN."""
    if not bool(torch.isfinite(decoded.sum())):
        raise ModelError(f"{name} decodes this picture to numbers that are not finite.")
    scaled = (decoded[0] * 127.5 + 127.5).round_().clamp_(0, 255)
    return np.ascontiguousarray(scaled.byte().permute(1, 2, 0).numpy())


def figures_of(
    original: Tensor,
    image: np.ndarray,
    autoencoder: ImageAutoencoder,
    posterior: Posterior,
    lpips: float | None,
) -> Figures:
    """`original` (1, 3, H, W) in [0, 1] against the bytes of its reconstruction."""
    made = _unit(image)
    pixels, shortest = image.shape[0] * image.shape[1], min(image.shape[:2])
    values = posterior.mean.numel()
    kl = float(posterior.kl()) * values / math.log(2) / pixels
    return Figures(
        psnr=float(psnr(original, made)),
        ssim=_by_channel(ssim, original, made) if shortest >= WINDOW else None,
        ms_ssim=float(ms_ssim(original, made)) if shortest >= similarity.SMALLEST else None,
        lpips=lpips,
        compression=3 * pixels / values,
        bits_per_pixel=16 * values / pixels,
        kl_bits_per_pixel=kl if autoencoder.variational else None,
    )


def spectra_of(picture: Original, image: np.ndarray) -> Spectra:
    made = _unit(image)
    frequencies, original = picture.spectrum
    return Spectra(frequencies, original, _spectrum(made)[1], _spectrum(made - picture.unit)[1])


def _by_channel(similarity: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor) -> float:
    """The mean of the colours' similarities: a third of the memory at once."""
    pairs = zip(a.split(1, 1), b.split(1, 1), strict=True)
    return sum(float(similarity(x, y)) for x, y in pairs) / a.shape[1]


def _spectrum(pictures: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies (n,), log10 of the power (n,)."""
    rings = max(min(RINGS, min(pictures.shape[-2:]) // 2), 1)
    frequencies, power = radial_power(pictures, rings)
    return np.asarray(frequencies), np.log10(np.asarray(power).reshape(-1) + FAINTEST)


def _perceptual(
    opened: Autoencoders, original: np.ndarray, image: np.ndarray, check: Check
) -> tuple[np.ndarray | None, float | None, str]:
    """The LPIPS map (H, W) float16 and the figure, or why there are none."""
    height, width = image.shape[:2]
    if min(height, width) < perceptual_levels.SMALLEST:
        return None, None, f"LPIPS needs {perceptual_levels.SMALLEST} pixels a side."
    try:
        lpips = perceptual.load_lpips(opened.device.name)
    except ModelError as error:
        return None, None, str(error)
    levels = perceptual_levels.levels(lpips, _signed(original), _signed(image), check=check)
    heat = perceptual_levels.heat(levels, height, width)
    return heat.half().numpy(), perceptual_levels.figure(levels), ""


_BYTES = np.arange(256, dtype=np.float64)
_SIGNED = (_BYTES / 127.5 - 1).astype(np.float32)  # every byte's nearest value in [-1, 1]
_UNIT = (_BYTES / 255).astype(np.float32)


def _signed(pixels: np.ndarray) -> Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(_SIGNED[pixels]).permute(2, 0, 1)[None].contiguous()


def _unit(pixels: np.ndarray) -> Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(_UNIT[pixels]).permute(2, 0, 1)[None].contiguous()
