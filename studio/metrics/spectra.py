"""What an autoencoder does to frequencies: what it filters out, and what its decoder invents.

Functions on tensors; imports nothing of the studio.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

LUMINANCE = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709, whose primaries sRGB has
LAPLACIAN = ((0.0, 1.0, 0.0), (1.0, -4.0, 1.0), (0.0, 1.0, 0.0))
LOBE = 1  # bins either side of a line that the Hann window spreads it over


def luminance(pictures: Tensor) -> Tensor:
    """(B, 3, H, W) -> (B, H, W), fp32; differences of pictures too."""
    weights = torch.tensor(LUMINANCE, device=pictures.device)
    return (pictures.float() * weights.view(1, 3, 1, 1)).sum(1)


def _window(height: int, width: int, like: Tensor) -> Tensor:
    rows, columns = (torch.hann_window(n, device=like.device) for n in (height, width))
    return rows[:, None] * columns


def radial_power(pictures: Tensor, rings: int) -> tuple[Tensor, Tensor]:
    """Power of the luminance over rings of equal frequency: frequencies (n,), power (B, n).

    The frequencies, in cycles a pixel, are the middles of n equal parts of 0 to 0.5; the corners
    beyond 0.5 are left out. The picture's mean is taken off and a Hann window put on; white noise
    of variance v has power v at every frequency. A ring no frequency of the picture falls into is
    0; there is none for n <= min(H, W) / 2.

    Args:
        pictures: (B, 3, H, W) of any size and aspect ratio.
    """
    grey = luminance(pictures)
    height, width = grey.shape[-2:]
    window = _window(height, width, grey)
    mean = (grey * window).sum((1, 2), keepdim=True) / window.sum()
    spectrum = torch.fft.rfft2((grey - mean) * window)
    power = (spectrum.real**2 + spectrum.imag**2) / (window**2).sum()
    rows = torch.fft.fftfreq(height, device=grey.device)
    columns = torch.fft.rfftfreq(width, device=grey.device)
    radius = torch.hypot(rows[:, None], columns)
    inside = radius <= 0.5
    ring = (radius[inside] * 2 * rings).long().clamp_max(rings - 1)
    # Half the plane stands for the whole: all but two of its columns count twice.
    twice = ((columns > 0) & (columns < 0.5)).float().expand(height, -1)[inside] + 1
    counts = torch.zeros(rings, device=grey.device).index_add_(0, ring, twice)
    sums = torch.zeros(len(grey), rings, device=grey.device)
    sums.index_add_(1, ring, power[:, inside] * twice)
    frequencies = (torch.arange(rings, device=grey.device) + 0.5) / (2 * rings)
    return frequencies, sums / counts.clamp_min(1)


def laplacian_energy_ratio(original: Tensor, reconstruction: Tensor) -> Tensor:
    """Energy of the reconstructions' Laplacian over the originals': 1 if as sharp, below 0.5 blur.

    A scalar: the energies of the luminance summed over all pictures. 1 where both are flat.

    Args:
        original, reconstruction: (B, 3, H, W), H and W at least 3.
    """
    first, second = (_laplacian_energy(p) for p in (original, reconstruction))
    tiny = torch.finfo(torch.float32).tiny
    return (second + tiny) / (first + tiny)


def _laplacian_energy(pictures: Tensor) -> Tensor:
    grey = luminance(pictures).unsqueeze(1)
    kernel = torch.tensor(LAPLACIAN, device=grey.device).view(1, 1, 3, 3)
    return F.conv2d(grey, kernel).square().sum()


def residual_peaks(residual: Tensor, stride: int) -> Tensor:
    """How far a residual's spectrum stands out at its decoder's grid: 1 for not at all, beyond 2
    or 3 a visible checkerboard (Odena et al. 2016).

    The grid's frequencies are the multiples of 1/stride and Nyquist, in either axis or both. Each
    one's power is put over the median of the bins beside it; on an axis, of those on that axis,
    since pictures have more power there. The means of these ratios over the frequencies of one
    period and direction; the greatest of them, a scalar. The spectrum is the mean over pictures,
    colours and half-overlapping Hann blocks of 8 strides (Welch 1967): of a single block even noise
    gives 2. Photographs may have peaks of their own (of JPEG's colours at half the size, at
    Nyquist), which pass to the residual: ask for the original's too before you blame a decoder.

    Args:
        residual: (B, 3, H, W), reconstruction less original.
        stride: pixels a latent position, at least 2.

    Raises:
        ValueError: a side is below 4 strides.
    """
    grid = math.lcm(stride, 2)
    spacing = min(8, min(residual.shape[-2:]) // grid) // 2 * 2
    if stride < 2 or spacing < 4:
        raise ValueError(f"peaks need a stride of 2 and 4 strides a side, not {stride}")
    power = _welch(residual, spacing * grid)
    power = power + power.mean() * 1e-9 + 1e-30
    classes: dict[tuple[int, bool, bool], list[Tensor]] = {}
    for row in range(grid):
        for column in range(grid):
            if row or column:
                period = grid // math.gcd(grid, row, column)
                ratio = _prominence(power, row * spacing, column * spacing, spacing)
                classes.setdefault((period, row == 0, column == 0), []).append(ratio)
    return torch.stack([torch.stack(ratios).mean() for ratios in classes.values()]).max()


def _welch(residual: Tensor, block: int) -> Tensor:
    """Mean power (block, block) over half-overlapping blocks."""
    window = _window(block, block, residual)
    total, count = torch.zeros(block, block, device=residual.device), 0
    for strip in residual.float().unfold(2, block, block // 2).unbind(2):  # (B, 3, W, block)
        blocks = strip.unfold(2, block, block // 2)  # (B, 3, n, block, block), transposed
        spectrum = torch.fft.fft2(blocks.transpose(-1, -2) * window)
        total += (spectrum.real**2 + spectrum.imag**2).sum((0, 1, 2))
        count += blocks.shape[:3].numel()
    return total / count


def _prominence(power: Tensor, row: int, column: int, spacing: int) -> Tensor:
    """The power of a bin over the median of its neighbours outside the window's lobe."""
    size = len(power)
    steps = [s for s in range(-spacing // 2, spacing // 2 + 1) if abs(s) > LOBE]
    beside = []
    if row or not column:
        beside += [power[(row + s) % size, column] for s in steps]
    if column or not row:
        beside += [power[row, (column + s) % size] for s in steps]
    # quantile, since median takes the lower of the two in the middle
    return power[row, column] / torch.quantile(torch.stack(beside), 0.5)
