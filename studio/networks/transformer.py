"""The transformer block of every tower, encoder and decoder. Shapes in, shapes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.networks.attention import Record, attention, join_heads, split_heads

KeysValues = tuple[Tensor, Tensor]  # each (B, heads, L, d)


@dataclass
class Cache:
    """What a block keeps of the tokens it has read, and of its memory, so that the next token is
    computed alone. Begins empty."""

    read: KeysValues | None = None
    memory: KeysValues | None = None

    def add(self, keys: Tensor, values: Tensor) -> KeysValues:
        """All keys and values so far."""
        if self.read is not None:
            keys = torch.cat([self.read[0], keys], dim=2)
            values = torch.cat([self.read[1], values], dim=2)
        self.read = keys, values
        return self.read

    def keep(self, rows: Tensor) -> None:
        """The texts with these numbers, (B,) int64, take the places of all."""
        for name, kept in (("read", self.read), ("memory", self.memory)):
            if kept is not None:
                setattr(self, name, (kept[0][rows], kept[1][rows]))


class CrossAttention(nn.Module):
    """The tokens ask, a memory of another width answers (Vaswani et al. 2017, section 3.2.3)."""

    def __init__(self, width: int, heads: int, memory_width: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(memory_width, 2 * width)
        self.out = nn.Linear(width, width)

    def answers(self, memory: Tensor) -> KeysValues:
        """The keys and values of a memory (B, L, memory width)."""
        keys, values = self.key_value(memory).chunk(2, dim=-1)
        return split_heads(keys, self.heads), split_heads(values, self.heads)

    def forward(
        self, x: Tensor, answers: KeysValues, mask: Tensor | None, record: Record | None
    ) -> Tensor:
        q = split_heads(self.query(x), self.heads)
        weights = None if record is None else record.cross
        heard: Tensor = self.out(join_heads(attention(q, *answers, mask, weights)))
        if record is not None:
            record.heard.append(heard)
        return heard


class TransformerBlock(nn.Module):
    """Self attention, cross attention if it has a memory, and a network of two layers; each a
    residual after its layer norm (Xiong et al. 2020), or before it (Vaswani et al. 2017)."""

    def __init__(
        self,
        width: int,
        heads: int,
        memory_width: int = 0,
        post_norm: bool = False,
        relu: bool = False,
    ) -> None:
        super().__init__()
        self.heads, self.post_norm = heads, post_norm
        self.activation = F.relu if relu else F.gelu
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.cross = CrossAttention(width, heads, memory_width) if memory_width else None

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        cache: Cache | None = None,
        record: Record | None = None,
    ) -> Tensor:
        """x (B, L, W) and a memory (B, M, memory width); masks broadcastable to (B, heads, L, L)
        and (B, heads, L, M), True where a key may be seen."""
        x = self._residual(x, self.norm1, lambda y: self._attend(y, mask, cache, record))
        if self.cross is not None and memory is not None:
            cross, answers = self.cross, self._answers(self.cross, memory, cache)
            x = self._residual(x, cross.norm, lambda y: cross(y, answers, memory_mask, record))
            if record is not None:
                record.after.append(x)
        x = self._residual(x, self.norm2, lambda y: self.down(self.activation(self.up(y))))
        if record is not None:
            record.states.append(x)
        return x

    def _residual(self, x: Tensor, norm: nn.Module, layer: Callable[[Tensor], Tensor]) -> Tensor:
        if self.post_norm:
            return norm(x + layer(x))
        return x + layer(norm(x))

    def _attend(
        self, x: Tensor, mask: Tensor | None, cache: Cache | None, record: Record | None
    ) -> Tensor:
        parts = self.qkv(x).chunk(3, dim=-1)
        q, k, v = (split_heads(part, self.heads) for part in parts)
        if cache is not None:
            k, v = cache.add(k, v)
        weights = None if record is None else record.weights
        return self.out(join_heads(attention(q, k, v, mask, weights)))

    @staticmethod
    def _answers(cross: CrossAttention, memory: Tensor, cache: Cache | None) -> KeysValues:
        """Computed once for a cache."""
        if cache is None:
            return cross.answers(memory)
        if cache.memory is None:
            cache.memory = cross.answers(memory)
        return cache.memory
