"""Words that no caption uses: does the picture show one of the things that the word may mean?"""

from __future__ import annotations

import numpy as np
import torch

from studio.dataset.wording import noun
from studio.metrics.distributions import rank_of, recall
from studio.report.evaluation import Evaluation
from studio.report.figures import Figure


def figures(run: Evaluation) -> tuple[Figure, ...]:
    """hit@1 and hit@5. None for a dataset without such words."""
    rng, gallery = run.rng("words"), run.gallery
    owners = {
        word: codes for word, codes in run.catalogue.unsaid.items()
        if set(codes) <= set(gallery.codes)
    }  # fmt: skip
    count = min(run.settings.worded, len(owners))
    if not count:
        run.report("words: the dataset keeps none from its captions; left out")
        return ()
    words = [list(owners)[i] for i in rng.choice(len(owners), count, replace=False)]
    prompts = [run.named(noun(word).singular) for word in words]
    pictures = run.generate(prompts, rng, "words that no caption uses")
    real = np.stack([run.redrawn(owners[word][0], rng) for word in words])
    positives = torch.stack([gallery.positives(owners[word]).any(0) for word in words])
    ranks, ideal = (
        rank_of(run.features(seen), gallery.features, positives)
        for seen in (pictures, run.round_trip(real))
    )
    share = float(positives.double().mean())
    note = (
        f"nearest of {len(gallery.codes)} pictures of {run.settings.style}, judged by"
        f" {run.judge.name}, is one that the word may mean; the words are held out by a seed;"
        " ceiling: the real pictures moved, resized and through the autoencoder"
    )
    return tuple(
        Figure(
            "words that no caption uses", f"hit@{k}", recall(ranks, k), k * share,
            recall(ideal, k), count, "share", note,
        )
        for k in (1, 5)
    )  # fmt: skip
