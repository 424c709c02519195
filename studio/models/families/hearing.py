"""What attention does to a prompt's tokens in networks of diffusers, heard while they are asked.

Nothing of theirs is replaced, so a picture comes out as without. Imports torch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

COARSEST = 4  # sides of places of the finest attention: coarser ones tell no place


class Cross:
    """The cross attentions of a network in one call, a context: their means over layers and heads,
    in the places of the finest. Of each picture of the first `rows`.

    `texts` (n, W) are the tokens of what likeness is asked of.
    """

    def __init__(self, network: Any, x: Tensor, texts: Mapping[str, Tensor], rows: int) -> None:
        self._layers = [m for name, m in network.named_modules() if name.endswith(".attn2")]
        self._texts, self._rows, self._hooks = texts, rows, list[Any]()
        self._shape = x.shape[-2], x.shape[-1]
        #: By the number of places: how many layers, and the sums of their shares and likenesses,
        #: (rows, n, places).
        self._counts, self._sums = Counter[int](), dict[int, list[Tensor]]()
        self._means: dict[int, Tensor] = {}

    def __enter__(self) -> Self:
        for layer in self._layers:
            self._hooks.append(layer.register_forward_hook(self._hear, with_kwargs=True))
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def attention(self, numbers: Sequence[int], row: int) -> Tensor:
        """(h, w), the share that goes to the tokens of these numbers."""
        return self._mean(0)[row, list(numbers)].sum(0)

    def likeness(self, text: str, prompt: str, row: int) -> Tensor:
        """(h, w), the cosine of what each place hears, from its mean over the picture, and what it
        would hear of the text, from what it would of all the row's tokens alike."""
        return self._mean(1)[row, list(self._texts).index(text)]

    def _hear(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], heard: Any) -> None:
        hidden, tokens = args[0][: self._rows], kwargs["encoder_hidden_states"][: self._rows]
        heads = [layer.to_q(hidden), layer.to_k(tokens)]
        if layer.norm_q is not None:
            heads = [layer.norm_q(heads[0]), layer.norm_k(heads[1])]
        q, k = (each.unflatten(-1, (layer.heads, -1)).transpose(1, 2) for each in heads)
        masks = kwargs.get("attention_mask")  # (B, 1, n), added
        masks = [None] * len(q) if masks is None else masks[: self._rows]
        shares = torch.stack([mean_shares(*row).T for row in zip(q, k, masks, strict=True)])

        def answer(tokens: Tensor) -> Tensor:
            return layer.to_out[0](layer.to_v(tokens)).float().mean(-2)

        likeness = shares[:, :0]
        if self._texts:
            texts = torch.stack([answer(tokens) for tokens in self._texts.values()])
            here = heard[: self._rows].float()
            here = F.normalize(here - here.mean(1, keepdim=True), dim=-1)
            apart = F.normalize(texts - answer(tokens)[:, None], dim=-1)  # (rows, texts, W)
            likeness = apart @ here.transpose(1, 2)
        places, found = hidden.shape[1], [shares, likeness]
        known = self._sums.get(places)
        self._counts[places] += 1
        self._sums[places] = (
            found if known is None else [a + b for a, b in zip(known, found, strict=True)]
        )

    def _mean(self, which: int) -> Tensor:
        """(rows, n, h, w): coarse layers count as the fine ones do, smoothly enlarged."""
        if which not in self._means:
            self._means[which] = self._of_all(which)
        return self._means[which]

    def _of_all(self, which: int) -> Tensor:
        finest = max(self._sums)
        fine = [n for n in self._sums if n * COARSEST**2 >= finest]
        whole = [
            F.interpolate(
                self._sums[n][which].unflatten(-1, self._grid(n)),
                self._grid(finest),
                mode="bilinear",
            )
            for n in fine
        ]
        return torch.stack(whole).sum(0) / sum(self._counts[n] for n in fine)

    def _grid(self, places: int) -> tuple[int, int]:
        """Height and width of so many places: the latents', halved a few times."""
        height, width = self._shape
        while height * width > places:
            height, width = -(-height // 2), -(-width // 2)
        return height, width


class Joint(TorchFunctionMode):
    """The attentions of a transformer in which text and picture attend to all of both, in one call,
    a context: the mean over layers and heads. A likeness would need the text to be carried through
    all layers, and is not told."""

    def __init__(self, grid: tuple[int, int], rows: int, text_at: int = 0) -> None:
        """`grid` are the picture's tokens, height and width; `text_at` that with which the text
        begins: 0 where the picture follows it, or else it comes first."""
        super().__init__()
        self._grid, self._rows, self._text_at = grid, rows, text_at
        self._count, self._sum = 0, None  # type: int, Tensor | None
        self._longest = 0  # tokens: text or picture by itself has fewer than both

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if func is F.scaled_dot_product_attention:
            self._hear(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def attention(self, numbers: Sequence[int], row: int) -> Tensor:
        assert self._sum is not None
        return self._sum[row][:, list(numbers)].sum(-1).unflatten(0, self._grid) / self._count

    def _hear(
        self, query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, **_: Any
    ) -> None:
        """(B, heads, L, d) each."""
        length, places = key.shape[2], self._grid[0] * self._grid[1]
        if length < max(self._longest, places + 1) or query.shape[2] != length:
            return
        if length > self._longest:
            self._longest, self._count, self._sum = length, 0, None
        rows = []
        for row in range(self._rows):
            seen, end = None, length
            if attn_mask is not None:
                seen = attn_mask.expand(len(query), 1, -1, length)[row, 0]
                end = int(seen[-1].nonzero().max()) + 1  # further ones fill up
            start = 0 if self._text_at else end - places
            picture = slice(start, start + places)
            seen = seen if seen is None or len(seen) == 1 else seen[picture]
            shares = mean_shares(query[row, :, picture], key[row], seen)
            rows.append(shares[:, self._text_at :][:, : length - places])
        self._count += 1
        heard = torch.stack(rows)
        self._sum = heard if self._sum is None else self._sum + heard


def mean_shares(q: Tensor, k: Tensor, mask: Tensor | None = None) -> Tensor:
    """(Lq, Lk), softmax(q k^T / sqrt(d)) of (heads, L, d), their mean head by head: all at once
    would take as many times the memory. `mask` (Lq, Lk): True where a key is seen, or added."""
    total = q.new_zeros(q.shape[1], k.shape[1], dtype=torch.float32)
    for one, other in zip(q.float(), k.float(), strict=True):
        logits = one @ other.T / q.shape[-1] ** 0.5
        if mask is not None:
            kept = mask.dtype == torch.bool
            logits = logits.masked_fill(~mask, float("-inf")) if kept else logits + mask
        total += logits.softmax(-1)
    return total / len(q)
