"""The denoiser: a transformer over latent patches that predicts the flow's velocity.

A DiT (Peebles & Xie 2023) with adaptive layer norm from time and the pooled prompt, cross
attention to the prompt's tokens in every other block, rotary positions, normalised queries and
keys (Dehghani et al. 2023) and SwiGLU (Shazeer 2020). Shapes in, shapes out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.networks.attention import attention, axial_frequencies, join_heads, rotate, split_heads
from studio.networks.text import TextFeatures


@dataclass(frozen=True)
class DenoiserConfig:
    """`side` is the latent's height and width; `patch` latent pixels a token side. Rotary positions
    are relative; `learned_positions` adds absolute ones, which tell top from bottom."""

    channels: int = 16
    side: int = 16
    patch: int = 2
    width: int = 384
    depth: int = 7
    heads: int = 6
    condition_width: int = 160
    text_width: int = 256
    pooled_width: int = 384
    learned_positions: bool = False


def time_features(t: Tensor, width: int) -> Tensor:
    """Sines and cosines of 1000 t, (B,) -> (B, width)."""
    rates = torch.exp(
        -math.log(10_000.0) * torch.arange(width // 2, device=t.device) / (width // 2)
    )
    angles = 1000.0 * t.float()[:, None] * rates
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Layer norm without its own affine map, then the condition's: (B, L, W) with (B, W)."""
    return F.layer_norm(x, x.shape[-1:]) * (1 + scale[:, None]) + shift[:, None]


class RMSNorm(nn.RMSNorm):
    """Zhang & Sennrich 2019, in the input's precision whatever the weight's."""

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.normalized_shape) * self.weight.to(x.dtype)


class SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.q_norm, self.k_norm = RMSNorm(width // heads), RMSNorm(width // heads)

    def forward(self, x: Tensor, angles: Tensor) -> Tensor:
        q, k, v = (split_heads(part, self.heads) for part in self.qkv(x).chunk(3, dim=-1))
        q, k = rotate(self.q_norm(q), angles), rotate(self.k_norm(k), angles)
        return self.out(join_heads(attention(q, k, v)))


class CrossAttention(nn.Module):
    """Picture tokens ask, prompt tokens answer; begins silent."""

    def __init__(self, width: int, heads: int, text_width: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(text_width, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.q_norm, self.k_norm = RMSNorm(width // heads), RMSNorm(width // heads)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor, text: TextFeatures) -> Tensor:
        q = split_heads(self.query(F.layer_norm(x, x.shape[-1:])), self.heads)
        k, v = (split_heads(part, self.heads) for part in self.key_value(text.tokens).chunk(2, -1))
        q, k = self.q_norm(q), self.k_norm(k)
        return self.out(join_heads(attention(q, k, v, text.mask[:, None, None, :])))


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
            CrossAttention(config.width, config.heads, config.text_width) if sees_text else None
        )
        self.feed_forward = SwiGLU(config.width)
        self.modulation = nn.Linear(config.condition_width, 6 * config.width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, condition: Tensor, text: TextFeatures, angles: Tensor) -> Tensor:
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(condition).chunk(6, dim=-1)
        x = x + gate1[:, None] * self.attention(modulate(x, shift1, scale1), angles)
        if self.cross is not None:
            x = x + self.cross(x, text)
        return x + gate2[:, None] * self.feed_forward(modulate(x, shift2, scale2))


class DenoiserTransformer(nn.Module):
    """v(x_t, t, prompt) on the rectified flow x_t = (1 - t) x_0 + t eps: v = eps - x_0."""

    angles: Tensor

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
        self.blocks = nn.ModuleList(Block(config, i % 2 == 1) for i in range(config.depth))
        self.final_modulation = nn.Linear(config.condition_width, 2 * config.width)
        self.final = nn.Linear(config.width, patch_width)
        for layer in (self.final_modulation, self.final):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        angles = axial_frequencies(config.side // config.patch, config.width // config.heads)
        self.register_buffer("angles", angles, persistent=False)

    def forward(self, x: Tensor, t: Tensor, text: TextFeatures) -> Tensor:
        """Velocity, of x's shape.

        Args:
            x: normalised latents (B, C, side, side).
            t: rectified-flow time (B,), 0 clean and 1 noise.
            text: the prompt's features for each picture.
        """
        dtype = self.embed.weight.dtype
        times = self.time(time_features(t, 256).to(dtype))
        # a unit vector's elements are small; give them unit variance
        pooled = self.pooled((text.pooled * self.config.pooled_width**0.5).to(dtype))
        condition = F.silu(times + pooled)
        h = self.embed(self.to_tokens(x).to(dtype))
        if self.positions is not None:
            h = h + self.positions
        for block in self.blocks:
            h = block(h, condition, text, self.angles)
        shift, scale = self.final_modulation(condition).chunk(2, dim=-1)
        return self.to_latents(self.final(modulate(h, shift, scale)))

    def to_tokens(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, H W / p^2, C p^2)."""
        return F.pixel_unshuffle(x, self.config.patch).flatten(2).transpose(1, 2)

    def to_latents(self, tokens: Tensor) -> Tensor:
        side = self.config.side // self.config.patch
        folded = tokens.transpose(1, 2).unflatten(2, (side, side))
        return F.pixel_shuffle(folded, self.config.patch)
