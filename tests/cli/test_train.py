"""`train` on a recipe of two steps: its document, its folder, resuming, torchrun's other ranks."""

import json
from pathlib import Path

import pytest

from studio.training import recipe
from tests.cli.conftest import Run

RECIPE = """
task = "denoiser"

[run]
steps = 2
batch = 2
log_every = 1

[network]
channels = 4
side = 64
patch = 16
width = 32
depth = 1
heads = 2
condition_width = 16
text_width = 16
pooled_width = 12

[settings]
bundle = {bundle}
pool = 32

[data]
p_count = 0.0
"""


@pytest.fixture
def small(tiny: Path, tmp_path: Path) -> Path:
    """A recipe for a denoiser of 16 tokens on the tiny bundle's latents of 256 px pictures."""
    path = tmp_path / "small.toml"
    path.write_text(RECIPE.format(bundle=json.dumps(str(tiny))), encoding="utf-8")
    return path


def test_a_run_and_its_continuation(run: Run, small: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs" / "v1.5"
    options = ("--device", "cpu", "--out", out, "--seed", 4)
    ran = run("train", small, *options, "--json")
    document = ran.document
    assert (document["recipe"], document["steps"], document["samples"]) == ("small", 2, 4)
    assert document["seconds"] > 0
    assert document["loss"] > 0
    assert document["checkpoint"] == str(out / "checkpoint.pt")
    assert "loss" in ran.err
    precision = json.loads((out / "model.json").read_text())["trained"]["precision"]
    assert f" in {precision}\n" in ran.err
    assert {"checkpoint.pt", "log.jsonl", "model.json"} <= {path.name for path in out.iterdir()}

    more = (*options, "--steps", 3, "--resume", "--precision", "float32", "--json")
    document = run("train", small, *more).document
    assert (document["steps"], document["samples"]) == (3, 6)
    assert json.loads((out / "model.json").read_text())["trained"]["precision"] == "float32"


def test_no_training_in_float16(run: Run, small: Path, tmp_path: Path) -> None:
    ran = run("train", small, "--precision", "float16", "--out", tmp_path / "run")
    assert ran.code == 2
    assert "float16 loses small gradients" in ran.error


def test_an_earlier_run_is_kept(run: Run, small: Path, tmp_path: Path) -> None:
    options = ("--device", "cpu", "--out", tmp_path / "run")
    run("train", small, *options, "--seed", 1)
    learnt = (tmp_path / "run" / "checkpoint.pt").read_bytes()
    ran = run("train", small, *options, "--seed", 2)
    assert ran.code == 2
    assert "holds a run already; resume it (--resume)" in ran.error
    assert (tmp_path / "run" / "checkpoint.pt").read_bytes() == learnt


def test_equal_seeds_are_equal_runs(run: Run, small: Path, tmp_path: Path) -> None:
    losses = [
        run(
            *("train", small, "--device", "cpu", "--seed", seed),
            *("--out", tmp_path / str(name), "--json"),
        ).document["loss"]
        for name, seed in enumerate((4, 4, 5))
    ]
    assert losses[0] == losses[1] != losses[2]


def test_only_the_first_process_reports(
    run: Run, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    ran = run("train", small, "--steps", 1, "--device", "cpu", "--out", tmp_path / "run", "--json")
    assert (ran.code, ran.out) == (0, "")


def test_the_bundled_recipes_are_listed(run: Run) -> None:
    document = run("train", "--list", "--json").document
    assert [each["name"] for each in document["recipes"]] == list(recipe.available())


@pytest.mark.parametrize(
    ("options", "code", "word"),
    [
        ((), 2, "autoencoder"),
        (("no-such",), 2, "no-such"),
        (("autoencoder", "--steps", -1), 2, "-1"),
        (("autoencoder", "--minutes", 0), 2, "minutes"),
        (("autoencoder", "--minutes", "nan"), 2, "minutes"),
        (("autoencoder", "--seed", -1), 2, "seed"),
        (("autoencoder", "--out", "main.py"), 2, "a folder for a run"),
    ],
)
def test_wrong_runs(run: Run, options: tuple[object, ...], code: int, word: str) -> None:
    ran = run("train", *options)
    assert ran.code == code
    assert word in ran.error


def test_a_recipe_for_no_task(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text('task = "painting"', encoding="utf-8")
    ran = run("train", path, "--out", tmp_path / "run")
    assert ran.code == 2
    assert "painting" in ran.error
    assert not (tmp_path / "run").exists()


def test_data_is_where_the_pictures_come_from(run: Run, small: Path, tmp_path: Path) -> None:
    ran = run("train", small, "--data", tmp_path, "--device", "cpu", "--out", tmp_path / "run")
    assert ran.code == 1
    assert str(tmp_path) in ran.err.splitlines()[-1]


def test_start_needs_weights(run: Run, small: Path, tmp_path: Path) -> None:
    options = ("--device", "cpu", "--out", tmp_path / "run")
    ran = run("train", small, "--start", tmp_path / "nothing", *options)
    assert ran.code == 1
    assert "nothing" in ran.error


def test_nothing_to_resume(run: Run, small: Path, tmp_path: Path) -> None:
    ran = run("train", small, "--resume", "--device", "cpu", "--out", tmp_path / "run")
    assert ran.code == 1
    assert "checkpoint.pt" in ran.error
