"""What can be asked about autoencoders, and what comes back. Plain values and NumPy arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studio.core.errors import UsageError
from studio.core.messages import Event, Request
from studio.core.specs import Options, Parameter

MOST_PICTURES = 64


def check_pictures(pictures: tuple[np.ndarray, ...]) -> None:
    """Raises UsageError unless all are (H, W, 3) uint8 with pixels in them."""
    for picture in pictures:
        if picture.dtype != "uint8" or picture.ndim != 3 or picture.shape[2] != 3:
            raise UsageError(f"pictures are (H, W, 3) bytes, not {picture.dtype} {picture.shape}.")
        if not picture.size:
            raise UsageError("a picture has no pixels.")


@dataclass(frozen=True, eq=False)
class Reconstruct(Request):
    """Encodes and decodes each picture (H, W, 3) uint8 with each autoencoder (a name or a path).

    Pictures whose longer side is beyond `tile` pixels go through in tiles of that size; 0 lets the
    engine choose.
    """

    pictures: tuple[np.ndarray, ...]
    autoencoders: tuple[str, ...]
    tile: int = 0

    def check(self) -> None:
        if not 1 <= len(self.pictures) <= MOST_PICTURES:
            raise UsageError(f"choose 1 to {MOST_PICTURES} pictures, not {len(self.pictures)}.")
        if not self.autoencoders:
            raise UsageError("choose an autoencoder.")
        if self.tile and not 64 <= self.tile <= 8192:
            raise UsageError(f"a tile is 64 to 8192 pixels wide, not {self.tile}.")
        check_pictures(self.pictures)


@dataclass(frozen=True)
class Figures:
    """How faithful a reconstruction is, and what it costs.

    `psnr` in dB (100 for equal pictures). `ssim` is None below 11 pixels, `ms_ssim` below 88,
    `lpips` where its weights are not on this machine or the picture is too small for it.
    `compression`: picture values per latent value, 3HW / Chw.
    `bits_per_pixel`: of the latent stored at 16 bits, 16 Chw / HW. `kl_bits_per_pixel`: what the
    posterior tells beyond N(0, I), None for autoencoders without a posterior.
    """

    psnr: float
    ssim: float | None
    ms_ssim: float | None
    lpips: float | None
    compression: float
    bits_per_pixel: float
    kl_bits_per_pixel: float | None


@dataclass(frozen=True, eq=False)
class Spectra:
    """Mean power over rings of equal frequency, `frequencies` (n,) in cycles a pixel (0 to 0.5):
    of the original, the reconstruction and their difference, log10, each (n,)."""

    frequencies: np.ndarray
    original: np.ndarray
    reconstruction: np.ndarray
    residual: np.ndarray


@dataclass(frozen=True, eq=False)
class Reconstructed(Event):
    """Picture number `picture` through one autoencoder: (H, W, 3) uint8.

    `latent_shape` is (C, h, w). `lpips_map` (H, W) float16 is the distance at each pixel, or None.
    `note` says in a sentence what the user should know (why LPIPS is absent, that tiles were
    used), or is empty.
    """

    picture: int
    autoencoder: str
    image: np.ndarray
    figures: Figures
    spectra: Spectra
    latent_shape: tuple[int, int, int]
    encode_seconds: float
    decode_seconds: float
    lpips_map: np.ndarray | None
    note: str = ""


@dataclass(frozen=True)
class ProbeSpec:
    """A way to look inside a latent, as the user meets it; it needs `pictures` pictures, 0 to 2.
    `own` names the network that it brings itself, in place of an autoencoder."""

    name: str
    label: str
    summary: str
    source: str
    pictures: int = 1
    parameters: tuple[Parameter, ...] = ()
    own: str = ""


@dataclass(frozen=True, eq=False)
class Probe(Request):
    """Looks inside one autoencoder's latent of one picture, two, or none; `probe` names how."""

    probe: str
    autoencoder: str
    pictures: tuple[np.ndarray, ...] = ()
    options: Options = ()
    seed: int = 0

    def check(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"the seed must be 0 to {2**63 - 1}, not {self.seed}.")
        check_pictures(self.pictures)


@dataclass(frozen=True, eq=False)
class Tile:
    """One labelled picture (H, W, 3) uint8; `detail` is a figure or two in words."""

    label: str
    image: np.ndarray
    detail: str = ""


@dataclass(frozen=True)
class Curve:
    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Probed(Event):
    """What a probe showed: `tiles` row by row, `columns` to a row, and perhaps curves over
    `x_label`. `words` says in a sentence or two what was measured."""

    probe: str
    autoencoder: str
    tiles: tuple[Tile, ...]
    columns: int
    words: str
    curves: tuple[Curve, ...] = ()
    x_label: str = ""
    y_label: str = ""
