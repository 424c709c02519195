"""What can be asked about autoencoders, and what comes back. Plain values and NumPy arrays only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.core.errors import UsageError
from studio.core.specs import Options, Parameter

if TYPE_CHECKING:
    import numpy as np

MOST_PICTURES = 64
MOST_WEIGHT = 1000.0
SIZES = (32, 256)  # of the pictures that the window trains on


def check_pictures(pictures: tuple[np.ndarray, ...]) -> None:
    """Raises UsageError unless all are (H, W, 3) uint8 with pixels in them."""
    for picture in pictures:
        if picture.dtype != "uint8" or picture.ndim != 3 or picture.shape[2] != 3:
            raise UsageError(f"pictures are (H, W, 3) bytes, not {picture.dtype} {picture.shape}.")
        if not picture.size:
            raise UsageError("a picture has no pixels.")


@dataclass(frozen=True, eq=False)
class Reconstruct:
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
    `compression`: values of the picture for each value of the latent, 3HW / Chw.
    `bits_per_pixel`: of the latent kept in 16 bits, 16 Chw / HW. `kl_bits_per_pixel`: what the
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
class Reconstructed:
    """Picture number `picture` through one autoencoder: (H, W, 3) uint8.

    `latent_shape` is (C, h, w). `lpips_map` (H, W) float16 is the distance at each pixel, or None.
    `note` says in a sentence what the user should know (why LPIPS is absent, that tiles were
    used), or is empty.
    """

    job: int
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
    """A way to look inside a latent, as the user meets it; it needs `pictures` pictures, 0 to 2."""

    name: str
    label: str
    summary: str
    source: str
    pictures: int = 1
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, eq=False)
class Probe:
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
class Probed:
    """What a probe showed: `tiles` row by row, `columns` to a row, and perhaps curves over
    `x_label`. `words` says in a sentence or two what was measured."""

    job: int
    probe: str
    autoencoder: str
    tiles: tuple[Tile, ...]
    columns: int
    words: str
    curves: tuple[Curve, ...] = ()
    x_label: str = ""
    y_label: str = ""


@dataclass(frozen=True)
class Train:
    """Trains an autoencoder from a recipe with the four weights of its loss; keeps it as `name`.

    `data`: a folder of pictures, "" for the bundled ones. `size`: side of the training crops in
    pixels. `variational` False: a plain autoencoder. `resume` goes on with the run of this name.
    """

    recipe: str
    name: str
    reconstruction: float
    kl: float
    perceptual: float
    adversarial: float
    norm: str = "l1"
    variational: bool = True
    data: str = ""
    size: int = 64
    minutes: float = 5.0
    seed: int = 0
    resume: bool = False

    def check(self) -> None:
        for name in ("reconstruction", "kl", "perceptual", "adversarial"):
            weight = getattr(self, name)
            if not (math.isfinite(weight) and 0 <= weight <= MOST_WEIGHT):
                raise UsageError(f"lambda {name} must be 0 to {MOST_WEIGHT:g}, not {weight}.")
        if self.norm not in ("l1", "l2"):
            raise UsageError(f"the reconstruction's norm is l1 or l2, not {self.norm!r}.")
        if not SIZES[0] <= self.size <= SIZES[1] or self.size % 32:
            raise UsageError(f"crops are {SIZES[0]} to {SIZES[1]} pixels, a multiple of 32.")
        if not 0.05 <= self.minutes <= 60 * 24 * 7:
            raise UsageError(f"train for 0.05 minutes to a week, not {self.minutes:g} minutes.")
        plain = self.name.strip()
        if not plain or plain != self.name or plain.startswith(".") or len(plain) > 64:
            raise UsageError("give the result a name of 1 to 64 characters.")
        if any(c in '/\\:*?"<>|' or ord(c) < 32 for c in plain):
            raise UsageError(
                f"the name {plain!r} cannot be a folder's; leave out / \\ : * ? \" < > |."
            )


@dataclass(frozen=True)
class Preparing:
    """A training has not begun: `done` of `total` of what `what` says ("encoding scenes").
    `seconds_left` of this part, None while nobody can know."""

    job: int
    what: str
    done: int
    total: int
    seconds_left: float | None


@dataclass(frozen=True)
class TrainStep:
    """A training is at `step`; `share` (0 to 1) of it is done. `terms` are the loss's, unweighted,
    each with its name, "loss" their weighted sum."""

    job: int
    step: int
    samples: int
    share: float
    seconds_left: float
    terms: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class TrainSample:
    """The same held-out pictures, now and then: `originals` and `decoded` (N, S, S, 3) uint8, and
    figures on them (psnr in dB, lpips, kl), each with its name."""

    job: int
    step: int
    originals: np.ndarray
    decoded: np.ndarray
    figures: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Paused:
    """A training waits, or (`paused` False) goes on."""

    job: int
    paused: bool


@dataclass(frozen=True)
class Trained:
    """A training is over and kept: `name` can be opened from now on, in `path`."""

    job: int
    name: str
    path: str
    steps: int
    seconds: float
    figures: tuple[tuple[str, float], ...]
