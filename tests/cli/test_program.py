"""What all verbs share: exit codes, streams, a quick start; and the verbs without options."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from studio import __version__
from studio.cli import program as cli_program
from studio.core.errors import Cancelled
from studio.core.specs import FAMILIES
from tests.cli.conftest import ROOT, Run

WITHOUT_TORCH = """
import sys
from studio.cli import main
codes = [main(line.split()) for line in sys.argv[1:]]
assert "torch" not in sys.modules and "PySide6" not in sys.modules
print(*codes, file=sys.stderr)
"""


def test_quick_answers_need_no_torch() -> None:
    lines = [
        "--help",
        "--version",
        "generate --help",
        "samplers",
        "models",
        "dataset",
        "train --list",
        "bench --list",
    ]
    wrong = ["generate x --steps 0", "train nothing", "evaluate --guidance -1", "paint", "bench x"]
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *lines, *wrong],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.splitlines()[-1] == "0 0 0 0 0 0 0 0 2 2 2 2 2"


def test_version(run: Run) -> None:
    assert run("--version").out == f"latent-studio {__version__}\n"


def test_a_reader_that_goes_away_is_not_an_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(
        [sys.executable, "main.py", "samplers"],
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert ran.stderr == b""
    assert ran.returncode == cli_program.BROKEN_PIPE


def test_samplers(run: Run) -> None:
    samplers = run("samplers", "--json").document["samplers"]
    assert {"name", "family", "order", "stochastic", "nfe_per_step"} <= samplers[0].keys()
    defaults = [spec["family"] for spec in samplers if spec["is_family_default"]]
    assert sorted(defaults) == sorted(FAMILIES)
    lines = run("samplers").out
    assert all(spec["name"] in lines for spec in samplers)
    assert "flow-2m means dpmpp-2m" in lines and "flow-2m" not in {s["name"] for s in samplers}


def test_the_cost_of_a_step_is_said_truly(run: Run) -> None:
    document, lines = run("samplers", "--json").document, run("samplers").out.splitlines()
    costs = {spec["name"]: spec["nfe_per_step"] for spec in document["samplers"]}
    said = {line.split()[0]: line.split()[4] for line in lines[1 : 1 + len(costs)]}
    assert 0 not in costs.values()
    assert {name for name, cost in costs.items() if cost is None} == {
        *("flow-dopri5", "sde-pf-ode", "restart")
    }
    assert said == {name: str(cost) for name, cost in costs.items()} | {
        **dict.fromkeys(("flow-dopri5", "sde-pf-ode"), "adaptive"),
        "restart": "varies",
    }


def test_models(run: Run) -> None:
    models = run("models", "--json").document["models"]
    for model in models:
        assert {"name", "kind", "format", "parameters", "path"} <= model.keys()
        assert Path(model["path"]).exists()
    lines = run("models").out
    assert all(model["name"] in lines for model in models)


def test_dataset_counts_and_sheet(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    document = run("dataset", "--styles", "noto", "--out", out, "--json").document
    assert sum(style["pictures"] for style in document["styles"]) == document["pictures"]
    assert document["licences"]["noto"] == "Apache-2.0"
    assert document["sheet"] == str(out)
    with Image.open(out) as sheet:
        assert sheet.width == 16 * 64
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]


def test_dataset_that_is_not_there(run: Run, tmp_path: Path) -> None:
    ran = run("dataset", "--data", tmp_path)
    assert ran.code == 1
    assert str(tmp_path) in ran.error
    ran = run("dataset", "--styles", "notto")
    assert ran.code == 2
    assert "did you mean 'noto'?" in ran.error


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Cancelled])
def test_cancelling_is_exit_130(
    run: Run, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    def interrupted() -> None:
        raise stop

    monkeypatch.setattr("studio.cli.verbs.samplers.all_samplers", interrupted)
    ran = run("samplers")
    assert (ran.code, ran.out, ran.err) == (130, "", "cancelled\n")


def test_what_libraries_print_is_not_the_result(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def chatty() -> tuple[()]:
        print("Setting up...")
        return ()

    monkeypatch.setattr("studio.cli.verbs.samplers.all_samplers", chatty)
    ran = run("samplers", "--json")
    assert json.loads(ran.out)["samplers"] == []
    assert ran.err == "Setting up...\n"
