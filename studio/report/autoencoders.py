"""Autoencoders side by side: what each keeps, what its latent is worth, what its prior decodes to.

Every one sees the same held-out crops.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from studio.core.files import save_picture, save_text
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix
from studio.metrics.distributions import kernel_distance
from studio.metrics.features import Judge, as_tensor, load_judge
from studio.metrics.latents import active_units
from studio.metrics.perceptual import load_lpips, lpips_available
from studio.metrics.reconstruction import psnr, ssim
from studio.metrics.spectra import laplacian_energy_ratio, residual_peaks
from studio.models.model import ImageAutoencoder
from studio.pictures.sheet import FAINT, GAP, INK, Sheet
from studio.training.pictures import CropSource

SIZE = 128  # of the crops: every bundled autoencoder's fold divides it
COUNT = 256
BATCH = 32
SHOWN, DRAWN, CELL, LABEL = 4, 4, 96, 250  # the sheet: crops, samples of the prior, pixels
SEED = 2**31 + 5


@dataclass(frozen=True)
class Row:
    """One autoencoder's figures, means over the same held-out crops.

    `kl` in nats a latent value, and `active` channels of `channels`; both None for a plain
    autoencoder's kl. `laplacian`: energy of the reconstruction's Laplacian over the original's.
    `peaks`: power of the residual at its grid's frequencies over that beside them, 1 for none.
    `prior`: kernel distance of pictures decoded from N(0, I) to real ones.
    """

    name: str
    parameters: int
    psnr: float
    ssim: float
    lpips: float | None
    kl: float | None
    active: int
    channels: int
    laplacian: float
    peaks: float
    prior: float


@dataclass(frozen=True, eq=False)
class AutoencoderCard:
    """`floor` is the prior column's figure for other real crops, `noise` that for plain noise."""

    rows: tuple[Row, ...]
    judge: str
    floor: float
    noise: float
    sheet: np.ndarray


@torch.inference_mode()
def compare(
    autoencoders: Sequence[tuple[str, ImageAutoencoder]],
    catalogue: Catalogue,
    report: Callable[[str], None] = print,
    count: int = COUNT,
) -> AutoencoderCard:
    """Measures autoencoders (by name, on the CPU or wherever their parameters are)."""
    crops = CropSource.scenes(catalogue, Mix(split="held-out"), SEED, SIZE, 2 * count)
    real, others = (as_tensor(crops.many(start, count)) for start in (0, count))
    judge = load_judge()
    features = _features(judge, real)
    floor = kernel_distance(_features(judge, others), features)
    noise = torch.rand(real.shape, generator=torch.Generator().manual_seed(SEED))
    chance = kernel_distance(_features(judge, noise), features)
    rows, strips = [], []
    for name, autoencoder in autoencoders:
        report(f"measuring {name}")
        row, strip = _measured(name, autoencoder, real, judge, features)
        rows.append(row)
        strips.append(strip)
    sheet = _sheet(_cells(real[:SHOWN]), rows, strips)
    return AutoencoderCard(tuple(rows), judge.name, floor, chance, sheet)


def _measured(
    name: str, autoencoder: ImageAutoencoder, real: Tensor, judge: Judge, features: Tensor
) -> tuple[Row, list[np.ndarray]]:
    decoded, means, kl = _round_trip(autoencoder, real)
    drawn = _from_prior(autoencoder, means.shape)
    lpips = None
    if lpips_available():
        network = load_lpips()
        parts = zip(decoded.split(BATCH), real.split(BATCH), strict=True)
        distances = [network(a * 2 - 1, b * 2 - 1).flatten() for a, b in parts]
        lpips = float(torch.cat(distances).mean())
    row = Row(
        name=name,
        parameters=sum(p.numel() for p in autoencoder.parameters()),
        psnr=float(psnr(decoded, real).mean()),
        ssim=float(ssim(decoded, real).mean()),
        lpips=lpips,
        kl=kl if autoencoder.variational else None,
        active=active_units(means)[0],
        channels=means.shape[1],
        laplacian=float(laplacian_energy_ratio(real, decoded)),
        peaks=float(residual_peaks(decoded - real, autoencoder.downsampling)),
        prior=kernel_distance(_features(judge, drawn), features),
    )
    return row, [*_cells(decoded[:SHOWN]), *_cells(drawn[:DRAWN])]


def _round_trip(autoencoder: ImageAutoencoder, real: Tensor) -> tuple[Tensor, Tensor, float]:
    """Decoded posterior means (N, 3, S, S) in [0, 1], the means, KL a latent value."""
    decoded, means, kl = [], [], []
    for part in real.split(BATCH):
        posterior = autoencoder.encode(part * 2 - 1)
        decoded.append(autoencoder.decode(posterior.mean).float().clamp(-1, 1) / 2 + 0.5)
        means.append(posterior.mean.float())
        kl.append(float(posterior.kl()) * len(part))
    return torch.cat(decoded), torch.cat(means), sum(kl) / len(real)


def _from_prior(autoencoder: ImageAutoencoder, shape: torch.Size) -> Tensor:
    """Pictures in [0, 1] decoded from N(0, I): the same noise for latents of one shape."""
    z = torch.randn(shape, generator=torch.Generator().manual_seed(SEED))
    pictures = [autoencoder.decode(part).float().clamp(-1, 1) / 2 + 0.5 for part in z.split(BATCH)]
    return torch.cat(pictures)


def _features(judge: Judge, pictures: Tensor) -> Tensor:
    return torch.cat([judge.features(part) for part in pictures.split(BATCH)])


def _cells(pictures: Tensor) -> list[np.ndarray]:
    arrays = (pictures * 255).round().byte().permute(0, 2, 3, 1).numpy()
    return [np.asarray(Image.fromarray(each).resize((CELL, CELL))) for each in arrays]


def _sheet(
    originals: list[np.ndarray], rows: list[Row], strips: list[list[np.ndarray]]
) -> np.ndarray:
    """Originals above; a row an autoencoder: its reconstructions, then samples of its prior."""
    width = LABEL + (SHOWN + DRAWN) * (CELL + 4) + 2 * GAP
    sheet = Sheet(width, 34 + (len(rows) + 1) * (CELL + 4) + GAP)
    sheet.write(LABEL, 17, ("held-out crops", 15, FAINT))
    sheet.write(LABEL + SHOWN * (CELL + 4) + GAP, 17, ("decoded from N(0, I)", 15, FAINT))
    named = zip(
        ["original", *(row.name for row in rows)], [None, *rows], [originals, *strips], strict=True
    )
    for number, (name, row, cells) in enumerate(named):
        top = 34 + number * (CELL + 4)
        sheet.write(GAP, top + CELL / 2 - 12, (name, 17, INK))
        if row is not None:
            words = f"{row.psnr:.1f} dB" + (f"   LPIPS {row.lpips:.3f}" if row.lpips else "")
            sheet.write(GAP, top + CELL / 2 + 12, (words, 14, FAINT))
        for place, cell in enumerate(cells):
            left = LABEL + place * (CELL + 4) + (GAP if place >= SHOWN else 0)
            sheet.put(cell, left, top)
    return np.asarray(sheet.image)


HEADS = "PSNR | SSIM | LPIPS | KL | active units | Laplacian | residual peaks | prior"


def markdown(found: AutoencoderCard) -> str:
    """The table; docs/autoencoders.md explains its columns."""
    lines = [f"| autoencoder | parameters | {HEADS} |", "|---|---|" + "---|" * 8]
    for row in found.rows:
        lpips, kl = (f"{x:.3f}" if x is not None else "–" for x in (row.lpips, row.kl))
        lines.append(
            f"| {row.name} | {row.parameters / 1e6:.2f} M | {row.psnr:.1f} dB | {row.ssim:.3f}"
            f" | {lpips} | {kl} | {row.active} of {row.channels} | {row.laplacian:.2f}"
            f" | {row.peaks:.1f} | {row.prior:.3f} |"
        )
    lines.append(f"| *other real crops* | | | | | | | | | {found.floor:.3f} |")
    lines.append(f"| *plain noise* | | | | | | | | | {found.noise:.3f} |")
    return "\n".join(lines) + "\n"


def document(found: AutoencoderCard) -> dict[str, object]:
    """What autoencoders.json holds."""
    return {
        "judge": found.judge,
        "floor": found.floor,
        "noise": found.noise,
        "autoencoders": [asdict(row) for row in found.rows],
    }


def write(found: AutoencoderCard, out: Path) -> tuple[Path, ...]:
    """Writes table.md, autoencoders.json and sheet.png into `out`. Raises OutputError."""
    paths = tuple(out / name for name in ("table.md", "autoencoders.json", "sheet.png"))
    save_text(paths[0], markdown(found))
    save_text(paths[1], json.dumps(document(found), indent=2) + "\n")
    save_picture(paths[2], found.sheet, small=True)
    return paths
