"""What families of flow matching share: published time grids, latents packed two by two."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studio.core.errors import ModelError
from studio.diffusion.schedules import Schedule, Uniform, shift_for_tokens, shifted

if TYPE_CHECKING:
    from torch import Tensor

PACK = 2  # positions a side in one token


def published(config: Mapping[str, Any], tokens: int) -> Schedule:
    """Even times, shifted as a scheduler_config.json says: by one number, or more the more tokens a
    picture has. Raises ModelError."""
    if not config.get("use_dynamic_shifting"):
        return shifted(Uniform(), _number(config, "shift", 1.0))
    k = shift_for_tokens(
        tokens,
        (_number(config, "base_image_seq_len", 256), _number(config, "max_image_seq_len", 4096)),
        (_number(config, "base_shift", 0.5), _number(config, "max_shift", 1.15)),
    )
    return shifted(Uniform(), math.log(k) if config.get("time_shift_type") == "linear" else k)


def packed(x: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, h w / 4, 4 C), row by row."""
    from torch.nn.functional import pixel_unshuffle

    return pixel_unshuffle(x, PACK).flatten(2).transpose(1, 2)


def unpacked(tokens: Tensor, like: Tensor) -> Tensor:
    """The other way, to the shape of `like`."""
    from torch.nn.functional import pixel_shuffle

    height, width = like.shape[-2:]
    grid = tokens.transpose(1, 2).unflatten(2, (height // PACK, width // PACK))
    return pixel_shuffle(grid, PACK)


def places(x: Tensor) -> Tensor:
    """(h w / 4, 3): 0, row and column of each packed token."""
    import torch

    height, width = (torch.arange(side // PACK, device=x.device) for side in x.shape[-2:])
    return torch.cartesian_prod(torch.zeros_like(height[:1]), height, width)


def _number(config: Mapping[str, Any], key: str, default: float) -> float:
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ModelError(f"the scheduler's configuration has no valid {key!r}.")
    return float(value)
