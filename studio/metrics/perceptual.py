"""LPIPS (Zhang et al. 2018) with SqueezeNet features: the true metric, or a clear reason why not.

The lpips package carries its own linear weights; SqueezeNet's come from a TORCH_HOME on this
machine. Nothing is downloaded unless `fetch_lpips_weights` is called: the user is asked first,
elsewhere.
"""

from __future__ import annotations

import copy
import hashlib
import warnings
from collections.abc import Callable
from functools import cache
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import torch
from torch import Tensor, nn

from studio.core.errors import ModelError, OutputError
from studio.core.files import replacing
from studio.core.importing import import_lpips

CHECKPOINT = "squeezenet1_1-b8a52dc0.pth"
DIGEST = "b8a52dc0"  # what the file's SHA-256 begins with, as torchvision names its weights
SILENCE = 20.0  # seconds without a byte, after which a server is given up


def lpips_weights() -> Path:
    """Where SqueezeNet's weights are expected."""
    return Path(torch.hub.get_dir()) / "checkpoints" / CHECKPOINT


def lpips_available() -> bool:
    return lpips_weights().is_file()


def lpips_reason() -> str:
    """Why there is no LPIPS and what to do about it, in a sentence; empty where there is one."""
    if lpips_available():
        return ""
    return (
        f"LPIPS needs SqueezeNet's weights at {lpips_weights()}; set TORCH_HOME to a folder"
        " that has them, or press Get LPIPS… in the Reconstruct workspace."
    )


def fetch_lpips_weights(hear: Callable[[float], None] = lambda share: None) -> Path:
    """Downloads SqueezeNet's weights (5 MB) to where they are expected. Ask the user first.

    The file appears whole, with the right digest, or not at all. Nothing happens if it is there.

    Args:
        hear: called with the share that has come, 0 to 1; may raise Cancelled.

    Raises:
        ModelError: no connection, or what came is not the file asked for.
        OutputError: the folder cannot be written.
    """
    path = lpips_weights()
    if path.is_file():
        return path
    try:
        with replacing(path) as draft:
            if not _download(draft, hear).startswith(DIGEST):
                raise ModelError("What came in place of SqueezeNet's weights is damaged; retry.")
    except (URLError, HTTPException, ConnectionError, TimeoutError) as error:
        raise ModelError(
            f"SqueezeNet's weights could not be fetched ({error}); connect this machine to the"
            f" internet, or put the file at {path}."
        ) from error
    except OSError as error:
        raise OutputError(
            f"{path.parent} cannot be written ({error.strerror or error}); set TORCH_HOME to a"
            " folder of yours."
        ) from error
    return path


def _download(draft: Path, hear: Callable[[float], None]) -> str:
    """SqueezeNet's weights into `draft`; gives the SHA-256 of what came."""
    from torchvision.models import SqueezeNet1_1_Weights

    digest, come = hashlib.sha256(), 0
    address = SqueezeNet1_1_Weights.IMAGENET1K_V1.url
    with urlopen(address, timeout=SILENCE) as answer, draft.open("wb") as file:
        size = int(answer.headers.get("Content-Length") or 0)
        while part := answer.read(1 << 16):
            file.write(part)
            digest.update(part)
            come += len(part)
            hear(min(1.0, come / size) if size else 0.0)
    return digest.hexdigest()


def load_lpips(device: str | torch.device = "cpu", spatial: bool = False) -> nn.Module:
    """LPIPS(net="squeeze"): call with two (B, 3, H, W) batches in [-1, 1]; gives (B, 1, 1, 1).

    Read once and then the same for all who ask: not to be moved or changed.

    Args:
        spatial: give the distance at each pixel instead, (B, 1, H, W).

    Raises:
        ModelError: SqueezeNet's weights are not on this machine, or are damaged.
    """
    if reason := lpips_reason():
        raise ModelError(reason)
    network = _loaded(lpips_weights(), str(device))
    if spatial:
        network = copy.copy(network)  # of the same weights
        network.spatial = spatial  # type: ignore[assignment]
    return network


@cache
def _loaded(path: Path, device: str) -> nn.Module:
    try:
        torch.load(path, map_location="cpu", weights_only=True)  # torchvision itself unpickles
        import_lpips()
        import lpips

        with torch.inference_mode(False), warnings.catch_warnings():  # weights for training too
            warnings.simplefilter("ignore")  # torchvision warns about the argument lpips passes it
            network: nn.Module = lpips.LPIPS(net="squeeze", verbose=False)
            return network.eval().requires_grad_(False).to(device)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.") from error
    except Exception as error:  # whatever a file cut short makes of reading it
        raise ModelError(f"{path} is damaged; delete it and fetch it again.") from error


@torch.no_grad()
def lpips_map(spatial: nn.Module, a: Tensor, b: Tensor) -> Tensor:
    """LPIPS at each pixel, (B, 1, H, W); see `masked_mean` for the figure in a mask.

    Args:
        spatial: what `load_lpips(spatial=True)` gives.
        a, b: (B, 3, H, W) in [0, 1]; the metric itself wants [-1, 1].
    """
    distances: Tensor = spatial(a * 2 - 1, b * 2 - 1)
    return distances
