"""The denoiser: a transformer over latent patches that predicts the flow's velocity.

A DiT (Peebles & Xie 2023) with adaptive layer norm from time and the pooled prompt, cross
attention to the prompt's tokens in every other block, rotary positions, normalised queries and
keys (Dehghani et al. 2023) and SwiGLU (Shazeer 2020). Shapes in, shapes out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.tables import Within
from studio.networks.attention import (
    Record,
    attention,
    axial_frequencies,
    join_heads,
    normalised,
    rotate,
    split_heads,
)
from studio.networks.bounds import Depth, Side, Width, check_heads, check_patches
from studio.networks.layout import HEADS, Layout
from studio.networks.text import TextFeatures

Turn = tuple[Tensor, Tensor]  # the positions' cosines and sines, each (L, d / 2)
Heard = tuple[Tensor, Tensor, Tensor]  # a prompt's keys, values and mask or added logits
MOST_ANGLES = 2**24  # of all positions


@dataclass(frozen=True)
class DenoiserConfig:
    """`side` is the latent's height and width; `patch` latent pixels a token side. Rotary positions
    are relative; `learned_positions` adds absolute ones, which tell top from bottom. With `layout`
    each place hears the words that are said of it."""

    channels: Annotated[int, Within(1, 1024)] = 16
    side: Side = 16
    patch: Side = 2
    width: Width = 384
    depth: Depth = 7
    heads: Width = 6
    condition_width: Width = 160
    text_width: Width = 256
    pooled_width: Width = 384
    learned_positions: bool = False
    layout: bool = False

    def __post_init__(self) -> None:
        check_heads(self.width, self.heads)
        if self.layout:
            check_heads(self.text_width, HEADS)
        check_patches(self.side, self.patch)
        if (self.side // self.patch) ** 2 * (self.width // self.heads) > MOST_ANGLES:
            raise ValueError(f"heads is {self.heads}, too few for so many positions")


def time_features(t: Tensor, width: int) -> Tensor:
    """Sines and cosines of 1000 t, (B,) -> (B, width)."""
    rates = torch.exp(
        -math.log(10_000.0) * torch.arange(width // 2, device=t.device) / (width // 2)
    )
    angles = 1000.0 * t.float()[:, None] * rates
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Layer norm without its own affine map, then the condition's: (B, L, W) with (B, 1, W)."""
    return torch.addcmul(shift, F.layer_norm(x, x.shape[-1:]), 1 + scale)


class SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.q_norm, self.k_norm = nn.RMSNorm(width // heads), nn.RMSNorm(width // heads)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, record: Record | None = None) -> Tensor:
        q, k, v = (split_heads(part, self.heads) for part in self.qkv(x).chunk(3, -1))
        q = rotate(normalised(q) * self.q_norm.weight.to(q.dtype), cos, sin)
        k = rotate(normalised(k) * self.k_norm.weight.to(k.dtype), cos, sin)
        kept = None if record is None else record.weights
        return self.out(join_heads(attention(q, k, v, weights=kept)))


class CrossAttention(nn.Module):
    """Picture tokens ask, prompt tokens answer; begins silent. If `placed`, each head minds the
    prompt's layout as much as it has learnt to; half of them begin with minding it."""

    def __init__(self, width: int, heads: int, text_width: int, placed: bool = False) -> None:
        super().__init__()
        self.heads = heads
        minded = (torch.arange(heads) % 2).float()
        self.placed = nn.Parameter(minded) if placed else None
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(text_width, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.q_norm, self.k_norm = nn.RMSNorm(width // heads), nn.RMSNorm(width // heads)
        nn.init.zeros_(self.out.weight)

    def answers(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The prompt's keys and values (B, heads, L, d). The queries' weights are in the keys: in
        the products of both they come to the same."""
        k, v = (split_heads(part, self.heads) for part in self.key_value(tokens).chunk(2, -1))
        return normalised(k) * (self.q_norm.weight * self.k_norm.weight).to(k.dtype), v

    def masked(self, mask: Tensor, places: Tensor | None) -> Tensor:
        """Where the prompt is heard, (B, 1, 1, L); with a layout's logits, (B, 1, places, L), how
        well from which place too, (B, heads, places, L)."""
        if self.placed is None or places is None:
            return mask
        minded = self.placed[:, None, None].to(places.dtype) * places
        return minded.masked_fill(~mask, float("-inf"))

    def forward(self, x: Tensor, heard: Heard, record: Record | None = None) -> Tensor:
        q = split_heads(self.query(F.layer_norm(x, x.shape[-1:])), self.heads)
        kept = None if record is None else record.cross
        answer: Tensor = self.out(join_heads(attention(normalised(q), *heard, kept)))
        if record is not None:
            record.heard.append(answer)
        return answer


class SwiGLU(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = 64 * round(width * 8 / 3 / 64)
        self.up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.up(x).chunk(2, dim=-1)
        return self.down(F.silu(gate) * value)


class Block(nn.Module):
    """Self attention, cross attention (if any), feed forward; each a residual, gated by adaLN."""

    def __init__(self, config: DenoiserConfig, sees_text: bool) -> None:
        super().__init__()
        self.attention = SelfAttention(config.width, config.heads)
        self.cross = (
            CrossAttention(config.width, config.heads, config.text_width, config.layout)
            if sees_text
            else None
        )
        self.feed_forward = SwiGLU(config.width)
        self.modulation = nn.Linear(config.condition_width, 6 * config.width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(
        self,
        x: Tensor,
        condition: Tensor,
        turn: Turn,
        heard: Heard | None = None,
        record: Record | None = None,
    ) -> Tensor:
        parts = self.modulation(condition)[:, None].chunk(6, dim=-1)
        shift1, scale1, gate1, shift2, scale2, gate2 = parts
        x = torch.addcmul(x, gate1, self.attention(modulate(x, shift1, scale1), *turn, record))
        if self.cross is not None and heard is not None:
            x = x + self.cross(x, heard, record)
            if record is not None:
                record.after.append(x)
        x = torch.addcmul(x, gate2, self.feed_forward(modulate(x, shift2, scale2)))
        if record is not None:
            record.states.append(x)
        return x


@dataclass(frozen=True)
class Prompt:
    """What the network hears of a prompt, the same at every step: for each cross attention its
    keys and values, each (B, heads, L, d), and where they count, (B, 1, 1, L), or how much at which
    place, (B, heads, places, L); and the pooled prompt's share of the condition, (B, condition
    width)."""

    answers: tuple[Heard, ...]
    pooled: Tensor


class DenoiserTransformer(nn.Module):
    """v(x_t, t, prompt) on the rectified flow x_t = (1 - t) x_0 + t eps: v = eps - x_0."""

    cos: Tensor
    sin: Tensor

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.config = config
        patch_width = config.channels * config.patch**2
        self.embed = nn.Linear(patch_width, config.width)
        tokens = (config.side // config.patch) ** 2
        self.positions = (
            nn.Parameter(torch.zeros(tokens, config.width)) if config.learned_positions else None
        )
        self.time = nn.Sequential(
            nn.Linear(256, config.condition_width),
            nn.SiLU(),
            nn.Linear(config.condition_width, config.condition_width),
        )
        self.pooled = nn.Linear(config.pooled_width, config.condition_width)
        self.layout = Layout(tokens, config.text_width) if config.layout else None
        self.blocks = nn.ModuleList(Block(config, i % 2 == 1) for i in range(config.depth))
        self.final_modulation = nn.Linear(config.condition_width, 2 * config.width)
        self.final = nn.Linear(config.width, patch_width)
        for layer in (self.final_modulation, self.final):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        angles = axial_frequencies(config.side // config.patch, config.width // config.heads)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def prompt(self, text: TextFeatures) -> Prompt:
        """What stays the same while a picture is made, computed once."""
        crosses = (cast(Block, block).cross for block in self.blocks)
        # a unit vector's elements are small; give them unit variance
        pooled = (text.pooled * self.config.pooled_width**0.5).to(self.embed.weight.dtype)
        mask = text.mask[:, None, None, :]
        places = self.layout(text.tokens, mask) if self.layout is not None else None
        answers = tuple(
            (*cross.answers(text.tokens), cross.masked(mask, places))
            for cross in crosses
            if cross is not None
        )
        return Prompt(answers, self.pooled(pooled))

    def forward(
        self, x: Tensor, t: Tensor, text: TextFeatures | Prompt, record: Record | None = None
    ) -> Tensor:
        """Velocity, of x's shape.

        Args:
            x: normalised latents (B, C, side, side).
            t: rectified-flow time (B,), 0 clean and 1 noise.
            text: the prompt's features for each picture, or what `prompt` made of them.
            record: filled, if there is one; only every other block has cross attention.
        """
        prompt = text if isinstance(text, Prompt) else self.prompt(text)
        dtype = self.embed.weight.dtype
        times = self.time(time_features(t, 256).to(dtype))
        condition = F.silu(times + prompt.pooled)
        h = self.embed(self.to_tokens(x).to(dtype))
        if self.positions is not None:
            h = h + self.positions
        answers = iter(prompt.answers)
        turn = self.cos.to(dtype), self.sin.to(dtype)
        for block in self.blocks:
            heard = next(answers) if block.cross is not None else None
            h = block(h, condition, turn, heard, record)
        shift, scale = self.final_modulation(condition)[:, None].chunk(2, dim=-1)
        return self.to_latents(self.final(modulate(h, shift, scale)))

    def to_tokens(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, H W / p^2, C p^2)."""
        return F.pixel_unshuffle(x, self.config.patch).flatten(2).transpose(1, 2)

    def to_latents(self, tokens: Tensor) -> Tensor:
        side = self.config.side // self.config.patch
        folded = tokens.transpose(1, 2).unflatten(2, (side, side))
        return F.pixel_shuffle(folded, self.config.patch)
