"""LPIPS (Zhang et al. 2018) with SqueezeNet features: the true metric, or a clear reason why not.

The lpips package carries its own linear weights; SqueezeNet's come from a TORCH_HOME on this
machine. Nothing is downloaded here: the user is asked first, elsewhere.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from studio.core.errors import ModelError

CHECKPOINT = "squeezenet1_1-b8a52dc0.pth"


def lpips_weights() -> Path:
    """Where SqueezeNet's weights are expected."""
    return Path(torch.hub.get_dir()) / "checkpoints" / CHECKPOINT


def lpips_available() -> bool:
    return lpips_weights().is_file()


def load_lpips(spatial: bool = False) -> nn.Module:
    """LPIPS(net="squeeze"): call with two (B, 3, H, W) batches in [-1, 1]; gives (B, 1, 1, 1).

    Args:
        spatial: give the distance at each pixel instead, (B, 1, H, W).

    Raises:
        ModelError: SqueezeNet's weights are not on this machine.
    """
    if not lpips_available():
        raise ModelError(
            f"LPIPS needs SqueezeNet's weights at {lpips_weights()}; set TORCH_HOME to a folder"
            " that has them, or fetch them first."
        )
    import lpips

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision warns about the argument lpips passes it
        network: nn.Module = lpips.LPIPS(net="squeeze", spatial=spatial, verbose=False)
    return network.eval().requires_grad_(False)


@torch.no_grad()
def lpips_map(spatial: nn.Module, a: Tensor, b: Tensor) -> Tensor:
    """LPIPS at each pixel, (B, 1, H, W); see `masked_mean` for the figure in a mask.

    Args:
        spatial: what `load_lpips(spatial=True)` gives.
        a, b: (B, 3, H, W) in [0, 1]; the metric itself wants [-1, 1].
    """
    distances: Tensor = spatial(a * 2 - 1, b * 2 - 1)
    return distances
