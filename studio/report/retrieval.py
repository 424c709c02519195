"""Does a picture made from a thing's name find that thing; is it a copy; does the set look right.

Retrieval, kernel distance (KID's estimator, in the judge's features, never called FID) and
memorisation share one set of generated pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from studio.metrics.distributions import kernel_distance, neighbour_ratio, rank_of, recall
from studio.report.evaluation import Evaluation
from studio.report.figures import Figure


@dataclass(frozen=True, eq=False)
class Made:
    """Features of pictures made from the names of `codes`, and of the real ones re-drawn."""

    codes: tuple[str, ...]
    generated: Tensor
    real: Tensor


def figures(run: Evaluation) -> tuple[Figure, ...]:
    seen = _made(run, True, run.settings.retrieved)
    unseen = _made(run, False, run.settings.unseen)
    return (
        *_retrieval(run, seen, "concepts seen in training"),
        *_retrieval(run, unseen, "concepts held out of training"),
        *_kernel(run, seen),
        *_memorisation(run, seen, unseen),
    )


def _made(run: Evaluation, trained: bool, count: int) -> Made:
    """Seeded choice of concepts, every group alike; one picture each."""
    what = "seen" if trained else "held out"
    rng, gallery = run.rng(what), run.gallery
    pool = gallery.part(trained)
    chosen = rng.choice(len(pool), min(count, len(pool)), replace=False)
    codes = tuple(pool[i] for i in chosen)
    prompts = [run.prompt(code) for code in codes]
    pictures = run.generate(prompts, rng, f"retrieval, concepts {what}")
    real = np.stack([run.redrawn(code, rng) for code in codes])
    return Made(codes, run.features(pictures), run.features(run.round_trip(real)))


def _retrieval(run: Evaluation, made: Made, which: str) -> list[Figure]:
    gallery = run.gallery
    positives = gallery.positives(made.codes)
    ranks = rank_of(made.generated, gallery.features, positives)
    ideal = rank_of(made.real, gallery.features, positives)
    size = len(gallery.codes)
    note = (
        f"nearest of {size} pictures of {run.settings.style}, judged by {run.judge.name}; "
        "ceiling: the real pictures moved, resized and through the autoencoder"
    )
    return [
        Figure(
            f"retrieval, {which}", f"R@{k}", recall(ranks, k), k / size, recall(ideal, k),
            len(made.codes), "share", note,
        )
        for k in (1, 5)
    ]  # fmt: skip


def _kernel(run: Evaluation, made: Made) -> list[Figure]:
    """Against the trained gallery without the chosen codes, so that the floor is honest too."""
    gallery = run.gallery
    apart = gallery.trained & ~gallery.positives(made.codes).any(0)
    reference = gallery.features[apart]
    other = _other_style(run)
    note = (
        f"smaller is better; features of {run.judge.name};"
        " ceiling: real against real, through the autoencoder"
    )
    chance = None
    if other is not None:
        strangers = run.gallery_of(other, most=max(2, len(made.codes))).features
        chance = kernel_distance(strangers, reference)
        note += f"; chance: the real pictures of another style, {other}"
    return [
        Figure(
            "likeness of the set", "kernel distance", kernel_distance(made.generated, reference),
            chance, kernel_distance(made.real, reference), len(made.codes), "", note,
        )
    ]  # fmt: skip


def _other_style(run: Evaluation) -> str | None:
    names = [style.name for style in run.catalogue.styles if style.name != run.settings.style]
    return names[-1] if names else None


def _memorisation(run: Evaluation, seen: Made, unseen: Made) -> list[Figure]:
    """The median NN1/NN2 ratio; a copy is near the lower level, a picture of its own near 1."""
    gallery = run.gallery
    trained = gallery.features[gallery.trained]
    copies = float(neighbour_ratio(seen.real, trained).median())
    strangers = gallery.features[~gallery.trained]
    own = float(neighbour_ratio(strangers, trained).median())
    note = (
        "median distance to the nearest over the second nearest training picture,"
        f" {run.judge.name}; chance: re-drawn training pictures (copies);"
        " ceiling: real pictures held out of training"
    )
    return [
        Figure(
            "memorisation", f"NN1/NN2, {which}",
            float(neighbour_ratio(made.generated, trained).median()), copies, own,
            len(made.codes), "", note,
        )
        for which, made in (("prompts seen", seen), ("prompts held out", unseen))
    ]  # fmt: skip
