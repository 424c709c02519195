"""What a walk is said to cost is what the engine counts."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from studio.core.settings import Settings
from studio.core.walks import End, Spaced, Walk
from studio.diffusion.samplers import all_samplers
from studio.ui.workspaces.interpolate import plan

SAMPLERS = {spec.name: spec for spec in all_samplers()}
PICTURE = np.zeros((8, 8, 3), np.uint8)


@pytest.mark.parametrize("way", ["noise", "latent"])
@pytest.mark.parametrize("pictures", [0, 1, 2])
@pytest.mark.parametrize("even", [False, True])
def test_the_cost_is_the_engines(way: str, pictures: int, even: bool) -> None:
    settings = Settings("a", sampler="flow-euler", steps=10, guidance=4.0)
    ends = tuple(
        End(replace(settings, seed=n), PICTURE if n < pictures else None) for n in range(2)
    )
    walk = Walk(ends, columns=7, way=way, even=even)
    told = plan.expected(walk, SAMPLERS)
    found = re.search(r"about ([\d,]+) NFE", told)
    assert found is not None and int(found[1].replace(",", "")) == walk.runs * 20


def test_pixels_that_judge_say_why() -> None:
    said = plan.evenness([Spaced(1, (0.1, 0.3), "pixels"), Spaced(1, (0.2, 0.2), "LPIPS")])
    assert "0.50 → 0.00" in said and "by LPIPS" in said and "weights" not in said
    assert "weights are not on this machine" in plan.evenness([Spaced(1, (0.1, 0.3), "pixels")])
    assert plan.evenness([]) == ""


def test_how_a_picture_becomes_an_end() -> None:
    assert "itself" in plan.becomes(True, SAMPLERS["flow-heun"])[0]
    assert "Heun" in plan.becomes(True, SAMPLERS["ddpm"])[0]
    assert "Encoded" in plan.becomes(False, SAMPLERS["ddpm"])[0]


@pytest.mark.parametrize("value", [None, 3, [-1], ["4"], [True], [2**63]])
def test_seeds_that_make_no_sense_are_empty(value: object) -> None:
    assert all(each is None for each in plan.seeds(value))
