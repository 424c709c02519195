"""`generate`: its files, its document, and everything a user can get wrong."""

import io
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.cli.program import build_parser
from studio.core.addons import EMBEDDING, LORA, AddOn
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.gallery import png
from tests.cli.conftest import ROOT, Bar, Run
from tests.tiny import SIDE, SIZE, bundle, with_turbo


@pytest.fixture
def quick(tiny: Path) -> tuple[object, ...]:
    """The options of a picture that takes no time."""
    return ("--model", tiny, "--size", SIDE, "--steps", 2, "--device", "cpu")


def test_the_program_writes_a_picture_and_one_document(
    program: Run, quick: tuple[object, ...], tmp_path: Path
) -> None:
    out = tmp_path / "new" / "bear.png"
    ran = program("generate", "a red bear", *quick, "--seed", 5, "--out", out, "--json")
    document = ran.document
    assert ran.err == ""
    assert document["images"] == [{"path": str(out), "seed": 5, "prompt": "a red bear"}]
    assert document["seconds"] > 0
    assert document["device"] == "cpu" and document["precision"] in ("float32", "bfloat16")
    assert document["nfe"] == 2 * 2  # guidance doubles them
    assert document["settings"]["prompt"] == "a red bear"
    with Image.open(out) as image:
        assert image.size == (SIDE, SIDE)


def test_several_pictures_get_names_and_seeds(
    run: Run, quick: tuple[object, ...], tmp_path: Path
) -> None:
    asked = ("generate", "bear", *quick, "--seed", 7, "--count", 3, "--json")
    document = run(*asked, "--out", tmp_path / "bears").document
    paths = [Path(image["path"]) for image in document["images"]]
    assert [image["seed"] for image in document["images"]] == [7, 8, 9]
    assert sorted((tmp_path / "bears").iterdir()) == paths
    ran = run(*asked, "--out", tmp_path / "bear.png")
    assert ran.code == 2
    assert "--out is a folder for 3 pictures, not" in ran.error
    assert [path.name for path in tmp_path.iterdir()] == ["bears"]


@pytest.mark.parametrize(("count", "steps"), [(1, 3), (4, 10), (6, 2)])
def test_the_bar_counts_every_step_and_ends_at_its_total(
    run: Run, quick: tuple[object, ...], tmp_path: Path, bars: list[Bar], count: int, steps: int
) -> None:
    options = (*quick, "--steps", steps, "--count", count, "--out", f"{tmp_path / 'new'}/")
    assert run("generate", "a bear", *options).code == 0
    (bar,) = bars
    bar.check(count * steps)


def test_the_bar_of_several_prompts_ends_at_its_total(
    run: Run, quick: tuple[object, ...], tmp_path: Path, bars: list[Bar]
) -> None:
    options = (*quick, "--count", 2, "--all", "--out", tmp_path)
    assert run("generate", "a {red|blue} bear", *options).code == 0
    (bar,) = bars
    bar.check(2 * 2 * 2)


def test_prompts_come_from_standard_input_without_comments(
    run: Run, quick: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = b"# no\na bear\n\n  #neither\na {red|red|blue} cat # yes\n"
    options = ("--prompts", "-", "--all", *quick, "--out", tmp_path, "--json")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    prompts = [image["prompt"] for image in run("generate", *options).document["images"]]
    assert prompts == ["a bear", "a red cat # yes", "a blue cat # yes"]
    for stdin in (None, io.TextIOWrapper(io.BytesIO(b"\xff"))):
        monkeypatch.setattr(sys, "stdin", stdin)
        assert "standard input" in run("generate", *options).error
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "give --prompts a file" in run("generate", *options).error
    said = " ".join(run("generate", "--help").out.split())
    assert "begin with #; - for standard input" in said


def test_too_many_prompts_are_refused_before_they_are_made(
    run: Run, quick: tuple[object, ...], tmp_path: Path
) -> None:
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("{0|1|2|3|4|5|6|7|8|9}{a|b}\n" * 2000)
    for options in (("--all",), ("--count", 64)):
        ran = run("generate", "--prompts", prompts, *options, *quick, "--out", tmp_path)
        assert ran.code == 2 and "more than 10,000 prompts" in ran.error


def test_an_alias_is_shown_under_the_samplers_one_name(
    run: Run, quick: tuple[object, ...], tmp_path: Path
) -> None:
    ends = []
    for name in ("flow-unipc", "unipc"):
        out = tmp_path / f"{name}.png"
        options = ("--sampler", name, "--option", "order=3", "--seed", 1, "--out", out)
        document = run("generate", "a bear", *quick, *options, "--json").document
        assert document["settings"]["sampler"] == png.read_settings(out).sampler == "unipc"
        with Image.open(out) as image:
            ends.append(image.tobytes())
    assert ends[0] == ends[1]


def test_turbo_takes_four_calls_and_a_model_without_it_says_so(run: Run, tmp_path: Path) -> None:
    folder = bundle(tmp_path / "tiny")
    named = ("--model", folder, "--size", SIDE, "--device", "cpu")
    options = (*named, "--turbo", "--seed", 1, "--out", tmp_path / "a.png")
    assert "no Turbo" in run("generate", "a bear", *options).error
    with_turbo(folder)
    document = run("generate", "a bear", *options, "--json").document
    assert document["nfe"] == 4
    assert document["settings"]["sampler"] == "turbo" and document["settings"]["steps"] == 4


def test_the_settings_inside_the_file_make_the_picture_again(
    run: Run, quick: tuple[object, ...], tmp_path: Path
) -> None:
    first, again = tmp_path / "first.png", tmp_path / "again.png"
    document = run("generate", "a bear", *quick, "--out", first, "--json").document
    inside = png.read_settings(first)
    assert inside.seed == document["images"][0]["seed"] == document["settings"]["seed"]
    run("generate", inside.prompt, *quick, "--seed", inside.seed, "--out", again)
    np.testing.assert_array_equal(np.asarray(Image.open(first)), np.asarray(Image.open(again)))


def test_options_reach_the_settings(run: Run, quick: tuple[object, ...], tmp_path: Path) -> None:
    out = tmp_path / "bear.png"
    options = ("--negative", "blue", "--sampler", "sde", "--guidance", 2.5, "--seed", 1)
    interval = ("--guidance-interval", 0.1, 0.9)
    run("generate", "bear", *quick, *options, *interval, "--out", out)
    assert png.read_settings(out) == Settings(
        prompt="bear",
        negative="blue",
        model=str(quick[1]),
        sampler="sde-euler",
        steps=2,
        guidance=2.5,
        guidance_interval=(0.1, 0.9),
        seed=1,
        size=SIZE,
    )


@pytest.mark.parametrize("prompt", ["", "🧸🍎", "一只红色的熊", "bear " * 2000, 'a "b" \n\t\\'])
def test_any_text_is_a_prompt(
    run: Run, quick: tuple[object, ...], tmp_path: Path, prompt: str
) -> None:
    folder = tmp_path / "pictures"
    document = run("generate", prompt, *quick, "--out", folder, "--json").document
    (path,) = folder.iterdir()
    assert document["images"][0]["path"] == str(path)
    assert png.read_settings(path).prompt == prompt == document["settings"]["prompt"]


def test_without_out_pictures_go_to_the_windows_folder(
    run: Run, home: dict[str, str], quick: tuple[object, ...]
) -> None:
    ran = run("generate", "一只熊 🧸", *quick, "--seed", 3)
    assert ran.code == 0
    (path,) = Path(home["HOME"]).rglob("*.png")
    assert path.parent.name == "Latent Studio"
    assert ran.out.startswith(f"{path}  (seed 3)\n")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--sampler", "flow-hune"), "did you mean 'flow-heun'?"),
        (("--steps", -3), "-3"),
        (("--steps", 0), "steps"),
        (("--steps", "many"), "'many'"),
        (("--guidance", "nan"), "guidance"),
        (("--guidance-interval", 1, 0), "interval"),
        (("--count", 0), "count"),
        (("--seed", -1), "seed"),
        (("--seed", 2**63), "seed"),
        (("--device", "tpu"), "tpu"),
        (("--out", "bear.jpg"), "bear.png"),
        (("--stepps", 3), "--stepps"),
        (("--negative", "\udcff"), "UTF-8"),
    ],
)
def test_wrong_usage_is_exit_2(run: Run, options: tuple[object, ...], word: str) -> None:
    ran = run("generate", "bear", *options)
    assert ran.code == 2
    assert word in ran.error


def test_a_size_the_model_cannot_make_is_wrong_usage(run: Run, tiny: Path, tmp_path: Path) -> None:
    ran = run("generate", "bear", "--model", tiny, "--size", 512, "--out", tmp_path / "new")
    assert ran.code == 2
    assert "not 512" in ran.error
    assert not any(tmp_path.iterdir())


def test_an_unknown_model_is_named(run: Run) -> None:
    ran = run("generate", "bear", "--model", "no-such-model")
    assert ran.code == 1
    assert "no-such-model" in ran.error


def test_places_that_cannot_be_written_are_refused_first(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for out in (f"{file}/", file / "bear.png", file / "folder"):
        ran = run("generate", "bear", "--model", "never looked for", "--out", out)
        assert ran.code == 1
        assert "not a folder" in ran.error
    ran = run("generate", "bear", "--model", "never looked for", "--out", file)
    assert ran.code == 2
    assert "file.png" in ran.error


def test_a_name_too_long_is_an_error(run: Run, quick: tuple[object, ...], tmp_path: Path) -> None:
    ran = run("generate", "bear", *quick, "--out", tmp_path / f"{'b' * 300}.png")
    assert ran.code == 1
    assert "too long" in ran.error
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("part", ["text", "denoiser", "autoencoder"])
def test_damaged_weights_are_one_line(run: Run, tiny: Path, tmp_path: Path, part: str) -> None:
    damaged, out = tmp_path / "damaged", tmp_path / "out"
    shutil.copytree(tiny, damaged)
    weights = damaged / part / "weights-1-of-1.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    ran = run("generate", "bear", "--model", damaged, "--size", SIDE, "--out", out)
    assert ran.code == 1
    assert weights.name in ran.error
    assert not out.exists()


def test_ctrl_c_leaves_whole_pictures_only(
    tiny: Path, home: dict[str, str], tmp_path: Path
) -> None:
    options = f"--count 64 --steps 100 --size {SIDE} --device cpu --out".split()
    command = [sys.executable, "main.py", "generate", "bear", "--model", str(tiny), *options]
    working = subprocess.Popen(
        [*command, str(tmp_path)], cwd=ROOT, env=home, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("*.png")) and working.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    working.send_signal(signal.SIGINT)
    _, err = working.communicate(timeout=60)
    assert (working.returncode, err) == (130, "cancelled\n")
    files = list(tmp_path.iterdir())
    assert 0 < len(files) < 64
    for path in files:
        assert png.read_settings(path).prompt == "bear"


def test_what_is_not_read_of_a_long_prompt_is_said(
    run: Run, quick: tuple[object, ...], tmp_path: Path
) -> None:
    out = tmp_path / "bear.png"
    ran = run("generate", "a red bear " * 30, *quick, "--out", out, "--json")
    (line,) = [line for line in ran.err.splitlines() if line]
    assert line.startswith("note: The prompt is too long for the model: “") and "bear" in line
    assert line.endswith("…” is not read.")
    assert ran.document["images"] and out.is_file()


def test_the_best_comes_first_and_all_keep_their_scores(
    run: Run, tmp_path: Path, quick: tuple[object, ...], judging: Path
) -> None:
    given = ("a (red:1.2) bear", *quick[2:], "--model", judging, "--seed", 1)
    images = run("generate", *given, "--best", 3, "--out", tmp_path / "b", "--json").document[
        "images"
    ]
    scores = [image["score"] for image in images]
    assert len(set(scores)) == 3 and scores == sorted(scores, reverse=True)
    assert sorted(image["seed"] for image in images) == [1, 2, 3]
    for image in images:
        score = png.read_record(Path(image["path"])).score
        assert score is not None and score.tower == image["tower"]
        assert round(score.value, 4) == image["score"]
    assert run("generate", *given, "--best", 2, "--count", 2).code == 2


def test_a_sheet_of_words_lies_beside_its_picture(
    run: Run, tmp_path: Path, quick: tuple[object, ...]
) -> None:
    given = ("generate", "a red bear", *quick, "--out", tmp_path / "bear.png")
    (image,) = run(*given, "--word-maps", "--look-for", "apple", "--json").document["images"]
    assert image["word_maps"] == str(tmp_path / "bear, words.png")
    with Image.open(image["word_maps"]) as sheet:
        assert sheet.width > 4 * SIDE
    assert run(*given, "--look-for", "apple").code == 2
    files = set(tmp_path.iterdir())
    ran = run(*given[:2], *quick, "--out", tmp_path / "new.png", "--word-maps", "--guidance", 0)
    assert ran.code == 2 and "with guidance 0" in ran.error
    assert set(tmp_path.iterdir()) == files  # said before anything is made


@pytest.mark.parametrize("masked", [False, True])
def test_words_of_a_picture_that_began_with_another(
    run: Run, tmp_path: Path, quick: tuple[object, ...], masked: bool
) -> None:
    given: list[object] = ["--image", tmp_path / "start.png", "--seed", 2]
    given += ["--precision", "float32"]  # of less, the maps' attention rounds otherwise
    Image.new("RGB", (SIDE, SIDE), "teal").save(tmp_path / "start.png")
    if masked:
        mask = Image.new("L", (SIDE, SIDE))
        mask.paste(255, (0, 0, SIDE // 2, SIDE))
        mask.save(tmp_path / "mask.png")
        given += ["--mask", tmp_path / "mask.png"]
    out = tmp_path / "bear.png"
    asked = "generate", "a red bear", *quick, *given, "--word-maps", "--out", out, "--json"
    (image,) = run(*asked).document["images"]
    with Image.open(image["word_maps"]) as opened, Image.open(out) as made:
        sheet, picture = np.asarray(opened.convert("RGB")), np.asarray(made)
    windows = np.lib.stride_tricks.sliding_window_view(sheet[..., 0], picture.shape[:2])
    assert (windows == picture[..., 0]).all((2, 3)).any()  # it was made again as it is


def test_brackets_of_no_use_are_noted(run: Run, tmp_path: Path, quick: tuple[object, ...]) -> None:
    ran = run("generate", "a (red bear", *quick, "--out", tmp_path / "bear.png")
    assert ran.code == 0
    assert "note: Nothing closes the ( at character 3; it is text." in ran.err


@pytest.fixture(scope="module")
def judging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with a picture tower."""
    return bundle(tmp_path_factory.mktemp("judging") / "tiny")


def test_a_width_and_a_height(run: Run, tmp_path: Path) -> None:
    """On a model that makes other sizes than squares; squares are said as they always were."""
    pytest.importorskip("transformers")
    from tests.models.families.pipelines import saved

    saved("sd1", tmp_path / "sd")
    words = ("--model", tmp_path / "sd", "--steps", 1, "--device", "cpu", "--seed", 1, "--json")
    for size, pair, stored in (("96x64", (96, 64), "96x64"), (64, (64, 64), 64)):
        place = tmp_path / f"{size}.png"
        ran = run("generate", "bear", *words, "--size", size, "--out", place)
        assert ran.code == 0 and ran.document["settings"]["size"] == stored
        with Image.open(place) as image:
            assert image.size == pair
        assert png.read_settings(place).size == Size(*pair)
    for wrong, told in (("97x64", "try 96x64"), ("wide", "written 512 or 768x512")):
        ran = run("generate", "bear", *words, "--size", wrong)
        assert ran.code == 2 and told in ran.error


@pytest.mark.parametrize(
    ("typed", "file", "weight"),
    [
        ("ink.safetensors", "ink.safetensors", 1.0),
        ("ink.safetensors:0.5", "ink.safetensors", 0.5),
        ("C:\\my loras\\ink.safetensors", "C:\\my loras\\ink.safetensors", 1.0),
        ("C:\\my loras\\ink.safetensors:-1.5", "C:\\my loras\\ink.safetensors", -1.5),
        ("C:/ink 2:1", "C:/ink 2", 1.0),
        ("ink:two", "ink:two", 1.0),
        (":0.5", ":0.5", 1.0),
    ],
)
def test_a_lora_s_weight_stands_behind_its_file(typed: str, file: str, weight: float) -> None:
    asked = ["generate", "x", "--lora", typed, "--embedding", f"{typed}.pt"]
    arguments = build_parser().parse_args(asked)
    assert arguments.addons == [
        AddOn(file, weight=weight, kind=LORA), AddOn(f"{typed}.pt", kind=EMBEDDING)
    ]  # fmt: skip


def test_our_own_model_has_no_clip_skip(run: Run, quick: tuple[object, ...]) -> None:
    ran = run("generate", "bear", *quick, "--clip-skip", "2")
    assert ran.code == 2 and "tiny takes no clip skip" in ran.error


def test_our_own_model_has_no_cache(run: Run, quick: tuple[object, ...]) -> None:
    ran = run("generate", "bear", *quick, "--cache", "0.1")
    assert ran.code == 2 and "tiny takes no cache" in ran.error
    ran = run("generate", "bear", *quick, "--cache", "-0.1")
    assert ran.code == 2 and "threshold must be 0 to 1" in ran.error


def test_our_own_model_takes_no_lora(run: Run, quick: tuple[object, ...], tmp_path: Path) -> None:
    ran = run("generate", "bear", *quick, "--lora", tmp_path / "ink.safetensors:0.5")
    assert ran.code == 2 and "tiny takes no LoRA or embedding files" in ran.error
