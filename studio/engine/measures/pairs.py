"""Texts and pictures in one space: what contrastive losses ask, cost, and come to."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

from studio.core.errors import pick
from studio.core.language import chances
from studio.dataset.catalogue import bundled
from studio.engine.measures import Means
from studio.models.encoders import shared
from studio.networks.towers import Towers, TowersConfig
from studio.objectives.contrastive import clip_loss, sigmoid_loss
from studio.objectives.positives import fits, pairs
from studio.report.contrastive_costs import cost
from studio.report.encoders.measures import (
    STYLE,
    Measured,
    Pictures,
    held_and_seen,
    positives,
    recalls,
    synonyms,
    zero_shot,
)
from studio.report.encoders.subjects import Pair, opened, parts

LOSSES = {"clip": clip_loss, "siglip": sigmoid_loss}
REPORTS = {"zero-shot": zero_shot, "unsaid": synonyms}


@cache
def pictures() -> Pictures:
    """The bundled ones; what is composed is kept."""
    return Pictures(bundled())


@cache
def pair(name: str) -> Pair:
    return opened([name]).pairs[0]


@cache
def vectors(name: str) -> tuple[Tensor, Tensor]:
    """Of all pictures of things held out, and of their labels: unit vectors (N, D) each."""
    held, _ = held_and_seen(pictures(), STYLE)
    said = pair(name).texts([pictures().phrase(code) for code in held.codes])
    return parts(pair(name).pictures, held.pictures), said


def cosines(name: str) -> Tensor:
    """(pictures, texts) of what is held out; row and column i belong together."""
    seen, said = vectors(name)
    return seen @ said.T


def apart(means: Means, encoder: str = "siglip") -> float:
    """Mean cosine of those that belong together, less that of all others."""
    found = cosines(encoder)
    own = torch.eye(len(found), dtype=torch.bool)
    return float(found[own].mean() - found[~own].mean())


def recall(means: Means, rank: int, encoder: str = "siglip") -> float:
    """How often a held-out picture's own label is among the first `rank` of all held-out ones."""
    seen, said = vectors(encoder)
    codes = range(len(seen))
    return recalls(seen, said, positives([*map(str, codes)], [*map(str, codes)]), (rank,))[rank]


def among(means: Means, texts: int, encoder: str = "clip") -> float:
    """How often a picture's own text beats `texts` - 1 others drawn by chance."""
    found, generator = cosines(encoder), torch.Generator().manual_seed(0)
    own = found.diag()[:, None]
    others = [torch.randperm(len(found) - 1, generator=generator)[: texts - 1] for _ in found]
    moved = [row + (row >= n) for n, row in enumerate(others)]  # past the own one
    return float((found.gather(1, torch.stack(moved)) < own).all(1).float().mean())


def harder(means: Means, few: int, many: int, encoder: str = "clip") -> float:
    """How much less often the own text wins among many than among few."""
    return among(means, few, encoder) - among(means, many, encoder)


def in_play(means: Means, encoder: str = "clip", temperature: float = 0.0) -> float:
    """Texts that a picture's softmax still weighs: e to its entropy, the mean; at the learnt
    temperature for 0."""
    scale = 1 / temperature if temperature else float(shared().towers(encoder).scale())
    shares = chances(cosines(encoder).numpy(), scale, 0.0, 1)
    return float(np.exp(-(shares * np.log(np.maximum(shares, 1e-300))).sum(1)).mean())


def fewer(means: Means, temperature: float, encoder: str = "clip") -> float:
    """How many times fewer at the learnt temperature than at another."""
    return in_play(means, encoder, temperature) / in_play(means, encoder)


@torch.no_grad()
def untrained(loss: str, count: int, bias: float | None = None) -> float:
    """The loss a picture of towers that have learnt nothing, over `count` held-out pairs."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        towers = Towers(TowersConfig(size=72, patch=12, depth=4, loss=loss))
    if bias is not None:
        towers.bias.fill_(bias)
    held, _ = held_and_seen(pictures(), STYLE)
    said = opened([]).read([pictures().phrase(code) for code in held.codes[:count]])
    logits = towers.logits(parts(towers, held.pictures[:count]), towers.text(said))
    content = pairs(count)
    return float(LOSSES[loss](logits, fits(content, content).float()))


def untrained_clip(means: Means, count: int) -> float:
    """CLIP's loss before any training, over ln B."""
    return untrained("clip", count) / math.log(count)


def without_bias(means: Means, count: int) -> float:
    """SigLIP's first loss with no bias, over that with the bias it begins with."""
    return untrained("siglip", count, 0.0) / untrained("siglip", count)


def growth(means: Means, few: int, many: int, block: int = 256, kind: str = "clip") -> float:
    """How many times more memory `many` pairs need than `few`: whole over in blocks. Counted."""

    def grown(size: int) -> float:
        peaks = [cost(kind, batch, size, device="meta").peak for batch in (few, many)]
        return peaks[1] / peaks[0]

    return grown(0) / grown(block)


def in_pieces(means: Means, kind: str = "siglip", pieces: int = 4, count: int = 96) -> float:
    """The loss of held-out pairs added up over pieces of the texts that know nothing of each other,
    over the loss of all at once."""
    loss = pick("loss", kind, LOSSES)
    towers = shared().towers(kind)
    seen, said = (x[:count] for x in vectors(kind))
    logits, content = towers.logits(seen, said).detach(), pairs(count)
    right = fits(content, content).float()
    sum_ = sum(
        float(loss(*both))
        for both in zip(logits.chunk(pieces, 1), right.chunk(pieces, 1), strict=True)
    )
    return sum_ / float(loss(logits, right))


@cache
def _report(report: str, encoder: str) -> list[Measured]:
    return pick("report", report, REPORTS)(pair(encoder), pictures())


def reported(means: Means, report: str, name: str, encoder: str = "siglip") -> float:
    """A figure of docs/encoders.md, made anew."""
    return pick("figure", name, {row.name: row.value for row in _report(report, encoder)})


MEASURES = {
    "pair-apart": apart, "pair-recall": recall, "pair-harder": harder, "pair-fewer": fewer,
    "clip-untrained": untrained_clip, "siglip-without-bias": without_bias,
    "loss-growth": growth, "loss-in-pieces": in_pieces, "pair-reported": reported,
}  # fmt: skip
