"""Which text fits which picture, where several do: one thing in several styles, by many names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Content:
    """What B pictures show or B texts say.

    `pair` (B,) int64 numbers what was made together. `things` (B, K) int64 are the things in it by
    number, -1 where there are fewer. `only` (B,) bool: a picture that shows its thing alone, a text
    that does no more than name it.
    """

    pair: Tensor
    things: Tensor
    only: Tensor

    def __getitem__(self, part: slice) -> Content:
        return self.map(lambda each: each[part])

    def map(self, change: Callable[[Tensor], Tensor]) -> Content:
        return Content(change(self.pair), change(self.things), change(self.only))


def pairs(count: int, device: torch.device | str = "cpu") -> Content:
    """Of `count` pictures or texts that have nothing to do with each other."""
    numbers = torch.arange(count, device=device)
    return Content(numbers, numbers[:, None], torch.zeros_like(numbers, dtype=torch.bool))


def fits(pictures: Content, texts: Content) -> Tensor:
    """(B, T) int8: +1 where the text fits the picture, -1 where not, 0 where it cannot be said.

    A text that only names a thing fits every picture of that thing alone, in any style and on any
    ground. A full caption surely fits its own picture; of others that share a thing with it,
    nothing is said.
    """
    alike = torch.zeros(
        len(pictures.pair), len(texts.pair), dtype=torch.bool, device=texts.pair.device
    )
    for a in pictures.things.T:
        for b in texts.things.T:
            alike |= (a[:, None] == b) & (a >= 0)[:, None]
    own = pictures.pair[:, None] == texts.pair
    right = own | (alike & pictures.only[:, None] & texts.only)
    return 2 * right.to(torch.int8) - 1 + (alike & ~right).to(torch.int8)
