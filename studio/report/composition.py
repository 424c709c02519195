"""Is what a composed prompt says there: the ground's colour, how many things, and their sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from studio.dataset.captions import NUMBERS
from studio.dataset.facts import facts
from studio.dataset.scenes import Ground, Mix, Scene, compose, sample_scene
from studio.dataset.wording import article, noun
from studio.metrics.composition import SIDES, count_things, ground_colour, side_of
from studio.report.evaluation import Evaluation
from studio.report.figures import Figure

Checkable = Callable[[Evaluation, Scene], bool]
Holds = Callable[[np.ndarray, Scene], bool]
MOST_SHIFTS = 4


def figures(run: Evaluation) -> tuple[Figure, ...]:
    plain = partial(Mix, styles=run.only_style, p_hue=0.0, p_graded=0.0)
    grounds = plain(p_pair=0, p_count=0, p_colour_ground=1.0)
    counts = plain(p_single=1, p_pair=0, p_count=2, p_colour_ground=0.0)
    sides = plain(p_single=0, p_pair=1, p_count=0, p_colour_ground=0.0)
    placed = partial(_side_holds, run)
    return (
        _figure(run, "ground colour", grounds, lambda run, scene: True, _ground_holds),
        _figure(run, "count", counts, _countable, _count_holds),
        _figure(run, "side", sides, lambda run, pair: pair.relation in SIDES, placed),
    )


def _scenes(run: Evaluation, name: str, mix: Mix, checkable: Checkable) -> list[Scene]:
    """Real scenes of trained things, drawn until there are enough that a judge can check."""
    rng, found = run.rng(name), list[Scene]()
    while len(found) < run.settings.composed:
        scene = sample_scene(rng, run.catalogue, mix)
        if checkable(run, scene):
            found.append(scene)
    return found


def _countable(run: Evaluation, scene: Scene) -> bool:
    """Has a plural, and one of it is one piece: three socks are not six, nor is rain countable."""
    code = scene.objects[0].code
    if noun(run.catalogue.by_code[code].label).plural is None:
        return False
    return count_things(compose(run.alone(code, scene.ground), run.catalogue)) == 1


def prompt(run: Evaluation, scene: Scene) -> str:
    """The scene's facts in one plain sentence: all that is checked is said."""
    words = [noun(run.catalogue.by_code[thing.code].label) for thing in scene.objects]
    said = facts(scene)
    if said.side is not None:
        relation = "to the " if said.side in ("left of", "right of") else ""
        text = f"{words[0].phrase} {relation}{said.side} {words[1].phrase}"
    elif said.count > 1:
        text = f"{NUMBERS[said.count]} {words[0].plural}"
    else:
        text = words[0].phrase
    if said.ground not in (None, "white"):
        text += f" on {article(str(said.ground))} {said.ground} background"
    return run.named(text)


def _figure(run: Evaluation, name: str, mix: Mix, checkable: Checkable, holds: Holds) -> Figure:
    scenes = _scenes(run, name, mix, checkable)
    prompts = [prompt(run, scene) for scene in scenes]
    made = run.generate(prompts, run.rng(f"seeds {name}"), f"composition, {name}")
    real = [compose(scene, run.catalogue) for scene in scenes]
    shuffled = [
        _share(np.roll(made, shift, axis=0), scenes, holds)
        for shift in range(1, 1 + min(MOST_SHIFTS, len(scenes) - 1))
    ]
    note = "chance: the same pictures against shuffled prompts; ceiling: real composed scenes"
    if name == "side":
        note += f"; left, right, above or below, judged by {run.judge.name}"
    return Figure(
        "composition", name, _share(made, scenes, holds), float(np.mean(shuffled)),
        _share(real, scenes, holds), len(scenes), "share", note,
    )  # fmt: skip


def _share(
    pictures: Sequence[np.ndarray] | np.ndarray, scenes: Sequence[Scene], holds: Holds
) -> float:
    return float(np.mean([holds(p, s) for p, s in zip(pictures, scenes, strict=True)]))


def _ground_holds(picture: np.ndarray, scene: Scene) -> bool:
    return ground_colour(picture) == facts(scene).ground


def _count_holds(picture: np.ndarray, scene: Scene) -> bool:
    return count_things(picture) == facts(scene).count


def _side_holds(run: Evaluation, picture: np.ndarray, scene: Scene) -> bool:
    ground: Ground = scene.ground
    first, second = (
        compose(run.alone(thing.code, ground, size=0.92), run.catalogue) for thing in scene.objects
    )
    return side_of(run.judge, picture, first, second) == facts(scene).side
