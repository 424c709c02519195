"""Two processes under torchrun: the same pictures and figures as one; what a lost process leaves is
named and finished; a training goes on from its checkpoint."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from studio.gallery import png
from tests.cli.conftest import ROOT, Run
from tests.cli.test_train import small
from tests.tiny import SIDE

__all__ = ["small"]

TWO = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
WAIT = 100.0  # seconds
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="/proc says which process has which rank"
)

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(home: dict[str, str], tmp_path: Path) -> Start:
    def call(*argv: object, options: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *TWO, *options, "main.py", *map(str, argv)],
            cwd=ROOT,
            env={**home, "TMPDIR": str(tmp_path), "PYTHONFAULTHANDLER": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return call


def document(process: subprocess.Popen[str]) -> Any:
    out, err = process.communicate(timeout=WAIT)
    assert process.returncode == 0, err
    return json.loads(out)


def worker(agent: subprocess.Popen[str], rank: int) -> int:
    """The process of that rank."""
    children = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
    for child in map(int, children):
        if f"RANK={rank}" in Path(f"/proc/{child}/environ").read_text().split("\0"):
            return child
    raise AssertionError("no such process")


def until(agent: subprocess.Popen[str], there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not there():
        assert agent.poll() is None, agent.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def pixels(path: str) -> bytes:
    with Image.open(path) as image:
        return image.tobytes()


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As torchrun gives each process: how a sum is shared among threads moves its last bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def quick(tiny: Path) -> tuple[object, ...]:
    return ("--model", tiny, "--size", SIDE, "--device", "cpu", "--json")


def report_of(agent: subprocess.Popen[str], folder: Path) -> str:
    """The one line that is said of the process that is lost."""
    printed, err = agent.communicate(timeout=WAIT)
    assert agent.returncode != 0 and printed == ""
    assert not list(folder.glob("latent-studio*"))
    (line,) = (line for line in err.splitlines() if line.startswith("error: "))
    return line


def test_pictures_are_those_of_one_process(
    start: Start, run: Run, quick: tuple[object, ...], tmp_path: Path
) -> None:
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("a red bear\na {blue|red} apple\nteddy bear\n", encoding="utf-8")
    words = ("generate", "--prompts", prompts, *quick, "--steps", 2, "--count", 5, "--seed", 3)
    two = document(start(*words, "--out", tmp_path / "two"))
    one = run(*words, "--out", tmp_path / "one").document
    assert len(one["images"]) == 15 and one["nfe"] == two["nfe"]
    for a, b in zip(one["images"], two["images"], strict=True):
        assert (a["seed"], a["prompt"]) == (b["seed"], b["prompt"])
        assert pixels(a["path"]) == pixels(b["path"])


def test_a_comparison_is_that_of_one_process(
    start: Start, run: Run, quick: tuple[object, ...], tmp_path: Path
) -> None:
    grid = ("--seeds", "1,2,3,4,5", "--samplers", "ddpm,flow", "--steps", 3, "--film")
    words = ("compare", "a red bear", *quick, *grid)
    two = document(start(*words, "--out", tmp_path / "two"))
    one = run(*words, "--out", tmp_path / "one").document
    for a, b in zip(one["cells"], two["cells"], strict=True):
        assert pixels(a["path"]) == pixels(b["path"])
        own = ("path", "seconds")
        assert [a[n] for n in a if n not in own] == [b[n] for n in b if n not in own]
    with Image.open(one["film"]) as a, Image.open(two["film"]) as b:  # they say the seconds
        assert a.n_frames == b.n_frames and a.size == b.size
    names = [sorted(path.name for path in (tmp_path / n).iterdir()) for n in ("one", "two")]
    assert names[0] == names[1]


@needs_proc
def test_what_a_killed_process_left_is_said_and_made(
    start: Start, run: Run, quick: tuple[object, ...], tmp_path: Path
) -> None:
    prompts, out = tmp_path / "prompts.txt", tmp_path / "out"
    prompts.write_text("".join(f"bear {n}\n" for n in range(16)), encoding="utf-8")
    agent = start("generate", "--prompts", prompts, *quick, "--steps", 100, "--out", out)
    until(agent, lambda: any(out.glob("*.png")))
    os.kill(worker(agent, 0), signal.SIGKILL)
    line = report_of(agent, tmp_path)
    made = set(out.glob("*.png"))
    assert f"{16 - len(made)} of 16 pictures are missing" in line
    assert 0 < len(made) < 16

    _, _, *words = shlex.split(line.partition("Make the rest with: ")[2])
    images = run(*words).document["images"]
    assert made < {Path(image["path"]) for image in images} == set(out.glob("*.png"))
    assert {png.read_settings(path).prompt for path in out.glob("*.png")} == {
        f"bear {n}" for n in range(16)
    }


@needs_proc
def test_a_comparison_that_lost_a_process_is_finished(
    start: Start, run: Run, quick: tuple[object, ...], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    grid = ("--samplers", "flow", "--steps", ",".join(map(str, range(60, 76))))
    agent = start("compare", "bear", *quick, *grid, "--out", out)
    until(agent, lambda: any(out.glob(".parts*/cell *.npz")))
    os.kill(worker(agent, 1), signal.SIGKILL)
    line = report_of(agent, tmp_path)
    assert re.search(r"\d+ of 16 cells are missing", line)
    kept = [int(part.stem.split()[1]) for part in out.glob(".parts*/cell *.npz")]
    made = [path for n in kept for path in out.glob(f"{n + 1:03d} *.png")]  # others were cut off
    before = {path: path.stat().st_mtime_ns for path in made}
    _, _, *words = shlex.split(line.partition("Make the rest with: ")[2])
    cells = run(*words).document["cells"]
    assert len(cells) == 16 and all(cell["distance"] > 0 for cell in cells)
    assert before and all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert not list(out.glob(".parts*"))


@needs_proc
def test_a_training_goes_on_from_its_checkpoint_and_says_how_when_torchrun_gives_up(
    start: Start, small: Path, tmp_path: Path
) -> None:
    text = small.read_text(encoding="utf-8")
    text = text.replace("log_every = 1", "log_every = 1\ncheckpoint_minutes = 0.0")
    small.write_text(text, encoding="utf-8")
    out, words = tmp_path / "run", ("--device", "cpu", "--steps", 9999)
    agent = start("train", small, *words, "--out", out, options=("--max-restarts", "1"))
    until(agent, (out / "checkpoint.pt").exists)
    lost = worker(agent, 1)
    os.kill(lost, signal.SIGKILL)
    until(agent, lambda: not Path(f"/proc/{lost}").exists())
    before = steps_in(out)
    until(agent, lambda: len(steps_in(out)) > len(before) + 3)
    os.kill(worker(agent, 1), signal.SIGKILL)
    _, err = agent.communicate(timeout=WAIT)
    first, last = (line for line in err.splitlines() if line.startswith("error: "))
    assert "torchrun restarts them all" in first
    assert "--resume" in last and "--nproc-per-node 2" in last
    steps = steps_in(out)
    assert steps.count(1) == 1  # it did not begin again


def steps_in(out: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (out / "log.jsonl").read_text().splitlines()]
