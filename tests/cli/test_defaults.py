"""Who says nothing of sampler, steps and guidance gets what the model's makers recommend."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("transformers")

from studio.core.settings import Defaults
from studio.core.specs import SamplerSpec
from studio.diffusion.samplers import all_samplers
from tests.cli.conftest import Run
from tests.models.families.flow_pipelines import saved

SPECS: dict[str, SamplerSpec] = {spec.name: spec for spec in all_samplers()}


def folder(tmp_path: Path, name: str) -> Path:
    saved(name, tmp_path / name)
    return tmp_path / name


def test_flux_takes_four_steps(run: Run, tmp_path: Path) -> None:
    asked = ("--model", folder(tmp_path, "flux-schnell"), "--size", 64, "--device", "cpu")
    out = tmp_path / "bear.png"
    ran = run("generate", "a red bear", *asked, "--seed", 5, "--out", out, "--json")
    settings = ran.document["settings"]
    told = settings["sampler"], settings["steps"], settings["guidance"], settings["size"]
    assert told == ("flow-euler", 4, 1.0, 64)
    assert ran.document["nfe"] == 4 and out.is_file()


def test_what_is_said_counts(run: Run, tmp_path: Path) -> None:
    model = folder(tmp_path, "flux-dev")
    asked = ("generate", "a bear", "--model", model, "--size", 64, "--device", "cpu", "--out",
             tmp_path / "bear.png", "--seed", 1)  # fmt: skip
    given = ("--sampler", "flow-heun", "--steps", 1, "--guidance", 2, "--json")
    settings = run(*asked, *given).document["settings"]
    assert (settings["sampler"], settings["steps"], settings["guidance"]) == ("flow-heun", 1, 2.0)
    settings = run(*asked, "--steps", 1, "--json").document["settings"]
    assert (settings["sampler"], settings["guidance"]) == ("flow-euler", 3.5)
    assert "knows no negative prompt" in run(*asked, "--steps", 1, "--negative", "blue").error
    listed = run("compare", "a bear", "--model", model, "--size", 64, "--device", "cpu",
                 "--samplers", "flow-euler", "--steps", "1,2", "--no-distances", "--out",
                 tmp_path / "compared", "--json").document  # fmt: skip
    assert [(cell["steps"], cell["guidance"]) for cell in listed["cells"]] == [(1, 3.5), (2, 3.5)]


def test_another_sampler_takes_its_own_steps_unless_the_model_knows_but_a_few() -> None:
    dev, few = Defaults("flow-euler", 28, 3.5), Defaults("flow-euler", 4, 1.0)
    assert dev.steps_with(SPECS["flow-euler"]) == 28
    assert dev.steps_with(SPECS["ddim"]) == SPECS["ddim"].default_steps
    assert few.steps_with(SPECS["ddim"]) == 4
    usual = Defaults()
    assert all(usual.steps_with(spec) == spec.default_steps for spec in SPECS.values())
