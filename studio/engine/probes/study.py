"""What every probe works with: pictures as tensors, their posteriors, and pictures back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from studio.core.autoencoding import Curve, Probe, Probed, Tile
from studio.core.specs import Option
from studio.metrics.reconstruction import psnr
from studio.models.format import Check
from studio.models.model import ImageAutoencoder
from studio.networks.autoencoder import Posterior

LONGEST = 512  # pixels of a picture's longer side


class Study:
    """An autoencoder and pictures (1, 3, H, W) in [-1, 1] whose sides its fold divides.

    Two pictures are brought to the first one's size. `sizes` are those before padding.
    """

    def __init__(
        self,
        autoencoder: ImageAutoencoder | None,
        request: Probe,
        options: Mapping[str, Option],
        pictures: int,
        check: Check,
        job: int,
    ) -> None:
        self._opened, self.options, self.check = autoencoder, options, check
        self._request, self.job = request, job
        self.generator = torch.Generator().manual_seed(request.seed)
        self.notes: list[str] = []
        self.pictures: list[Tensor] = []
        self.size = (0, 0)
        for picture in request.pictures[:pictures]:
            self.pictures.append(self._fitted(picture))

    @property
    def autoencoder(self) -> ImageAutoencoder:
        assert self._opened is not None, "this probe brings its own"
        return self._opened

    @property
    def device(self) -> torch.device:
        return next(self.autoencoder.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        return next(self.autoencoder.parameters()).dtype

    def _fitted(self, picture: np.ndarray) -> Tensor:
        height, width = picture.shape[:2]
        wanted = self.size if self.pictures else _within(height, width)
        if wanted != (height, width):
            how = Image.Resampling.LANCZOS
            picture = np.asarray(Image.fromarray(picture).resize(wanted[::-1], how))
            self.notes.append(f"A picture was resized to {wanted[1]} x {wanted[0]}.")
        self.size = wanted
        x = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float()
        fold = self.autoencoder.downsampling
        down, right = (-n % fold for n in wanted)
        return F.pad(x / 127.5 - 1, (0, right, 0, down), mode="replicate").to(self.device)

    def number(self, name: str) -> float:
        """An option that is a number."""
        return float(self.options[name])

    def posterior(self, number: int = 0) -> Posterior:
        """Of picture `number`, fp32."""
        self.check()
        found = self.autoencoder.encode(self.pictures[number].to(self.dtype))
        return Posterior(found.mean.float(), found.log_variance.float())

    def decoded(self, latents: Tensor) -> Tensor:
        """(N, C, h, w) -> pictures (N, 3, H, W) in [0, 1], padding cut off; one at a time."""
        made = []
        for latent in latents.split(1):
            self.check()
            made.append(self.autoencoder.decode(latent.to(self.device, self.dtype)).float())
        pictures = torch.cat(made).clamp(-1, 1) / 2 + 0.5
        if self.pictures:
            pictures = pictures[..., : self.size[0], : self.size[1]]
        return pictures.cpu()

    def original(self, number: int = 0) -> Tensor:
        """Picture `number`, (1, 3, H, W) in [0, 1]."""
        return (self.pictures[number] / 2 + 0.5)[..., : self.size[0], : self.size[1]].cpu()

    def probed(
        self,
        tiles: Sequence[Tile],
        columns: int,
        words: str,
        curves: tuple[Curve, ...] = (),
        x_label: str = "",
        y_label: str = "",
    ) -> Probed:
        """What was found, after what had to be done to the pictures."""
        asked, words = self._request, " ".join([*self.notes, words])
        return Probed(
            self.job, asked.probe, asked.autoencoder, tuple(tiles), columns, words, curves,
            x_label, y_label,
        )  # fmt: skip

    def noise(self, like: Tensor) -> Tensor:
        """N(0, I), the same for the same seed wherever it is used."""
        return torch.randn(like.shape, generator=self.generator).to(like.device)


def ratio(a: Tensor, b: Tensor) -> float:
    """PSNR in dB of two (1, 3, H, W) pictures in [0, 1]."""
    return float(psnr(a, b).mean())


def tile(label: str, picture: Tensor, detail: str = "") -> Tile:
    """Of (3, H, W) in [0, 1]."""
    pixels = (picture.clamp(0, 1) * 255).round().byte().permute(1, 2, 0)
    return Tile(label, pixels.numpy().copy(), detail)


def sequential(values: Tensor, high: float) -> Tensor:
    """(h, w) from 0 to `high` as (3, h, w): black over red to yellow-white."""
    share = (values.float().cpu() / max(high, 1e-12)).clamp(0, 1)
    return torch.stack([(3 * share - k).clamp(0, 1) for k in range(3)])


def diverging(values: Tensor, high: float) -> Tensor:
    """(h, w) from -high to high as (3, h, w): blue, white, red."""
    share = (values.float().cpu() / max(high, 1e-12)).clamp(-1, 1)
    return torch.stack([1 - (-share).clamp_min(0), 1 - share.abs(), 1 - share.clamp_min(0)])


def enlarged(image: Tensor, side: int = 128) -> Tensor:
    """(3, h, w) in whole steps, so that latent positions are squares."""
    times = max(1, side // max(image.shape[-2:]))
    return image.repeat_interleave(times, -1).repeat_interleave(times, -2)


def _within(height: int, width: int) -> tuple[int, int]:
    longest = max(height, width)
    if longest <= LONGEST:
        return height, width
    return max(1, round(height * LONGEST / longest)), max(1, round(width * LONGEST / longest))
