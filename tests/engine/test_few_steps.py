"""How few steps will do: measured against the converged picture, with the distance of latents."""

from dataclasses import replace

import numpy as np
import pytest

from studio.core.device import Device
from studio.core.errors import ModelError
from studio.core.settings import Settings
from studio.engine import few_steps
from studio.engine.few_steps import Measure, Pictures, Reached, candidates, cheapest, fewest
from studio.engine.worker import open_from_disk
from studio.models.model import Model
from tests import tiny

BASE = Settings("", model="tiny", sampler="flow-euler", guidance=2.0, size=tiny.SIZE)
PICTURES = Pictures(BASE, ("a red bear", "a cat and a dog"), (0, 1))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    bundle = tiny.bundle(tmp_path_factory.mktemp("models") / "tiny")
    return open_from_disk(str(bundle), Device("cpu", "float32", "CPU"), lambda: None)


@pytest.fixture
def measure(model: Model, monkeypatch: pytest.MonkeyPatch) -> Measure:
    def distance(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.abs(a.astype(float) - b).mean() / 255)

    monkeypatch.setattr(few_steps, "judge_for", lambda model, size: distance)
    return Measure(model, PICTURES)


def test_more_steps_come_nearer_and_are_counted(measure: Measure) -> None:
    rows = [measure.reached(replace(BASE, steps=n)) for n in (1, 4, 100)]
    assert [row.nfe for row in rows] == [2, 8, 200]
    assert rows[0].mean > rows[1].mean > rows[2].mean
    assert all(row.worst >= row.mean for row in rows)
    unguided = measure.reached(replace(BASE, steps=4, guidance_interval=(0.5, 1.0)))
    assert unguided.nfe == 4 + 3  # t = 1, 3/4, 1/2 are guided, 1/4 is not


@pytest.mark.parametrize("enough", [4, 11, 60, None])
def test_halving_finds_the_fewest_steps_that_are_near(
    measure: Measure, monkeypatch: pytest.MonkeyPatch, enough: int | None
) -> None:
    def reached(settings: Settings) -> Reached:
        mean = 0.004 if enough and settings.steps >= enough else 0.006
        return Reached("flow-euler", "", (0.0, 1.0), settings.steps, settings.steps, mean, mean, 0)

    monkeypatch.setattr(measure, "reached", reached)
    told: list[Reached] = []
    rows = fewest(measure, BASE, 0.005, told.append)
    assert told == rows and len(rows) <= len(few_steps.STEPS).bit_length()
    best = cheapest(rows, 0.005)
    assert (best.steps if best else None) == {4: 4, 11: 12, 60: 60, None: None}[enough]


def test_the_cheapest_is_near_first_and_then_nearest() -> None:
    def row(nfe: int, mean: float) -> Reached:
        return Reached("flow-euler", "", (0.0, 1.0), nfe, nfe, mean, mean, mean)

    assert cheapest([row(4, 0.02)], 0.005) is None
    rows = [row(4, 0.02), row(16, 0.001), row(8, 0.004), row(8, 0.003)]
    assert cheapest(rows, 0.005) == row(8, 0.003)


def test_candidates_add_no_noise_and_keep_to_their_steps() -> None:
    names = candidates()
    assert {"flow-euler", "ddim", "dpmpp-2m", "unipc", "flow-heun"} <= set(names)
    assert not {"ddpm", "sde-euler", "flow-dopri5", "restart"} & set(names)


def test_without_a_judge_nothing_is_measured(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_steps, "judge_for", lambda model, size: None)
    with pytest.raises(ModelError, match="LPIPS's weights"):
        Measure(model, PICTURES)
