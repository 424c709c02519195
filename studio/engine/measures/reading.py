"""How a text is read: its tokens, what attention does with them, and what tells their order."""

from __future__ import annotations

from copy import deepcopy
from functools import cache

import numpy as np
import torch
from torch import Tensor

from studio.core.errors import UsageError, pick
from studio.dataset.captions import caption
from studio.dataset.catalogue import bundled
from studio.dataset.scenes import Mix, compose, sample_scene
from studio.dataset.wording import noun
from studio.engine.hearing import answers, concept_map
from studio.engine.measures import Means
from studio.models.latent_diffusion import LatentDiffusion
from studio.networks.attention import Record
from studio.networks.positions import sinusoids
from studio.networks.tokenizers import KINDS, open_tokenizer
from studio.networks.tokenizers.protocol import Compared, compare

CAPTIONS = 1000
SWAPPED = (  # that the tower is to tell from each other's places
    ("cat", "dog"), ("rocket", "house"), ("crown", "frog"), ("car", "tree"), ("pear", "sheep"),
)  # fmt: skip
SIDE = "a {} to the left of a {}"
TIME = 0.4  # of the noise on scenes whose words are looked for


@cache
def captions(count: int = CAPTIONS) -> tuple[str, ...]:
    """Of scenes that are drawn anew."""
    rng, catalogue = np.random.default_rng(77), bundled()
    return tuple(caption(sample_scene(rng, catalogue, Mix()), catalogue, rng) for _ in range(count))


@cache
def compared(kind: str, texts: tuple[str, ...]) -> Compared:
    pick("tokenizer", kind, KINDS)
    return compare([open_tokenizer(kind)], texts)[0]


def tokens_over(means: Means, kind: str, other: str) -> float:
    """How many times more tokens one tokenizer makes of captions than another."""
    return compared(kind, captions()).mean / compared(other, captions()).mean


def unknown(means: Means, kind: str) -> float:
    """The share of names that no caption uses with a part that is not in the vocabulary."""
    return compared(kind, tuple(bundled().unsaid)).unknown


@torch.no_grad()
def order(means: Means, figure: str, positions: bool = True) -> float:
    """How far a text changes when two things in it change places: "states" of the tokens, each
    beside itself, over their length; or "pooled", the unit vector of the whole. The mean over
    SWAPPED; with `positions` taken away if they are not wanted."""
    encoders = means.worker.encoders
    tower = encoders.text
    if not positions:
        tower = deepcopy(tower)
        tower.positions.zero_()
    changes: dict[str, list[float]] = {"states": [], "pooled": []}
    for pair in SWAPPED:
        ids, mask = encoders.tokenizer([SIDE.format(*pair), SIDE.format(*pair[::-1])])
        found = tower(ids, mask)
        a, b = (x[each.argsort(stable=True)] for x, each in zip(found.tokens, ids, strict=True))
        changes["states"].append(float(((a - b).norm(dim=-1) / a.norm(dim=-1)).mean()))
        changes["pooled"].append(float((found.pooled[0] - found.pooled[1]).norm()))
    return float(np.mean(pick("figure of order", figure, changes)))


def unevenness(means: Means, learned: bool = False, length: int = 32, width: int = 256) -> float:
    """How much inner products of positions at one distance differ, at worst, over a position's with
    itself: 0 where they depend on the distance alone. Of sinusoids, or `learned` by the tower."""
    table = means.worker.encoders.text.positions if learned else sinusoids(length, width)
    products = table.double() @ table.double().T
    spans = [products.diagonal(k) for k in range(len(table))]
    return max(float(span.max() - span.min()) for span in spans) / float(spans[0].mean())


@torch.no_grad()
def weights(means: Means) -> tuple[list[Tensor], Tensor]:
    """The text tower's attention in captions: (B, heads, L, L) a layer; and the mask (B, L)."""
    encoders, record = means.worker.encoders, Record()
    ids, mask = encoders.tokenizer(captions()[:200])
    encoders.text(ids, mask, record)
    return record.weights, mask


def one_place(means: Means, layer: int, head: int) -> float:
    """How much more of a head's attention goes to [CLS] than if all pieces got alike."""
    found, mask = weights(means)
    if not (1 <= layer <= len(found) and 1 <= head <= found[0].shape[1]):
        raise UsageError(f"there is no head {head} in a layer {layer}.")
    given = found[layer - 1][:, head - 1, :, 0] * mask.sum(1, keepdim=True)
    return float(given[mask].mean())


@torch.inference_mode()
def word_sides(means: Means, scenes: int = 48) -> float:
    """Real scenes of two things, under noise: the share of words whose map of likeness has more
    than half of its weight on the thing's own side. Chance: one half."""
    model = means.worker.model("studio-256", means.check)
    assert isinstance(model, LatentDiffusion)
    catalogue, rng, right = bundled(), np.random.default_rng(15), list[bool]()
    for number in range(scenes):
        means.check()
        relation = ("left of", "above")[number % 2]
        mix = Mix(p_single=0, p_pair=1, p_count=0, p_hue=0, p_colour_ground=0, jitter=0.1,
                  styles=(("fluent-3d", 1.0),), relations=((relation, 1.0),))  # fmt: skip
        scene = sample_scene(rng, catalogue, mix)
        words = [noun(catalogue.by_code[thing.code].label).singular for thing in scene.objects]
        latents = model.encode(compose(scene, catalogue)[None])
        noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(number))
        prompt = f"{words[0]} {relation} {words[1]}, 3d"
        record = heard(model, prompt, (1 - TIME) * latents + TIME * noise)
        whole = answers(model.networks, prompt, ends=True)
        for first, word in zip((True, False), words, strict=True):
            weight = concept_map(record, answers(model.networks, word), whole, 0).clamp_min(0)
            square = weight.unflatten(0, (round(len(weight) ** 0.5), -1))
            halves = square.chunk(2, dim=1 if relation == "left of" else 0)
            right.append(bool(halves[0].sum() > halves[1].sum()) == first)
    return float(np.mean(right))


def heard(model: LatentDiffusion, prompt: str, noisy: Tensor) -> Record:
    """What the denoiser's cross attention does at TIME."""
    records: list[Record] = []
    model.recorded = lambda time, record: records.append(record)
    try:
        model.denoiser(model.condition([prompt]))(noisy, 1 - TIME, TIME)
    finally:
        model.recorded = None
    return records[0]


MEASURES = {
    "tokens-over": tokens_over, "unknown-words": unknown, "order-heard": order,
    "position-unevenness": unevenness, "head-on-one-place": one_place,
    "word-sides": word_sides,
}  # fmt: skip
