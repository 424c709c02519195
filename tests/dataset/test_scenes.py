from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from studio.core.errors import DataError, UsageError
from studio.dataset.catalogue import Catalogue
from studio.dataset.colours import GROUNDS, colour_name, hue_name
from studio.dataset.facts import facts
from studio.dataset.layout import ACTIONS, OPPOSITE, RELATIONS, TRIOS
from studio.dataset.roles import GLASSES, HATS, PARTS
from studio.dataset.scenes import (
    WHITE,
    Ground,
    Mix,
    Placed,
    Scene,
    compose,
    mask,
    sample_scene,
)

TEDDY = "1f9f8"
SINGLES = Mix(p_pair=0, p_count=0)
PAIRS = Mix(p_single=0, p_count=0, p_hue=0, p_colour_ground=0)
TRIPLES = Mix(p_single=0, p_pair=0, p_count=0, p_trio=1, p_hue=0, p_colour_ground=0)
COUNTS = Mix(p_single=0, p_pair=0, p_hue=0, p_colour_ground=0)
PLAIN = Mix(p_pair=0, p_count=0, p_hue=0, p_colour_ground=0, jitter=0, styles={"fluent-3d": 1})


def scenes(catalogue: Catalogue, mix: Mix, count: int, seed: int = 7) -> list[Scene]:
    rng = np.random.default_rng(seed)
    return [sample_scene(rng, catalogue, mix) for _ in range(count)]


def related(catalogue: Catalogue, relation: str, count: int = 40, **mix: float) -> list[Scene]:
    return scenes(catalogue, replace(PAIRS, relations={relation: 1.0}, **mix), count)  # type: ignore[arg-type]


def alone(scene: Scene, thing: Placed) -> Scene:
    return Scene(scene.style, WHITE, (thing,))


def centroid(cover: np.ndarray) -> tuple[float, float]:
    rows, columns = np.indices(cover.shape)
    return float((columns * cover).sum() / cover.sum()), float((rows * cover).sum() / cover.sum())


def components(cover: np.ndarray) -> int:
    """Four-connected regions of more than ten pixels where the cover is above a half."""
    todo = set(map(tuple, np.argwhere(cover > 0.5).tolist()))
    found = 0
    while todo:
        stack, size = [todo.pop()], 0
        while stack:
            y, x = stack.pop()
            size += 1
            for near in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if near in todo:
                    todo.remove(near)
                    stack.append(near)
        found += size > 10
    return found


# --- sampling


def test_same_seed_same_scenes_and_pixels(catalogue: Catalogue) -> None:
    first, second = (scenes(catalogue, Mix(), 12, seed=3) for _ in range(2))
    assert first == second
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(compose(a, catalogue), compose(b, catalogue))
    assert scenes(catalogue, Mix(), 12, seed=4) != first


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), jitter=st.floats(0, 1))
def test_every_object_stays_inside_the_frame(seed: int, jitter: float) -> None:
    mix = Mix(jitter=jitter, p_hue=0, p_colour_ground=0)
    for thing in sample_scene(np.random.default_rng(seed), Catalogue(), mix).objects:
        half = thing.size / 2 - 1e-9
        assert half > 0.1
        assert half <= thing.x <= 1 - half
        assert half <= thing.y <= 1 - half


def test_without_jitter_a_lone_object_is_centred_at_one_size(catalogue: Catalogue) -> None:
    placed = {
        (s.objects[0].x, s.objects[0].y, s.objects[0].size) for s in scenes(catalogue, PLAIN, 20)
    }
    assert placed == {(0.5, 0.5, 0.88)}
    assert {s.ground for s in scenes(catalogue, PLAIN, 20)} == {WHITE}


@pytest.mark.parametrize("split", ["train", "held-out"])
def test_split_is_kept(catalogue: Catalogue, split: str) -> None:
    for scene in scenes(catalogue, Mix(split=split, p_hue=0, p_colour_ground=0), 60):
        assert all(catalogue.by_code[t.code].split == split for t in scene.objects)


def test_weights_choose_styles_groups_and_kinds(catalogue: Catalogue) -> None:
    others = {c.group: 0.0 for c in catalogue.concepts if c.group != "food"}
    mix = Mix(styles={"noto": 2, "fluent-3d": 0}, groups=others, p_hue=0)
    drawn = scenes(catalogue, mix, 200)
    assert {s.style for s in drawn} == {"noto"}
    assert {catalogue.by_code[t.code].group for s in drawn for t in s.objects} == {"food"}
    kinds = [len(s.objects) > 1 for s in drawn]
    assert 0.2 < np.mean(kinds) < 0.5  # 0.35 expected


def test_lone_things_may_have_weights_of_their_own(catalogue: Catalogue) -> None:
    groups = {group: {c.group: float(c.group == group) for c in catalogue.concepts}
              for group in ("food", "people")}  # fmt: skip
    mix = Mix(p_hue=0, groups=groups["food"], singles=groups["people"])
    for scene in scenes(catalogue, mix, 80):
        found = {catalogue.by_code[thing.code].group for thing in scene.objects}
        assert found == {"people" if len(scene.objects) == 1 else "food"}


def test_symbols_and_flags_are_always_alone(catalogue: Catalogue) -> None:
    for mix in (PAIRS, COUNTS):
        groups = {
            catalogue.by_code[t.code].group for s in scenes(catalogue, mix, 80) for t in s.objects
        }
        assert not groups & {"symbols", "flags"}


def test_pairs_are_two_things(catalogue: Catalogue) -> None:
    drawn = scenes(catalogue, PAIRS, 120)
    assert {s.relation for s in drawn} == set(RELATIONS)
    assert all(len({t.code for t in s.objects}) == 2 for s in drawn)


@pytest.mark.parametrize(
    "settings_",
    [
        {"p_hue": 1.5},
        {"jitter": -0.1},
        {"p_single": 0, "p_pair": 0, "p_count": 0},
        {"styles": {}},
        {"styles": {"noto": -1}},
        {"p_trio": -1},
        {"p_size": 2},
        {"relations": {"eating": 1}},
        {"relations": {}},
        {"singles": {"food": -1}},
        {"split": "test"},
    ],
)
def test_a_mix_that_makes_no_sense_is_refused(settings_: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Mix(**settings_)  # type: ignore[arg-type]


def test_a_mix_that_leaves_nothing_is_refused(catalogue: Catalogue) -> None:
    nothing = {c.group: 0.0 for c in catalogue.concepts}
    with pytest.raises(UsageError, match="No train concept"):
        sample_scene(np.random.default_rng(0), catalogue, Mix(groups=nothing))
    with pytest.raises(DataError, match="Unknown style 'oil'"):
        sample_scene(np.random.default_rng(0), catalogue, Mix(styles={"oil": 1}))


def test_opposites_are_mutual() -> None:
    assert {OPPOSITE[OPPOSITE[r]] == r for r in OPPOSITE} == {True}
    assert set(RELATIONS) < set(OPPOSITE)


def test_roles_are_labels_of_the_catalogue(catalogue: Catalogue) -> None:
    labels = {catalogue.by_code[code].label for code in catalogue.codes("fluent-3d")}
    for role in (role for both in PARTS.values() for role in both):
        assert role <= labels


@pytest.mark.parametrize("relation", ACTIONS)
def test_actions_are_done_by_who_can_with_what_fits(catalogue: Catalogue, relation: str) -> None:
    who, what = PARTS[relation]
    for scene in related(catalogue, relation):
        first, second = scene.objects
        assert catalogue.by_code[first.code].label in who
        assert catalogue.by_code[second.code].label in what
        assert first.code != second.code


# --- composing


def test_white_on_white_is_white_at_any_size(tiny: Path) -> None:
    scene = Scene("plain", WHITE, (Placed("1", 0.47, 0.53, 0.61),))
    picture = compose(scene, Catalogue(tiny), 131)
    assert picture.min() == 255, "hidden black under the edge must not bleed"


def test_red_on_red_has_no_fringe(tiny: Path) -> None:
    red = (230, 30, 30)
    scene = Scene("plain", Ground("plain", ("red",), (red,)), (Placed("2", 0.5, 0.5, 0.7),))
    picture = compose(scene, Catalogue(tiny), 100).astype(int)
    assert np.abs(picture - np.array(red)).max() <= 2


def test_nothing_is_flipped(tiny: Path) -> None:
    picture = compose(Scene("plain", WHITE, (Placed("3", 0.5, 0.5, 1.0),)), Catalogue(tiny))
    assert tuple(picture[128, 60]) == (255, 0, 0)
    assert tuple(picture[128, 200]) == (0, 0, 255)


def test_composite_is_the_over_operator(catalogue: Catalogue) -> None:
    rgba = catalogue.picture(TEDDY, "fluent-3d").astype(np.float64)
    ground = np.array((44, 104, 216))
    blue = Ground("plain", ("blue",), ((44, 104, 216),))
    picture = compose(Scene("fluent-3d", blue, (Placed(TEDDY, 0.5, 0.5, 1.0),)), catalogue)
    alpha = rgba[..., 3:] / 255
    np.testing.assert_allclose(picture, alpha * rgba[..., :3] + (1 - alpha) * ground, atol=1.01)


@pytest.mark.parametrize("size", [64, 100, 256])
def test_shapes_and_types(catalogue: Catalogue, size: int) -> None:
    scene = scenes(catalogue, Mix(), 1)[0]
    assert compose(scene, catalogue, size).shape == (size, size, 3)
    assert compose(scene, catalogue, size).dtype == np.uint8
    cover = mask(scene, catalogue, size)
    assert cover.shape == (size, size)
    assert cover.dtype == np.float32
    assert cover.min() >= 0
    assert cover.max() <= 1


def test_mask_is_where_the_ground_does_not_show(catalogue: Catalogue) -> None:
    for scene in scenes(catalogue, Mix(p_colour_ground=1), 12):
        ground = compose(replace(scene, objects=()), catalogue, 96)
        untouched = mask(scene, catalogue, 96) == 0
        np.testing.assert_array_equal(compose(scene, catalogue, 96)[untouched], ground[untouched])


def test_gradings_run_from_the_first_colour_to_the_second(catalogue: Catalogue) -> None:
    values = (GROUNDS["blue"], GROUNDS["yellow"])
    vertical = compose(Scene("noto", Ground("vertical", ("blue", "yellow"), values), ()), catalogue)
    radial = compose(Scene("noto", Ground("radial", ("blue", "yellow"), values), ()), catalogue)
    assert [colour_name(vertical[y, 9]) for y in (0, 255)] == ["blue", "yellow"]
    assert [colour_name(radial[p, p]) for p in (128, 0)] == ["blue", "yellow"]


def test_a_missing_picture_is_an_error(catalogue: Catalogue) -> None:
    with pytest.raises(DataError, match="No picture of 0"):
        compose(Scene("noto", WHITE, (Placed("0", 0.5, 0.5, 0.5),)), catalogue)


# --- the facts are what was drawn


def test_ground_facts(catalogue: Catalogue) -> None:
    seen = set()
    for scene in scenes(catalogue, Mix(p_colour_ground=0.9, p_hue=0), 120):
        if mask(scene, catalogue, 64)[0, 0] > 0:
            continue
        corner = colour_name(compose(scene, catalogue, 64)[0, 0])
        ground = facts(scene).ground
        if ground is not None:
            assert corner == ground
            seen.add(ground)
    assert seen == set(GROUNDS)


def test_count_facts(catalogue: Catalogue) -> None:
    for scene in scenes(catalogue, COUNTS, 20):
        bears = replace(
            scene, style="fluent-3d", objects=tuple(replace(t, code=TEDDY) for t in scene.objects)
        )
        assert components(mask(bears, catalogue, 128)) == facts(scene).count
        assert len({t.code for t in scene.objects}) == 1


def test_counted_things_do_not_touch(catalogue: Catalogue) -> None:
    for scene in scenes(catalogue, COUNTS, 20):
        parts = [mask(alone(scene, t), catalogue, 64) for t in scene.objects]
        np.testing.assert_allclose(sum(parts), mask(scene, catalogue, 64), atol=1e-5)


def test_side_facts(catalogue: Catalogue) -> None:
    for scene in scenes(catalogue, PAIRS, 120):
        first, second = (mask(alone(scene, t), catalogue, 64) for t in scene.objects)
        (x1, y1), (x2, y2) = centroid(first), centroid(second)
        side = facts(scene).side
        if side in ("left of", "right of"):
            assert (x1 < x2) == (side == "left of")
            assert float((first * second).sum()) == 0
        elif side in ("above", "below"):
            assert (y1 < y2) == (side == "above")
            assert float((first * second).sum()) == 0


def test_what_is_in_front_is_whole(catalogue: Catalogue) -> None:
    overlaps = []
    for scene in scenes(catalogue, PAIRS, 120):
        if scene.relation not in ("in front of", "behind"):
            continue
        front = scene.objects[0 if scene.relation == "in front of" else 1]
        back = scene.objects[1 if scene.relation == "in front of" else 0]
        cover = mask(alone(scene, front), catalogue, 64)
        hidden = mask(alone(scene, back), catalogue, 64)
        whole = cover == 1
        np.testing.assert_array_equal(
            compose(scene, catalogue, 64)[whole],
            compose(alone(scene, front), catalogue, 64)[whole],
        )
        overlaps.append(float((cover * hidden).sum() / cover.sum()))
        assert (cover * hidden).sum() < 0.6 * hidden.sum(), "what is behind can still be seen"
    assert np.mean(np.array(overlaps) > 0.02) > 0.8


def covers(catalogue: Catalogue, scene: Scene) -> list[np.ndarray]:
    return [mask(alone(scene, thing), catalogue, 96) for thing in scene.objects]


@pytest.mark.parametrize("relation", ACTIONS)
def test_who_does_something_is_seen_around_what(catalogue: Catalogue, relation: str) -> None:
    held = []
    for scene in related(catalogue, relation, 60):
        who, what = covers(catalogue, scene)
        hidden = float((who * what).sum())
        held.append(hidden / float(what.sum()))
        assert hidden < 0.55 * who.sum()
        (x1, y1), (x2, y2) = centroid(who), centroid(what)
        label = catalogue.by_code[scene.objects[1].code].label
        assert (y2 < y1) == (label in HATS) or label in GLASSES
        assert abs(x1 - x2) < 0.35 * 96
    assert np.mean(held) > 0.3
    assert min(held) > 0, "it is held, not beside"


@pytest.mark.parametrize(("relation", "upper"), [("on top of", 0), ("under", 1)])
def test_what_is_on_top_stands_on_the_other(
    catalogue: Catalogue, relation: str, upper: int
) -> None:
    for scene in related(catalogue, relation):
        parts = covers(catalogue, scene)
        top, base = parts[upper], parts[1 - upper]
        foot = np.flatnonzero((top > 0.4).any(1))[-1]
        head = np.flatnonzero((base > 0.4).any(1))[0]
        assert abs(foot - head) <= 0.06 * 96
        assert float((top * base).sum()) < 0.2 * float(base.sum())


def test_of_two_sizes_each_thing_has_its_own(catalogue: Catalogue) -> None:
    for relation in ("left of", "below"):
        for scene in related(catalogue, relation, p_size=1.0):
            size = {thing.scale: thing.size for thing in scene.objects}
            assert size["big"] > 1.8 * size["small"]
            first, second = (mask(alone(scene, t), catalogue, 64) for t in scene.objects)
            assert float((first * second).sum()) == 0


def test_a_lone_thing_is_as_big_as_it_says(catalogue: Catalogue) -> None:
    drawn = scenes(catalogue, replace(PLAIN, p_size=1.0), 40)
    assert {s.objects[0].scale for s in drawn} == {"big", "small"}
    for scene in drawn:
        thing = scene.objects[0]
        assert (thing.size > 0.95) if thing.scale == "big" else (thing.size < 0.45)


def test_lone_things_have_all_eight_places(catalogue: Catalogue) -> None:
    drawn = scenes(catalogue, replace(PLAIN, p_place=1.0), 120)
    sides = {f"{row} {column}".strip() for row in ("", "top", "bottom")
             for column in ("", "left", "right")} - {""}  # fmt: skip
    assert {facts(s).place for s in drawn} == sides


def test_three_things_stand_apart_where_they_are_said_to_be(catalogue: Catalogue) -> None:
    drawn = scenes(catalogue, TRIPLES, 60)
    assert {s.relation for s in drawn} == set(TRIOS)
    for scene in drawn:
        assert len({t.code for t in scene.objects}) == 3
        parts = covers(catalogue, scene)
        assert float((parts[0] * parts[1] + parts[1] * parts[2] + parts[0] * parts[2]).sum()) < 0.5
        (x1, y1), (x2, y2), (x3, y3) = map(centroid, parts)
        assert x2 < x1 < x3
        assert scene.relation == "between" or y1 < min(y2, y3)


def test_colours_are_what_they_say(catalogue: Catalogue) -> None:
    painted = [s for s in scenes(catalogue, replace(SINGLES, p_hue=1.0), 90) if s.objects[0].colour]
    assert len(painted) > 10
    for scene in painted:
        concept = catalogue.by_code[scene.objects[0].code]
        assert concept.group not in ("people", "symbols", "flags")
        hsv = np.asarray(Image.fromarray(compose(scene, catalogue)).convert("HSV"))
        vivid = (mask(scene, catalogue) > 0.9) & (hsv[..., 1:] > 76).all(-1)
        assert hue_name(np.median(hsv[..., 0][vivid]) * 360 / 256) == scene.objects[0].colour


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [
        (0.5, 0.5, None),
        (0.45, 0.55, None),
        (0.3, 0.5, "left"),
        (0.5, 0.7, "bottom"),
        (0.7, 0.3, "top right"),
    ],
)
def test_place_facts(x: float, y: float, place: str | None) -> None:
    assert facts(Scene("noto", WHITE, (Placed(TEDDY, x, y, 0.5),))).place == place
