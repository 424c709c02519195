"""AutoencoderKL's tensors: their names in Stable Diffusion's checkpoints and in diffusers, and the
configuration that their shapes imply (Rombach et al. 2022).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from studio.core.errors import ModelError
from studio.models.state_files import Shapes

FIRST, LATENT = "encoder.conv_in.weight", "decoder.conv_in.weight"
MEASURED = "bn.running_mean", "bn.running_var"  # FLUX.2's statistics, among its weights
HEADS = ("encoder.", "decoder.", "quant_conv.", "post_quant_conv.")
#: what the checkpoints and older versions of diffusers call what diffusers calls so now
RENAMED = (
    (r"\.down\.(\d+)\.block\.(\d+)\.", r".down_blocks.\1.resnets.\2."),
    (r"\.down\.(\d+)\.downsample\.", r".down_blocks.\1.downsamplers.0."),
    (r"\.mid\.block_1\.", ".mid_block.resnets.0."),
    (r"\.mid\.block_2\.", ".mid_block.resnets.1."),
    (r"\.mid\.attn_1\.norm\.", ".mid_block.attentions.0.group_norm."),
    (r"\.mid\.attn_1\.", ".mid_block.attentions.0."),
    (r"\.attentions\.0\.(?:q|query)\.", ".attentions.0.to_q."),
    (r"\.attentions\.0\.(?:k|key)\.", ".attentions.0.to_k."),
    (r"\.attentions\.0\.(?:v|value)\.", ".attentions.0.to_v."),
    (r"\.attentions\.0\.(?:proj_out|proj_attn)\.", ".attentions.0.to_out.0."),
    (r"\.nin_shortcut\.", ".conv_shortcut."),
    (r"\.norm_out\.", ".conv_norm_out."),
)
UP = re.compile(r"\.up\.(\d{1,3})\.(?:block\.(\d{1,3})|upsample)\.")


@dataclass(frozen=True)
class KLConfig:
    """The architecture: what diffusers' AutoencoderKL is given."""

    block_out_channels: tuple[int, ...]
    layers_per_block: int
    latent_channels: int
    norm_num_groups: int = 32
    act_fn: str = "silu"
    use_quant_conv: bool = True
    use_post_quant_conv: bool = True
    mid_block_add_attention: bool = True


@dataclass(frozen=True)
class Scaling:
    """Normalised latents are (z - mean) scale / std; one value, one a channel, or one for each
    channel of each of four neighbours. `words` says where the figures are from."""

    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    words: str


def prefix_of(shapes: Shapes) -> str | None:
    """What stands before an autoencoder's names ("first_stage_model."); None if there is none."""
    for name, shape in shapes.items():
        prefix = name.removesuffix(FIRST)
        if prefix != name and len(shape) == 4 and f"{prefix}{LATENT}" in shapes:
            return prefix
    return None


def renamed(shapes: Shapes, prefix: str) -> dict[str, str]:
    """diffusers' names -> the names in the file, of the autoencoder's tensors only."""
    inside = [name for name in shapes if name.startswith(tuple(prefix + head for head in HEADS))]
    levels = {int(found[1]) for name in inside if (found := UP.search(name))}
    deepest = max(levels, default=0)
    return {_renamed(name.removeprefix(prefix), deepest): name for name in inside}


def flat(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A tensor's shape in diffusers, where attention is linear, not a convolution of 1x1."""
    return shape[:2] if ".attentions." in name and shape[2:] == (1, 1) else shape


def inferred(path: Path, shapes: Shapes) -> KLConfig:
    """The configuration of tensors with diffusers' names. Raises ModelError."""
    try:
        widths = []
        for level in count():
            name = f"encoder.down_blocks.{level}.resnets.0.conv1.weight"
            if name not in shapes:
                break
            widths.append(shapes[name][0])
        resnets = [f"encoder.down_blocks.0.resnets.{n}.conv1.weight" for n in range(16)]
        return KLConfig(
            block_out_channels=tuple(widths),
            layers_per_block=sum(name in shapes for name in resnets),
            latent_channels=shapes[LATENT][1],
            use_quant_conv="quant_conv.weight" in shapes,
            use_post_quant_conv="post_quant_conv.weight" in shapes,
            mid_block_add_attention=any(".attentions." in name for name in shapes),
        )
    except (KeyError, IndexError) as error:
        raise ModelError(f"{path} does not have AutoencoderKL's layout: {error}.") from error


def assumed_scaling(path: Path, shapes: Shapes, channels: int) -> Scaling:
    """A single file does not say its scale: what its channels and neighbours suggest."""
    hints = path.stem.casefold()

    def neighbour(word: str) -> bool:
        return any(word in name for name in shapes)

    if channels == 4 and (neighbour("conditioner.embedders.") or "xl" in hints):
        return Scaling(0.13025, (0.0,), (1.0,), "0.13025, assumed: Stable Diffusion XL's")
    if channels == 4:
        words = "0.18215, assumed of 4 channels: Stable Diffusion 1 and 2's"
        return Scaling(0.18215, (0.0,), (1.0,), words)
    if channels == 16 and (neighbour("joint_blocks.") or "sd3" in hints):
        words = "1.5305, shift 0.0609, assumed: Stable Diffusion 3's"
        return Scaling(1.5305, (0.0609,), (1.0,), words)
    if channels == 16:
        words = "0.3611, shift 0.1159, assumed of 16 channels: FLUX.1's"
        return Scaling(0.3611, (0.1159,), (1.0,), words)
    return Scaling(1.0, (0.0,), (1.0,), f"1, for want of a known scale of {channels} channels")


def stated_scaling(path: Path, document: Mapping[str, object], default: float) -> Scaling:
    """What a config.json says. Raises ModelError."""
    try:
        scale = _number(document.get("scaling_factor", default))
        shift = _number(document.get("shift_factor") or 0.0)
        mean = _numbers(document.get("latents_mean")) or (shift,)
        std = _numbers(document.get("latents_std")) or (1.0,)
        if scale == 0 or 0 in std or len(mean) != len(std):
            raise ValueError("the scale of its latents is 0")
    except (TypeError, ValueError) as error:
        raise ModelError(f"{path} makes no sense: {error}.") from error
    words = f"{scale:g}" + (f", shift {shift:g}" if shift else "")
    return Scaling(scale, mean, std, words)


def _renamed(name: str, deepest: int) -> str:
    for pattern, replacement in RENAMED:
        name = re.sub(pattern, replacement, name)

    def up(found: re.Match[str]) -> str:  # checkpoints count levels from the finest
        layer = "upsamplers.0" if found[2] is None else f"resnets.{found[2]}"
        return f".up_blocks.{deepest - int(found[1])}.{layer}."

    return UP.sub(up, name)


def _numbers(values: object) -> tuple[float, ...]:
    if values is None:
        return ()
    if not isinstance(values, list):
        raise TypeError("its latents' statistics are no list")
    return tuple(_number(value) for value in values)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e6:
        raise ValueError(f"{value!r} is no scale of latents")
    if value != value:
        raise ValueError("a scale of its latents is not a number")
    return float(value)
