"""Do different seeds give different pictures of one prompt?"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from torch import Tensor

from studio.metrics.distributions import mean_distance, pairwise_distance
from studio.report.evaluation import Evaluation
from studio.report.figures import Figure


def figures(run: Evaluation) -> tuple[Figure, ...]:
    """Mean distance between pictures of one prompt, averaged over prompts."""
    prompts, seeds = run.settings.varied, run.settings.seeds
    rng, trained = run.rng("variety"), run.gallery.part(True)
    codes = [trained[i] for i in rng.choice(len(trained), prompts, replace=False)]
    asked = [run.prompt(code) for code in codes for _ in range(seeds)]
    pictures = run.generate(asked, rng, "diversity")
    made = run.features(pictures, frame=False).reshape(prompts, seeds, -1)
    real = np.stack([run.redrawn(code, rng) for code in codes for _ in range(seeds)])
    redrawn = run.features(real, frame=False).reshape(prompts, seeds, -1)
    note = (
        f"mean distance in {run.judge.name} between pictures of one prompt; 0 is one picture for"
        " every seed; chance: between pictures of different prompts; ceiling: one real picture,"
        " placed and sized anew"
    )
    figure = Figure(
        "diversity", "between seeds", _within(made), _across(made), _within(redrawn),
        prompts * seeds, "", note,
    )  # fmt: skip
    return (figure,)


def _within(features: Tensor) -> float:
    return float(np.mean([pairwise_distance(one) for one in features]))


def _across(features: Tensor) -> float:
    pairs = combinations(features, 2)
    return float(np.mean([mean_distance(a, b) for a, b in pairs]))
