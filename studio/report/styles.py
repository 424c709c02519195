"""Is a picture in the style that its prompt names: flat, or 3d?"""

from __future__ import annotations

import numpy as np

from studio.dataset.scenes import WHITE
from studio.dataset.wording import noun
from studio.report.evaluation import Evaluation
from studio.report.figures import Figure

STYLES = ("fluent-3d", "fluent-flat")


def figures(run: Evaluation) -> tuple[Figure, ...]:
    """Each picture against the thing's own two pictures. None where the dataset lacks a style."""
    known = {style.name for style in run.catalogue.styles}
    if not known.issuperset(STYLES):
        run.report("styles: the dataset has not both; left out")
        return ()
    rng, both = (
        run.rng("styles"),
        set.intersection(*(set(run.catalogue.codes(s)) for s in STYLES)),
    )
    pool = [code for code in run.gallery.part(True) if code in both]
    codes = [pool[i] for i in rng.choice(len(pool), run.settings.styled, replace=False)]
    seeds = [int(rng.integers(2**31)) for _ in codes]
    real = {style: [run.redrawn(code, rng, style) for code in codes] for style in STYLES}
    hits: dict[str, list[np.ndarray]] = {"made": [], "real": []}
    for style in STYLES:
        words = run.catalogue.style(style).caption
        prompts = [f"{noun(run.catalogue.by_code[c].label).singular}, {words}" for c in codes]
        made = run.generate(prompts, seeds, f"styles, {words}")
        hits["made"].append(_like(run, made, codes, style))
        hits["real"].append(_like(run, run.round_trip(np.stack(real[style])), codes, style))
    return (
        Figure(
            "style", "flat or 3d, as asked", float(np.mean(hits["made"])), 0.5,
            float(np.mean(hits["real"])), len(STYLES) * len(codes), "share",
            f"nearer to the thing's picture in that style than in the other, {run.judge.name};"
            " one thing and seed in both; chance: one picture for both; ceiling: the real pictures"
            " moved, resized and through the autoencoder",
        ),
    )  # fmt: skip


def _like(run: Evaluation, pictures: np.ndarray, codes: list[str], style: str) -> np.ndarray:
    """Which pictures are nearer to their thing in this style than in the other."""
    seen = run.features(pictures)
    asked, other = (
        (seen * run.features_of([run.alone(code, WHITE, name) for code in codes])).sum(1)
        for name in (style, next(name for name in STYLES if name != style))
    )
    return (asked > other).numpy()
