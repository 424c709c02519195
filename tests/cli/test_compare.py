"""`compare`: its cells, sheet, film and figures, its axes, and everything a user can get wrong."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import Mock

import av
import pytest
from PIL import Image
from tqdm import tqdm

from studio.cli.verbs.compare import Results
from studio.diffusion.samplers import all_samplers
from studio.gallery import film, png
from tests.cli.conftest import ROOT, Run
from tests.gallery.test_comparison import made as comparison
from tests.tiny import SIDE

HUNDRED = ",".join(map(str, range(1, 101)))


@pytest.fixture
def quick(tiny: Path) -> tuple[object, ...]:
    """The options of pictures that take no time."""
    return ("--model", tiny, "--size", SIDE, "--device", "cpu")


@pytest.fixture
def brief(quick: tuple[object, ...]) -> tuple[object, ...]:
    return (*quick, "--no-distances")


def axes(document: dict[str, dict[str, dict[str, object]]]) -> dict[str, object]:
    return {where: axis["name"] for where, axis in document["axes"].items()}


def test_cells_sheet_and_figures_are_written(
    run: Run, quick: tuple[object, ...], tmp_path: Path
) -> None:
    out = tmp_path / "new"
    grid = ("--samplers", "ddpm,sde,flow", "--steps", "2,4", "--seed", 1)
    ran = run("compare", "a red bear", *quick, *grid, "--out", out, "--json")
    document = ran.document
    assert ran.err == ""
    assert axes(document) == {"columns": "steps", "rows": "sampler"}
    assert [(cell["sampler"], cell["steps"]) for cell in document["cells"]] == [
        (sampler, steps) for sampler in ("ddpm", "sde-euler", "flow-heun") for steps in (2, 4)
    ]
    assert document["sheet"] == str(out / "sheet.png")
    assert document["film"] is None
    for cell in document["cells"]:
        inside = png.read_record(Path(cell["path"]))
        assert (inside.settings.sampler, inside.settings.steps) == (cell["sampler"], cell["steps"])
        assert inside.nfe == cell["nfe"] > 0
        assert cell["seconds"] > 0
        assert cell["distance"] > 0
    with Image.open(document["sheet"]) as sheet:
        assert sheet.width > 2 * SIDE
    assert len(list(out.iterdir())) == 6 + 2
    kept = json.loads((out / "comparison.json").read_text())
    assert kept == {name: value for name, value in document.items() if name != "seconds"}


def test_a_cell_is_the_picture_that_generate_makes(
    run: Run, brief: tuple[object, ...], tmp_path: Path
) -> None:
    document = run(
        "compare", "bear", *brief, "--steps", "2,3", "--seed", 5, "--samplers", "flow",
        "--guidance", 2.5, "--out", tmp_path, "--json",
    ).document  # fmt: skip
    again, options = tmp_path / "again.png", brief[:-1]
    same = (*options, "--sampler", "flow", "--steps", 3, "--seed", 5, "--guidance", 2.5)
    run("generate", "bear", *same, "--out", again)
    with Image.open(document["cells"][1]["path"]) as cell, Image.open(again) as alone:
        assert cell.tobytes() == alone.tobytes()
    assert png.read_settings(again) == png.read_settings(Path(document["cells"][1]["path"]))


@pytest.mark.parametrize(
    ("options", "expected", "count"),
    [
        ((), {"columns": "sampler"}, 3),
        (("--samplers", "flow"), {"columns": "steps"}, 1),
        (("--samplers", "flow,ddpm", "--guidance", "1,2"), ("guidance", "sampler"), 4),
        (("--sampler", "flow", "--seeds", "1,2,3"), {"columns": "seed"}, 3),
        (
            ("--samplers", "flow,sde", "--guidance", "0,1", "--steps", "1,2"),
            ("steps", "sampler", "guidance"),
            8,
        ),
        (
            ("--sampler", "flow", "--rules", "cfg,apg", "--schedules", "own,karras"),
            ("schedule", "rule"),
            4,
        ),
        (("--sampler", "flow", "--prompts", "red", "", "--steps", 2), {"columns": "prompt"}, 3),
        (
            ("--samplers", "flow,sde", "--steps", "1,2", "--axes", "sampler,steps"),
            ("sampler", "steps"),
            4,
        ),
    ],
)
def test_what_has_several_values_becomes_an_axis(
    run: Run,
    brief: tuple[object, ...],
    tmp_path: Path,
    options: tuple[object, ...],
    expected: object,
    count: int,
) -> None:
    document = run("compare", "a bear", *brief, *options, "--out", tmp_path, "--json").document
    if isinstance(expected, tuple):
        expected = dict(zip(("columns", "rows", "tabs"), expected, strict=False))
    assert axes(document) == expected
    assert len(document["cells"]) == len({cell["path"] for cell in document["cells"]}) == count
    assert len({cell["seed"] for cell in document["cells"]}) == (3 if "--seeds" in options else 1)


def test_samplers_take_their_own_steps(run: Run, brief: tuple[object, ...], tmp_path: Path) -> None:
    document = run(
        "compare", "bear", *brief, "--samplers", "ddpm,flow", "--out", tmp_path, "--json"
    ).document
    assert [cell["steps"] for cell in document["cells"]] == [50, 16]


def test_options_belong_to_the_first_sampler(
    run: Run, brief: tuple[object, ...], tmp_path: Path
) -> None:
    grid = ("--samplers", "ddim,flow", "--steps", 2, "--option", "eta=0.5")
    document = run("compare", "bear", *brief, *grid, "--out", tmp_path, "--json").document
    assert [cell["options"] for cell in document["cells"]] == [[["eta", 0.5]], []]


@pytest.mark.parametrize(("form", "suffix"), [((), ".webp"), ((".mp4",), ".mp4")])
def test_a_film_goes_beside_the_sheet(
    run: Run, brief: tuple[object, ...], tmp_path: Path, form: tuple[str, ...], suffix: str
) -> None:
    grid = ("--samplers", "flow,ddpm", "--steps", "3,6")
    asked = ("compare", "bear", *brief, *grid, "--film", *form, "--out", tmp_path, "--json")
    document = run(*asked).document
    assert document["film"] == str(tmp_path / f"film{suffix}")
    if suffix == ".mp4":
        with av.open(document["film"]) as video:
            assert sum(1 for _ in video.decode(video=0)) > 48
    else:
        with Image.open(document["film"]) as film:
            assert film.n_frames > 2


def test_people_get_a_table(run: Run, quick: tuple[object, ...], tmp_path: Path) -> None:
    ran = run("compare", "bear", *quick, "--steps", "2,3", "--sampler", "flow", "--out", tmp_path)
    assert ran.code == 0
    head, *lines, sheet = ran.out.splitlines()
    assert head.split() == ["steps", "NFE", "seconds", "distance", "LPIPS"]
    assert [line.split()[0] for line in lines] == ["2", "3"]
    assert sheet == str(tmp_path / "sheet.png")


def test_without_out_a_new_folder_among_the_windows_pictures(
    run: Run, home: dict[str, str], brief: tuple[object, ...]
) -> None:
    ran = run("compare", "a 🧸 bear", *brief, "--steps", "1,2", "--sampler", "flow")
    assert ran.code == 0
    (sheet,) = Path(home["HOME"]).rglob("sheet.png")
    assert sheet.parent.name.endswith("a bear, compared")
    assert sheet.parent.parent.name == "Latent Studio"


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--samplers", "flow,flow-hune"), "did you mean 'flow-heun'?"),
        (("--samplers", "flow,flow-heun"), "same value twice"),
        (("--samplers", ""), "names with commas"),
        (("--steps", "5,0"), "steps must be 1"),
        (("--steps", "5,,10"), "whole numbers with commas"),
        (("--steps", "5,x"), "whole numbers with commas"),
        (("--guidance", "1,nan"), "guidance must be"),
        (("--guidance", "1,31"), "guidance must be"),
        (("--seeds", "1,-1"), "seed must be"),
        (("--rules", "cfg,no-such"), "no-such"),
        (("--schedules", "own,no-such"), "no-such"),
        (("--samplers", "ddpm", "--steps", "20,1000", "--schedule", "no"), "no"),
        (("--sampler", "ddim", "--option", "eta=2"), "eta must be"),
        (("--sampler", "flow", "--option", "no=1"), "no option 'no'"),
        (("--prompts", "bear"), "same value twice"),
        (("--samplers", "dpmpp-2m,flow-2m"), "same value twice"),
        (("--prompts", "\udcff"), "UTF-8"),
        (("--seeds", HUNDRED, "--steps", HUNDRED, "--sampler", "flow"), "10,000"),
        (
            ("--steps", "1,2", "--guidance", "1,2", "--seeds", "1,2"),
            "three things at most, not steps, sampler, guidance, seed",
        ),
        (("--steps", "1,2", "--axes", "sampler"), "leaves out steps"),
        (("--steps", "1,2", "--axes", "sampler,steps,size"), "'size' cannot be an axis"),
        (("--steps", "1,2", "--axes", "sampler,steps,steps"), "different setting"),
        (("--out", "sheet.png"), "--out is a folder"),
        (("--device", "tpu"), "tpu"),
    ],
)  # fmt: skip
def test_wrong_usage_is_exit_2_before_any_work(
    run: Run, tmp_path: Path, options: tuple[object, ...], word: str
) -> None:
    where = () if "--out" in options else ("--out", tmp_path / "new")
    ran = run("compare", "bear", "--model", "never looked for", *options, *where)
    assert ran.code == 2
    assert word in ran.error
    assert not any(tmp_path.iterdir())


def test_places_that_cannot_be_written_are_refused_first(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    ran = run("compare", "bear", "--model", "never looked for", "--out", file / "folder")
    assert ran.code == 1
    assert "not a folder" in ran.error
    assert run("compare", "bear", "--out", file).code == 2


def test_ctrl_c_keeps_the_cells_that_are_done(
    tiny: Path, home: dict[str, str], tmp_path: Path
) -> None:
    options = f"--size {SIDE} --steps 200 --sampler flow --no-distances --device cpu --seeds"
    seeds = ",".join(map(str, range(128)))
    command = [sys.executable, "main.py", "compare", "bear", "--model", str(tiny)]
    command += [*options.split(), seeds, "--out", str(tmp_path)]
    working = subprocess.Popen(command, cwd=ROOT, env=home, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("*.png")) and working.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    working.send_signal(signal.SIGINT)
    _, err = working.communicate(timeout=60)
    assert (working.returncode, err) == (130, "cancelled\n")
    kept = json.loads((tmp_path / "comparison.json").read_text())
    assert 0 < len(kept["cells"]) < 128
    cells = sorted(str(path) for path in tmp_path.glob("[0-9]*.png"))
    assert [cell["path"] for cell in kept["cells"]] == cells
    assert (tmp_path / "sheet.png").exists()


def test_a_cell_whose_file_was_interrupted_is_written_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = comparison()
    results = Results(tmp_path, made.grid, made.settings, tqdm(disable=True))
    results.saw(made.cells[0])
    with monkeypatch.context() as patched:
        patched.setattr(png, "write", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            results.saw(made.cells[1])
    paths = [Path(cell["path"]) for cell in results.write()["cells"]]
    assert paths == sorted(tmp_path.glob("[0-9]*.png")) and len(paths) == 2


def test_all_is_every_sampler_of_the_registry_or_of_a_family(
    run: Run, brief: tuple[object, ...], tmp_path: Path
) -> None:
    made = {}
    for name in ("all-ddpm", "all-sde", "all-flow", "all"):
        grid = ("--samplers", name, "--steps", 2, "--seed", 1, "--out", tmp_path / name)
        cells = run("compare", "a red bear", *brief, *grid, "--json").document["cells"]
        made[name] = {cell["sampler"] for cell in cells}
    assert made["all"] == made["all-ddpm"] | made["all-sde"] | made["all-flow"]
    assert made["all"] == {spec.name for spec in all_samplers() if not spec.needs}
    assert not made["all-ddpm"] & made["all-flow"]


def test_a_film_that_cannot_be_written_costs_nothing_else(
    run: Run, brief: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(film.LARGEST, ".webp", 20)
    grid = ("--samplers", "flow", "--steps", "2,3", "--film")
    ran = run("compare", "bear", *brief, *grid, "--out", tmp_path, "--json")
    assert "the film was left out: " in ran.err and "at most 20 pixels a side" in ran.err
    assert ran.document["film"] is None
    assert (
        ran.document["sheet"] == str(tmp_path / "sheet.png") and (tmp_path / "sheet.png").exists()
    )
    written = json.loads((tmp_path / "comparison.json").read_text())
    assert written == {k: v for k, v in ran.document.items() if k != "seconds"}


def test_a_sheet_that_cannot_be_made_costs_no_figures(
    run: Run, brief: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.gallery.comparison.write_sheet", Mock(side_effect=MemoryError))
    ran = run("compare", "bear", *brief, "--steps", "2,3", "--out", tmp_path, "--json")
    assert ran.document["sheet"] is None and "the sheet was left out: memory ran out" in ran.err
    assert len(json.loads((tmp_path / "comparison.json").read_text())["cells"]) == 6
