"""Learning without labels: DINO's objective on a toy, and what the shipped one is worth."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.errors import pick
from studio.core.language import Look, Looked
from studio.engine.measures import Means
from studio.engine.measures.pairs import pictures
from studio.models.encoders import shared
from studio.objectives.self_distillation import centred, dino_loss, follow, sharpened
from studio.report.encoders.measures import SIDE, STYLE, held_and_seen
from studio.report.encoders.subjects import Embed, parts, small
from studio.training.neighbours import Neighbours, elsewhere, pixels
from studio.training.painter import crops

KINDS, WIDTH, ANSWERS = 8, 16, 16  # of the toy: clouds, coordinates, classes to answer with
STEPS, BATCH, DECAY = 400, 256, 0.9
NOISE, SEEDS = 1.5, 3
SCENES = 200  # that neighbours are sought for
SEEN = 24  # whose patches are looked at


@cache
def toy(centre: bool, sharpen: bool, seed: int) -> tuple[Tensor, Tensor]:
    """The teacher's answers (N, ANSWERS), parts of 1, after a training on clouds of points, a view
    being a point with noise; and the cloud of each (N,), which nobody was told.

    Without `sharpen` the teacher's temperature is the student's.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        student = nn.Sequential(nn.Linear(WIDTH, 64), nn.GELU(), nn.Linear(64, ANSWERS))
    teacher = deepcopy(student).requires_grad_(False)
    middles = torch.randn(KINDS, WIDTH, generator=generator)
    middle, temperature = torch.zeros(ANSWERS), 0.04 if sharpen else 0.1
    optimizer = torch.optim.AdamW(student.parameters(), 5e-3)

    def views(kinds: Tensor) -> Tensor:
        return middles[kinds] + NOISE * torch.randn(2, len(kinds), WIDTH, generator=generator)

    for _ in range(STEPS):
        seen = views(torch.randint(KINDS, (BATCH,), generator=generator))
        told = teacher(seen)
        loss = dino_loss(student(seen), sharpened(told, middle, temperature), 0.1)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if centre:
            middle = centred(middle, told.mean((0, 1)))
        follow(teacher, student, DECAY)
    kinds = torch.arange(KINDS).repeat(50)
    return ((teacher(views(kinds)[0]) - middle) / temperature).softmax(-1), kinds


def entropy(shares: Tensor) -> float:
    """In nats over the last axis, the mean over the others."""
    return float(torch.special.entr(shares.double()).sum(-1).mean())


def each(given: Tensor, kinds: Tensor) -> float:
    """Entropy of one answer over ln K: 1 where it says nothing."""
    return entropy(given) / math.log(ANSWERS)


def together(given: Tensor, kinds: Tensor) -> float:
    """Entropy of the mean answer over ln K: 0 where all get the same class."""
    return entropy(given.mean(0)) / math.log(ANSWERS)


def known(given: Tensor, kinds: Tensor) -> float:
    """What the likeliest class says of the cloud: their mutual information over ln KINDS."""
    table = torch.zeros(KINDS, ANSWERS)
    table.index_put_((kinds, given.argmax(-1)), torch.tensor(1 / len(kinds)), accumulate=True)
    shared = entropy(table.sum(0)) + entropy(table.sum(1)) - entropy(table.flatten())
    return shared / math.log(KINDS)


FIGURES = {"each": each, "together": together, "known": known}


def learnt(means: Means, figure: str, centre: bool = True, sharpen: bool = True) -> float:
    """A figure of the toy's answers, the mean over a few trainings."""
    measured, found = pick("figure of the toy", figure, FIGURES), []
    for seed in range(SEEDS):
        means.check()
        with torch.inference_mode(False), torch.enable_grad():
            found.append(measured(*toy(centre, sharpen, seed)))
    return float(np.mean(found))


def sight(means: Means, encoder: str) -> Embed:
    """[CLS] of an encoder, or with "pixels" those."""
    if encoder == "pixels":
        return lambda x: pixels(small(x, 72))
    vision = shared().vision(encoder)
    return lambda x: vision(small(x, vision.config.size)).cls


@torch.no_grad()
def part_to_whole(means: Means, encoder: str = "dino") -> float:
    """How often a small crop of a picture held out has that picture for its nearest."""
    whole, _ = held_and_seen(pictures(), STYLE)
    generator = torch.Generator().manual_seed(4)
    part = crops(whole.pictures, SIDE, (0.25, 0.5), generator)
    embed = sight(means, encoder)
    found = (parts(embed, part) @ parts(embed, whole.pictures).T).argmax(1)
    return float((found == torch.arange(len(found))).float().mean())


@cache
def among() -> Neighbours:
    return Neighbours(pictures(), SIDE, count=SCENES)


def neighbours(means: Means, figure: str, encoder: str = "dino", less: str = "") -> float:
    """A figure of the nearest neighbours; less another encoder's."""
    value = among().figures(sight(means, encoder))[figure]
    return value - (among().figures(sight(means, less))[figure] if less else 0.0)


def thing_by_components(means: Means, encoder: str = "dino") -> float:
    """Of a patch of the thing and one of its ground, how often the best of the first three
    components has the same one above the other (0.5: it tells nothing); the mean over scenes."""
    catalogue = pictures().catalogue
    unseen = set(pictures().codes(STYLE, "held-out"))
    found = []
    for scene in elsewhere(catalogue, STYLE, unseen, SEEN):
        shown, empty = (
            pictures().paint([each], SIDE) for each in (scene, replace(scene, objects=()))
        )
        event = means.ask(Look(_pixels(shown), encoder), Looked)[0]
        side = len(event.patches)
        changed = F.adaptive_avg_pool2d((shown - empty).abs().amax(1), side).flatten()
        flat = torch.from_numpy(event.patches).flatten(0, 1)
        *_, along = torch.linalg.svd(flat - flat.mean(0), full_matrices=False)
        thing = changed > 0.1
        above = ((flat @ along[:3].T)[thing, None] > (flat @ along[:3].T)[None, ~thing]).float()
        shares = above.mean((0, 1))
        found.append(float(torch.maximum(shares, 1 - shares).max()))
    return float(np.mean(found))


def _pixels(picture: Tensor) -> np.ndarray:
    return ((picture[0].permute(1, 2, 0) + 1) * 127.5).round().byte().numpy()


MEASURES = {
    "toy-distilled": learnt, "part-to-whole": part_to_whole, "neighbours": neighbours,
    "thing-by-components": thing_by_components,
}  # fmt: skip
