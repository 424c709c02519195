"""Are both things of a pair there, each where it was asked for?

Side by side, each half of a picture is looked for among all pictures of the style. Where one thing
covers the other, the picture is compared with real scenes that have another thing in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from studio.dataset.layout import ACTIONS
from studio.dataset.scenes import Mix, Placed, Scene, compose, sample_scene
from studio.dataset.wording import plain
from studio.metrics.composition import half
from studio.metrics.distributions import rank_of
from studio.report import composition
from studio.report.evaluation import Evaluation
from studio.report.figures import Figure

NEAREST = 5
OTHERS = 12  # things that stand in for each of the two
LONGEST = 2  # words of a plain thing's name
UNPLAIN = (("people", 0.0), ("smileys", 0.0))
HALVES = {
    "left of": ("left", "right"), "right of": ("right", "left"),
    "above": ("upper", "lower"), "below": ("lower", "upper"),
}  # fmt: skip
# Rows: their names and the relations they draw from; "next to" may have either thing on the left.
APART = {
    "to the left or right of": ("left of", "right of"),
    "above or below": ("above", "below"),
    "next to": ("left of",),
}
COVERED = {
    "in front of, behind, on top of": ("in front of", "behind", "on top of"),
    "holding, reading, wearing": ACTIONS,
}
Verdicts = Callable[[np.ndarray], np.ndarray]  # pictures of the scenes -> (N, 2): first, second


def figures(run: Evaluation) -> tuple[Figure, ...]:
    found: list[Figure] = []
    for name, relations in APART.items():
        drawn = scenes(run, name, relations)
        if name == "next to":
            drawn = [replace(scene, relation=name) for scene in drawn]
        found += _rows(run, name, drawn, drawn, partial(_in_halves, run, drawn), NOTE_HALVES)
    for name, relations in COVERED.items():
        drawn = scenes(run, name, relations)
        judge, smaller = _among_others(run, drawn), [_smaller(scene) for scene in drawn]
        found += _rows(run, name, drawn, smaller, judge, NOTE_OTHERS)
    return tuple(found)


NOTE_HALVES = (
    f"among the {NEAREST} pictures nearest to its half, of all of the style; chance: the same"
    " pictures against shuffled prompts; ceiling: real composed scenes through the autoencoder"
)
NOTE_OTHERS = (
    f"nearer to the real scene than to {OTHERS} with another thing in its place; chance: the same"
    " pictures against shuffled prompts; ceiling: the real scenes made smaller, through the"
    " autoencoder"
)


def scenes(run: Evaluation, name: str, relations: Sequence[str]) -> list[Scene]:
    """Real scenes of two plain trained things on white, each relation as often."""
    rng, found = run.rng(f"pairs {name}"), list[Scene]()
    mix = partial(Mix, p_single=0, p_pair=1, p_count=0, p_hue=0, p_colour_ground=0, jitter=0.1,
                  styles=run.only_style, groups=UNPLAIN)  # fmt: skip
    while len(found) < run.settings.paired:
        relation = relations[len(found) % len(relations)]
        scene = sample_scene(rng, run.catalogue, mix(relations=((relation, 1.0),)))
        labels = [plain(run.catalogue.by_code[thing.code].label) for thing in scene.objects]
        if all(len(label.split()) <= LONGEST for label in labels):
            found.append(scene)
    return found


def _rows(
    run: Evaluation, name: str, scenes: list[Scene], ideal: list[Scene], judge: Verdicts, note: str
) -> list[Figure]:
    count = len(scenes)
    prompts = [composition.prompt(run, scene) for scene in scenes]
    made = run.generate(prompts, run.rng(f"seeds {name}"), f"pairs, {name}")
    real = run.round_trip(np.stack([compose(scene, run.catalogue) for scene in ideal]))
    hits, chance, best = (judge(seen) for seen in (made, np.roll(made, 1, axis=0), real))
    return [
        Figure(
            f"pairs, {name}", row, float(of(hits)), float(of(chance)), float(of(best)), count,
            "share", note,
        )
        for row, of in (("both right", lambda h: h.all(1).mean()), ("each alone", np.mean))
    ]  # fmt: skip


def _in_halves(run: Evaluation, scenes: list[Scene], pictures: np.ndarray) -> np.ndarray:
    """Each thing among the nearest of its half; of a pair in any order, the better order."""
    sides = [HALVES.get(str(scene.relation), ("left", "right")) for scene in scenes]
    seen = [
        _found(run, [half(p, s[i]) for p, s in zip(pictures, sides, strict=True)], scenes)
        for i in (0, 1)
    ]
    straight = np.stack([seen[0][:, 0], seen[1][:, 1]], 1)
    crossed = np.stack([seen[1][:, 0], seen[0][:, 1]], 1)
    free = np.array([scene.relation not in HALVES for scene in scenes])
    better = free & (crossed.sum(1) > straight.sum(1))
    return np.where(better[:, None], crossed, straight)


def _found(run: Evaluation, pictures: list[np.ndarray], scenes: list[Scene]) -> np.ndarray:
    """(N, 2): whether the first and the second thing are among the nearest of a picture."""
    features, gallery = run.features(np.stack(pictures)), run.gallery
    ranks = [
        rank_of(features, gallery.features, gallery.positives([s.objects[i].code for s in scenes]))
        for i in (0, 1)
    ]
    return (torch.stack(ranks, 1) <= NEAREST).numpy()


def _among_others(run: Evaluation, scenes: list[Scene]) -> Verdicts:
    """Each thing told from others in its place; the things of the other scenes are the others."""
    rivals = [_rivals(scenes, scene, place) for scene in scenes for place in (0, 1)]
    features = run.features_of([rival for some in rivals for rival in some])
    known = features.split([len(some) for some in rivals])

    def verdicts(pictures: np.ndarray) -> np.ndarray:
        seen = run.features(pictures)
        return np.array(
            [
                [int((one @ feature).argmax()) == 0 for one in both]
                for feature, *both in zip(seen, known[::2], known[1::2], strict=True)
            ]
        )

    return verdicts


def _rivals(scenes: list[Scene], scene: Scene, place: int) -> list[Scene]:
    """The real scene, and those with another thing in one place."""
    mine = {thing.code for thing in scene.objects}
    others = [code for s in scenes if (code := s.objects[place].code) not in mine]
    codes = (scene.objects[place].code, *list(dict.fromkeys(others))[:OTHERS])
    return [_instead(scene, place, code) for code in codes]


def _instead(scene: Scene, place: int, code: str) -> Scene:
    things = list(scene.objects)
    things[place] = replace(things[place], code=code)
    return replace(scene, objects=tuple(things))


def _smaller(scene: Scene) -> Scene:
    def shrunk(thing: Placed) -> Placed:
        x, y = (0.5 + 0.9 * (at - 0.5) for at in (thing.x, thing.y))
        return replace(thing, x=x, y=y, size=0.9 * thing.size)

    return replace(scene, objects=tuple(shrunk(thing) for thing in scene.objects))
