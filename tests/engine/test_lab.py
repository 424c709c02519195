"""The laboratory: what it says of samplers and networks is true of the distribution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from studio.core.errors import Cancelled, UsageError
from studio.core.laboratory import Lab, LabRun
from studio.core.messages import Finished, Progress
from studio.core.settings import Settings
from studio.engine.lab import lab
from studio.engine.worker import Worker, run_now


def run(request: Lab) -> LabRun:
    *steps, made = lab(request)
    assert len(steps) == request.settings.steps
    assert isinstance(made, LabRun)
    return made


def ask(
    distribution: str = "ring", sampler: str = "flow-heun", steps: int = 16, **more: object
) -> Lab:
    settings = Settings("", sampler=sampler, steps=steps, guidance=1.0, seed=3)
    return replace(Lab(distribution, settings, particles=300, side=8), **more)  # type: ignore[arg-type]


def test_shapes_and_ends() -> None:
    made = run(ask())
    assert made.points.shape == made.x0.shape == (17, 300, 2)
    assert made.truth.shape == made.exact_end.shape == (300, 2)
    assert (made.times[0], made.times[-1]) == (1.0, 0.0)
    assert np.array_equal(made.points[-1], made.x0[-1])
    m = len(made.backdrop.times)
    assert made.backdrop.velocity.shape == made.backdrop.score.shape == (m, 8, 8, 2)
    assert made.backdrop.density.shape == (m, 8, 8)


def test_particles_begin_as_noise_and_end_on_the_data() -> None:
    made = run(ask())
    assert np.abs(made.points[0].std() - 1) < 0.1
    assert made.distance < made.floor + 0.01
    assert run(ask(steps=2)).distance > made.distance + 0.02


def test_the_ode_takes_the_same_noise_to_the_same_place_whatever_the_sampler() -> None:
    gaps = {}
    for sampler, steps in (("flow-euler", 8), ("flow-euler", 64), ("dpmpp-2m", 64), ("ddpm", 64)):
        made = run(ask(sampler=sampler, steps=steps))
        gaps[sampler, steps] = float(np.median(np.abs(made.points[-1] - made.exact_end)))
    assert gaps["dpmpp-2m", 64] < gaps["flow-euler", 64] < gaps["flow-euler", 8] < 0.1
    assert gaps["ddpm", 64] > 0.3


def test_the_field_is_the_datas_score() -> None:
    """Far out, late: the score of a ring points inwards, the density falls outwards."""
    back = run(ask()).backdrop
    middle = back.times.index(0.5)
    line = np.linspace(-back.extent, back.extent, 8)
    x, y = np.meshgrid(line, line)
    inward = -(x * back.score[middle, ..., 0] + y * back.score[middle, ..., 1])
    assert (inward[[0, 0, -1, -1], [0, -1, 0, -1]] > 0).all()
    assert back.density[middle].min() == pytest.approx(back.density[middle][0, 0], rel=0.5)
    assert back.density[middle].max() > 5 * back.density[middle][0, 0]


def test_guidance_pulls_to_a_class() -> None:
    weak, strong = (
        run(ask("pair", label=1, settings=Settings("", steps=20, guidance=w, seed=3)))
        for w in (0.0, 1.0)
    )
    assert (weak.points[-1][:, 0] > 0).mean() == pytest.approx(0.5, abs=0.1)
    assert (strong.points[-1][:, 0] > 0).mean() > 0.99
    assert strong.distance < strong.floor + 0.01


def test_the_likelihood_is_the_distributions() -> None:
    made = run(ask("pair", likelihood=True))
    assert made.log_likelihood is not None
    assert made.log_likelihood == pytest.approx(made.exact_log_likelihood, abs=0.01)


@pytest.mark.parametrize("source", ["epsilon", "score", "velocity"])
@pytest.mark.parametrize("distribution", ["moons", "grid"])
def test_trained_networks_come_near_the_data(distribution: str, source: str) -> None:
    made = run(ask(distribution, "dpmpp-2m", 30, source=source))
    assert made.distance < 0.03
    noise = run(ask(distribution, "flow-euler", 1)).distance  # everything at the mean
    assert made.distance < noise / 10


def test_a_networks_likelihood_is_below_the_distributions() -> None:
    made = run(ask("grid", source="velocity", likelihood=True))
    assert made.log_likelihood is not None and made.exact_log_likelihood is not None
    assert made.exact_log_likelihood - 0.5 < made.log_likelihood < made.exact_log_likelihood


@pytest.mark.parametrize(
    "wrong",
    [
        {"distribution": "spiral"},
        {"source": "wavelet"},
        {"distribution": "ring", "source": "velocity"},
        {"label": 99},
        {"source": "velocity", "distribution": "moons", "label": 0},
    ],
)
def test_what_does_not_exist_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        run(ask(**wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"particles": 0}, {"side": 1000}])
def test_senseless_sizes_are_refused_before_any_work(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        run_now(replace(ask(), **wrong))  # type: ignore[arg-type]


def test_it_needs_no_model_and_can_be_cancelled_between_steps() -> None:
    events = list(Worker("cpu").run(ask()))
    assert isinstance(events[-1], Finished)
    assert sum(isinstance(event, Progress) for event in events) == 16
    calls = iter(range(100))

    def stop() -> None:
        if next(calls) == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        list(lab(ask(), stop))


@pytest.mark.parametrize("source", ["unlabelled-10", "noisy-classifier"])
def test_toys_of_three_clouds_are_guided(source: str) -> None:
    made = run(ask("trio", source=source, label=1))
    assert made.distance < made.floor + 0.02
    assert run(ask("trio", source=source)).distance < made.floor + 0.02


def test_two_answers_are_two_evaluations() -> None:
    settings = Settings("", sampler="flow-euler", steps=4, guidance=3.0)
    assert run(ask("trio", source="unlabelled-10", label=1, settings=settings)).nfe == 8


def test_a_classifier_gives_no_likelihood() -> None:
    with pytest.raises(UsageError, match="likelihood"):
        run(ask("trio", source="clean-classifier", label=1, likelihood=True))
