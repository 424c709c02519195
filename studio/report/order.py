"""Does the denoiser hear which of two things is where?

No picture is made. Real scenes under noise are denoised under their own prompt and under the one
with both things exchanged; whoever hears the order comes nearer to the scene under its own.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from studio.dataset.scenes import Scene, compose
from studio.report import composition, pairs
from studio.report.evaluation import Evaluation
from studio.report.figures import Figure
from studio.report.subject import Explain

NOISES = 4  # tries a scene
ROWS = tuple(name for name in pairs.APART if name != "next to")


def figures(run: Evaluation) -> tuple[Figure, ...]:
    """None for a subject that cannot say how well a prompt explains a picture."""
    explains = run.subject.explains
    return () if explains is None else tuple(_figure(run, explains, name) for name in ROWS)


def _figure(run: Evaluation, explains: Explain, name: str) -> Figure:
    scenes = pairs.scenes(run, name, pairs.APART[name])
    pictures = np.stack([compose(scene, run.catalogue) for scene in scenes])
    prompts = [composition.prompt(run, scene) for scene in scenes]
    others = [composition.prompt(run, exchanged(scene)) for scene in scenes]
    run.report(f"order, {name}: {len(scenes)} scenes")

    def told(seen: np.ndarray) -> float:
        def made(part: slice) -> np.ndarray:
            """Every prompt under the same noises."""
            errors, numbers = explains(seen[part]), range(len(seen))[part]
            tries = [[NOISES * i + k for i in numbers] for k in range(NOISES)]
            own, other = (
                np.mean([errors(words[part], seeds) for seeds in tries], axis=0)
                for words in (prompts, others)
            )
            return (own < other) + 0.5 * (own == other)

        return float(run.each(made, len(seen), run.settings.batch).mean())

    note = (
        "real scenes that are denoised better under their own prompt than under the one with both"
        " things exchanged; chance: the pictures of other scenes; ceiling: by definition"
    )
    return Figure(
        "order of two things, heard", name, told(pictures), told(np.roll(pictures, 1, axis=0)),
        1.0, len(scenes), "share", note,
    )  # fmt: skip


def exchanged(scene: Scene) -> Scene:
    """The same places, each with the other's thing."""
    first, second = scene.objects
    return replace(
        scene, objects=(replace(first, code=second.code), replace(second, code=first.code))
    )
