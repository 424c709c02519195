"""The causal decoder: the next token of a text, of itself or about a picture or another text.

Vaswani et al. 2017; Radford et al. 2018. Shapes in, shapes out: no files, no devices, no training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.tables import Within
from studio.networks.attention import Record, causal_mask
from studio.networks.bounds import Depth, Width, check_heads
from studio.networks.positions import Positions, sinusoids
from studio.networks.transformer import Cache, TransformerBlock


@dataclass(frozen=True)
class DecoderConfig:
    """`memory_width` is the width of what is looked at (a picture's patches, a text); 0: nothing.
    The paper's own block is `post_norm` with `relu`."""

    vocabulary: Annotated[int, Within(1, 2**20)] = 4096
    width: Width = 160
    depth: Depth = 4
    heads: Width = 5
    length: Annotated[int, Within(1, 4096)] = 32
    memory_width: Annotated[int, Within(0, 8192)] = 0
    sinusoidal: bool = False
    post_norm: bool = False
    relu: bool = False

    def __post_init__(self) -> None:
        check_heads(self.width, self.heads)


class Decoder(nn.Module):
    """Token numbers to log-odds of the token after each. The embedding is also the last layer
    (Press & Wolf 2017); of a post-norm one the last block ends with its norm already."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.embedding = nn.Embedding(config.vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.positions = Positions(sinusoids(config.length, width), not config.sinusoidal)
        self.blocks = nn.ModuleList(
            TransformerBlock(
                width, config.heads, config.memory_width, config.post_norm, config.relu
            )
            for _ in range(config.depth)
        )
        self.norm = nn.Identity() if config.post_norm else nn.LayerNorm(width)

    def embedded(self, ids: Tensor, past: int = 0) -> Tensor:
        """Tokens (B, L), after `past` others, times the root of their width (section 3.4), at
        their places."""
        tokens = self.embedding(ids) * self.config.width**0.5
        return tokens + self.positions.after(past, ids.shape[1]).to(tokens.dtype)

    def forward(
        self,
        ids: Tensor,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        caches: list[Cache] | None = None,
        record: Record | None = None,
    ) -> Tensor:
        """Log-odds (B, L, vocabulary) of what follows each token, which sees those before it.

        Args:
            ids: (B, L), at most `length` with what the caches hold. Shorter texts are padded at
                their end, where nothing before sees it.
            memory: (B, M, memory width), and its mask (B, M), True where it may be seen.
            caches: one a block: `ids` then continue what was read with them.
        """
        states = self.states(ids, memory, memory_mask, caches, record)
        return F.linear(states, self.embedding.weight)

    def states(
        self,
        ids: Tensor,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        caches: list[Cache] | None = None,
        record: Record | None = None,
    ) -> Tensor:
        """The last hidden states (B, L, W) that `forward` makes log-odds of."""
        read = caches[0].read if caches else None
        past = 0 if read is None else read[0].shape[2]
        x = self.embedded(ids, past)
        seen = causal_mask(ids.shape[1], past, ids.device)
        memory_seen = None if memory_mask is None else memory_mask[:, None, None, :]
        for i, block in enumerate(self.blocks):
            cache = caches[i] if caches else None
            x = block(x, seen, memory, memory_seen, cache, record)
        return self.norm(x)


@dataclass(frozen=True)
class Written:
    """`ids` (B, L) from the given beginning on, filled with the end's number; `scores` (B,), the
    mean log-probability of the tokens that were added, the end among them."""

    ids: Tensor
    scores: Tensor


@torch.no_grad()
def generate(
    decoder: Decoder,
    begin: Tensor,
    end: int,
    memory: Tensor | None = None,
    memory_mask: Tensor | None = None,
    beams: int = 1,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> Written:
    """Goes on with `begin` (B, L) until `end` or the decoder's length; of `beams` texts the best.

    At temperature 0 the likeliest tokens: greedily with one beam, else by beam search (Graves
    2012), the best by mean log-probability (Wu et al. 2016, equation 14 with alpha 1). Above it
    each beam is a sample of its own, from the CPU's `generator`.
    """
    batch, device = len(begin), begin.device
    ids = new = begin.repeat_interleave(beams, 0)
    memory, memory_mask = (_repeated(each, beams) for each in (memory, memory_mask))
    caches = [Cache() for _ in decoder.blocks]
    scores, lengths = torch.zeros(2, batch * beams, device=device)
    if not temperature:
        scores.view(batch, beams)[:, 1:] = -torch.inf  # all begin alike: one of them goes on
    done = lengths > 0
    while ids.shape[1] < decoder.config.length and not done.all():
        odds = decoder(new, memory, memory_mask, caches)[:, -1].float().log_softmax(-1)
        odds = odds.masked_fill(done[:, None], -torch.inf)  # the end is followed by itself
        odds[:, end] = torch.where(done, 0.0, odds[:, end])
        if temperature:
            scores, rows, new = _drawn(scores, odds, temperature, generator)
        else:
            scores, rows, new = _likeliest(scores, odds, beams)
        for cache in caches:
            cache.keep(rows)
        ids, lengths = torch.cat([ids[rows], new], 1), lengths[rows] + ~done[rows]
        done = done[rows] | (new[:, 0] == end)
    means = (scores / lengths.clamp_min(1)).view(batch, beams)
    best = means.argmax(1)
    return Written(ids.view(batch, beams, -1)[range(batch), best], means.amax(1))


def _repeated(each: Tensor | None, times: int) -> Tensor | None:
    return None if each is None else each.repeat_interleave(times, 0)


def _drawn(
    scores: Tensor, odds: Tensor, temperature: float, generator: torch.Generator | None
) -> tuple[Tensor, Tensor, Tensor]:
    """As `_likeliest`: each row goes on with a token drawn by its odds."""
    chances = (odds / temperature).softmax(-1).cpu()
    new = torch.multinomial(chances, 1, generator=generator).to(odds.device)
    return scores + odds.gather(1, new)[:, 0], torch.arange(len(odds), device=odds.device), new


def _likeliest(scores: Tensor, odds: Tensor, beams: int) -> tuple[Tensor, Tensor, Tensor]:
    """Of all that a text's beams could be with a token more: the best scores (B beams,), the rows
    they continue and their tokens (B beams, 1)."""
    totals = (scores[:, None] + odds).view(-1, beams * odds.shape[1])
    best, places = totals.topk(beams)
    first = torch.arange(len(totals), device=odds.device)[:, None] * beams
    rows = first + places // odds.shape[1]
    return best.flatten(), rows.flatten(), (places % odds.shape[1]).view(-1, 1)
