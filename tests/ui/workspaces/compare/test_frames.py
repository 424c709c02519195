"""Which frame of a cell is shown at a time t, and which whole run it is put beside."""

from __future__ import annotations

import pytest

from studio.core.settings import Settings
from studio.diffusion.samplers import find
from studio.ui.output.channels import frame_at
from studio.ui.workspaces.compare.true_runs import true_run


@pytest.mark.parametrize(
    ("t", "frame"), [(1.0, 0), (0.8, 0), (0.75, 1), (0.7500000001, 1), (0.3, 2), (0.001, 3), (0, 4)]
)
def test_the_last_frame_that_is_not_past_t(t: float, frame: int) -> None:
    assert frame_at((1.0, 0.75, 0.5, 0.25, 0.0), t) == frame


def test_a_way_that_begins_below_one_begins_with_its_first_frame() -> None:
    assert frame_at((0.99, 0.5, 0.0), 1.0) == 0


def test_a_way_that_goes_back_counts_its_last_visit() -> None:
    assert frame_at((1.0, 0.4, 0.2, 0.6, 0.3, 0.0), 0.5) == 3


def test_true_runs() -> None:
    settings = Settings("a cat", sampler="flow-euler", steps=20)
    run = true_run(settings, find("flow-euler").spec, 7)
    assert run is not None
    assert run.steps == 7
    assert run.seed == settings.seed
    first = true_run(settings, find("flow-euler").spec, 0)
    assert first is not None
    assert first.steps == 1
    assert true_run(settings, find("sde-euler").spec, 7) is None
    assert true_run(settings, None, 7) is None
