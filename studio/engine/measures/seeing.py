"""How a picture is read: as patches, with a token for the whole, and with labels to learn."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from studio.core.errors import pick
from studio.dataset.scenes import Scene, sample_scene
from studio.engine.measures import Means
from studio.engine.measures.pairs import pictures
from studio.engine.measures.self_distillation import among
from studio.networks.vision import VisionTransformer
from studio.report.encoders.measures import SIDE, STYLE, held_and_seen
from studio.report.encoders.subjects import small
from studio.training.neighbours import LONE

SCENES = 300
ENCODER = "vit"


def seen(vision: VisionTransformer, count: int = 32) -> Tensor:
    """Pictures as the network takes them."""
    return small(held_and_seen(pictures(), STYLE)[1].pictures[:count], vision.config.size)


@torch.no_grad()
def cut_apart(means: Means, encoder: str = ENCODER) -> float:
    """How far the network's convolution is from cutting a picture into patches and multiplying each
    with one matrix, over the largest of its numbers."""
    vision = means.worker.encoders.vision(encoder)
    shown, step = seen(vision), vision.config.patch
    convolved, bias = vision.embed(shown).flatten(2), vision.embed.bias
    patches = F.unfold(shown, step, stride=step)  # (B, 3 step^2, places)
    assert bias is not None
    plain = vision.embed.weight.flatten(1) @ patches + bias[:, None]
    return float((convolved - plain).abs().max() / convolved.abs().max())


@torch.no_grad()
def moved(means: Means, along: bool, encoder: str = ENCODER) -> float:
    """How far [CLS] changes, over its length, if patches change places: with their positions
    `along`, or with those where they were. The mean over pictures."""
    vision = means.worker.encoders.vision(encoder)
    patches, places = vision.embed(seen(vision)).flatten(2).transpose(1, 2), vision.positions.table
    order = torch.randperm(len(places), generator=torch.Generator().manual_seed(1))
    before = whole(vision, patches + places)
    after = whole(vision, patches[:, order] + (places[order] if along else places))
    return float(((after - before).norm(dim=-1) / before.norm(dim=-1)).mean())


def whole(vision: VisionTransformer, patches: Tensor) -> Tensor:
    """[CLS] (B, W) after all blocks, of patches (B, places, W) with their positions."""
    x = torch.cat([vision.cls.expand(len(patches), 1, -1), patches], dim=1)
    for block in vision.blocks:
        x = block(x)
    return vision.norm(x)[:, 0]


def patch_count(means: Means, encoder: str = ENCODER) -> float:
    """How many patches the network reads of a picture."""
    vision = means.worker.encoders.vision(encoder)
    return float(vision(seen(vision, 1)).patches.shape[1])


def cls_over_mean(means: Means, figure: str, encoder: str = ENCODER) -> float:
    """A figure of the nearest neighbours by [CLS], less that by the mean of the patches."""
    vision = means.worker.encoders.vision(encoder)
    size = vision.config.size
    by_cls = among().figures(lambda x: vision(small(x, size)).cls)
    by_mean = among().figures(lambda x: vision(small(x, size)).patches.mean(1))
    return by_cls[figure] - by_mean[figure]


@cache
def trained(labels: tuple[str, ...]) -> tuple[Tensor, Tensor]:
    """SCENES pictures of things with one of these labels, each alone at some place on some ground,
    drawn anew; and the labels' numbers (N,)."""
    catalogue, number = pictures().catalogue, {label: k for k, label in enumerate(labels)}
    mix = replace(LONE, styles=((STYLE, 1.0),), jitter=1.0, split="train")
    rng, scenes = np.random.default_rng(2029), list[Scene]()
    while len(scenes) < SCENES:
        scene = sample_scene(rng, catalogue, mix)
        if catalogue.by_code[scene.objects[0].code].label in number:
            scenes.append(scene)
    said = [number[catalogue.by_code[scene.objects[0].code].label] for scene in scenes]
    return pictures().paint(scenes, SIDE), torch.tensor(said)


def logits(means: Means, shown: Tensor) -> Tensor:
    vision = means.worker.encoders.vision(ENCODER)
    with torch.no_grad():
        return torch.cat([vision(small(x, vision.config.size)).logits for x in shown.split(64)])


def named(means: Means, rank: int = 5) -> float:
    """The share of new scenes whose thing's label is among the first `rank` of all."""
    shown, right = trained(means.worker.encoders.classes(ENCODER))
    best = logits(means, shown).topk(rank).indices
    return float((best == right[:, None]).any(1).float().mean())


def group_of_label(means: Means, of: str = "held-out") -> float:
    """How often the likeliest label of a thing names one of its group."""
    both = dict(zip(("held-out", "train"), held_and_seen(pictures(), STYLE), strict=True))
    shown = pick("split", of, both)
    catalogue, classes = pictures().catalogue, means.worker.encoders.classes(ENCODER)
    group = {each.label: each.group for each in catalogue.concepts}
    best = logits(means, shown.pictures).argmax(1).tolist()
    own = [catalogue.by_code[code].group for code in shown.codes]
    return float(np.mean([group[classes[k]] == each for k, each in zip(best, own, strict=True)]))


MEASURES = {
    "patch-count": patch_count, "patches-by-convolution": cut_apart, "patches-moved": moved,
    "cls-over-mean": cls_over_mean, "labels-named": named, "label-group": group_of_label,
}  # fmt: skip
