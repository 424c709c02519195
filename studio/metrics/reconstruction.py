"""How faithful a picture is: PSNR and SSIM, over the frame or inside a mask.

Functions on tensors; imports nothing of the studio.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

WINDOW, SIGMA = 11, 1.5
K1, K2 = 0.01, 0.03


def masked_mean(values: Tensor, mask: Tensor | None = None) -> Tensor:
    """The mean of each picture's (B, C, H, W) values, weighted by a (B, 1, H, W) mask: (B,).

    A picture whose mask is empty has mean 0.
    """
    if mask is None:
        return values.mean((1, 2, 3))
    weight = mask.to(values).expand_as(values)
    return (values * weight).sum((1, 2, 3)) / weight.sum((1, 2, 3)).clamp_min(1e-8)


def psnr(a: Tensor, b: Tensor, mask: Tensor | None = None) -> Tensor:
    """Peak signal-to-noise ratio in dB, one value a picture; 100 for equal pictures.

    Args:
        a, b: (B, C, H, W) in [0, 1].
        mask: (B, 1, H, W) weights in [0, 1]; where it is 0 pixels do not count.
    """
    mean = masked_mean((a.float() - b.float()) ** 2, mask)
    return -10.0 * torch.log10(mean.clamp_min(1e-10))


def _window(like: Tensor) -> Tensor:
    x = torch.arange(WINDOW, dtype=like.dtype, device=like.device) - WINDOW // 2
    weights = torch.exp(-0.5 * (x / SIGMA) ** 2)
    return weights / weights.sum()


def _blur(x: Tensor) -> Tensor:
    """Gaussian mean over an 11 x 11 window, without padding: (N, 1, H, W) -> (N, 1, H-10, W-10)."""
    window = _window(x)
    return F.conv2d(F.conv2d(x, window.view(1, 1, -1, 1)), window.view(1, 1, 1, -1))


def luminance_and_structure(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The two factors of SSIM at each pixel whose window lies inside, each (B, C, H-10, W-10).

    Wang et al. 2004: l (equation 6), and cs, contrast by structure (9 and 10 with C3 = C2/2), with
    a Gaussian window 11, sigma 1.5, population (co)variances, K1 = 0.01, K2 = 0.03, data range 1.

    Args:
        a, b: (B, C, H, W) in [0, 1], H and W at least 11.
    """
    shape = a.shape[:2]
    x, y = (p.float().flatten(0, 1).unsqueeze(1) for p in (a, b))
    mean_x, mean_y = _blur(x), _blur(y)
    var_x, var_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + K1**2) / (mean_x**2 + mean_y**2 + K1**2)
    structure = (2 * covariance + K2**2) / (var_x + var_y + K2**2)
    size = mean_x.shape[-2:]
    return luminance.reshape(*shape, *size), structure.reshape(*shape, *size)


def ssim_map(a: Tensor, b: Tensor) -> Tensor:
    """Structural similarity at each pixel whose window lies inside: (B, C, H-10, W-10).

    Wang et al. 2004, equation 13; see `luminance_and_structure`.
    """
    luminance, structure = luminance_and_structure(a, b)
    return luminance * structure


def ssim(a: Tensor, b: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean structural similarity, one value a picture; 1 for equal pictures. See `ssim_map`.

    Args:
        a, b: (B, C, H, W) in [0, 1].
        mask: (B, 1, H, W) weights in [0, 1] of the windows' centres.
    """
    edge = WINDOW // 2
    inside = None if mask is None else mask[..., edge:-edge, edge:-edge]
    return masked_mean(ssim_map(a, b), inside)
