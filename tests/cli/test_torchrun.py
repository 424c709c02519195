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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from studio.gallery import png
from tests.cli.conftest import ROOT, Run
from tests.cli.test_train import small
from tests.tiny import SIZE

__all__ = ["small"]

TWO = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
WAIT = 100.0  # seconds

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(home: dict[str, str], tmp_path: Path) -> Start:
    def call(*argv: object, options: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *TWO, *options, "main.py", *map(str, argv)],
            cwd=ROOT,
            env={**home, "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return call


def document(process: subprocess.Popen[str]) -> Any:
    out, err = process.communicate(timeout=WAIT)
    assert process.returncode == 0, err[-3000:]
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
        assert agent.poll() is None, agent.communicate()[1][-3000:]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def pixels(path: str) -> bytes:
    with Image.open(path) as image:
        return image.tobytes()


@pytest.fixture
def quick(tiny: Path) -> tuple[object, ...]:
    return ("--model", tiny, "--size", SIZE, "--device", "cpu", "--json")


def test_pictures_are_those_of_one_process(
    start: Start, program: Run, quick: tuple[object, ...], tmp_path: Path
) -> None:
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("a red bear\na {blue|red} apple\nteddy bear\n", encoding="utf-8")
    words = ("generate", "--prompts", prompts, *quick, "--steps", 2, "--count", 5, "--seed", 3)
    two = document(start(*words, "--out", tmp_path / "two"))
    one = program(*words, "--out", tmp_path / "one").document
    assert len(one["images"]) == 15 and one["nfe"] == two["nfe"]
    for a, b in zip(one["images"], two["images"], strict=True):
        assert (a["seed"], a["prompt"]) == (b["seed"], b["prompt"])
        assert pixels(a["path"]) == pixels(b["path"])


def test_a_comparison_is_that_of_one_process(
    start: Start, program: Run, quick: tuple[object, ...], tmp_path: Path
) -> None:
    grid = ("--seeds", "1,2,3,4,5,6,7", "--samplers", "ddpm,flow", "--steps", 3, "--film")
    words = ("compare", "a red bear", *quick, *grid)
    two = document(start(*words, "--out", tmp_path / "two"))
    one = program(*words, "--out", tmp_path / "one").document
    for a, b in zip(one["cells"], two["cells"], strict=True):
        assert pixels(a["path"]) == pixels(b["path"])
        own = ("path", "seconds")
        assert [a[n] for n in a if n not in own] == [b[n] for n in b if n not in own]
    with Image.open(one["film"]) as a, Image.open(two["film"]) as b:  # they say the seconds
        assert a.n_frames == b.n_frames and a.size == b.size
    names = [sorted(path.name for path in (tmp_path / n).iterdir()) for n in ("one", "two")]
    assert names[0] == names[1]


@pytest.mark.parametrize("rank", [0, 1])
def test_what_a_killed_process_left_is_said_and_made(
    start: Start, home: dict[str, str], quick: tuple[object, ...], tmp_path: Path, rank: int
) -> None:
    prompts, out = tmp_path / "prompts.txt", tmp_path / "out"
    prompts.write_text("".join(f"bear {n}\n" for n in range(24)), encoding="utf-8")
    agent = start("generate", "--prompts", prompts, *quick, "--steps", 150, "--out", out)
    until(agent, lambda: any(out.glob("*.png")))
    os.kill(worker(agent, rank), signal.SIGKILL)
    printed, err = agent.communicate(timeout=WAIT)
    assert agent.returncode != 0 and printed == ""
    made = set(out.glob("*.png"))
    (line,) = (line for line in err.splitlines() if line.startswith("error: "))
    assert f"{24 - len(made)} of 24 pictures are missing" in line
    assert 0 < len(made) < 24

    command = shlex.split(line.partition("Make the rest with: ")[2])
    rest = subprocess.run(
        command, cwd=ROOT, env=home, capture_output=True, text=True, timeout=WAIT, check=True
    )
    images = json.loads(rest.stdout)["images"]
    assert made < {Path(image["path"]) for image in images} == set(out.glob("*.png"))
    assert {png.read_settings(path).prompt for path in out.glob("*.png")} == {
        f"bear {n}" for n in range(24)
    }


def test_a_comparison_that_lost_a_process_is_finished(
    start: Start, home: dict[str, str], quick: tuple[object, ...], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    grid = ("--samplers", "flow", "--steps", ",".join(map(str, range(60, 84))))
    agent = start("compare", "bear", *quick, *grid, "--out", out)
    until(agent, lambda: any(out.glob("*.png")))
    os.kill(worker(agent, 1), signal.SIGKILL)
    _, err = agent.communicate(timeout=WAIT)
    (line,) = (line for line in err.splitlines() if line.startswith("error: "))
    assert re.search(r"\d+ of 24 cells are missing", line)
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.png")}
    command = shlex.split(line.partition("Make the rest with: ")[2])
    rest = subprocess.run(
        command, cwd=ROOT, env=home, capture_output=True, text=True, timeout=WAIT, check=True
    )
    cells = json.loads(rest.stdout)["cells"]
    assert len(cells) == 24 and all(cell["distance"] > 0 for cell in cells)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert not list(out.glob(".parts*"))


def test_a_training_goes_on_from_its_checkpoint(start: Start, small: Path, tmp_path: Path) -> None:
    text = small.read_text(encoding="utf-8")
    text = text.replace("log_every = 1", "log_every = 1\ncheckpoint_minutes = 0.0")
    small.write_text(text, encoding="utf-8")
    out = tmp_path / "run"
    words = ("train", small, "--device", "cpu", "--steps", 60, "--out", out, "--json")
    agent = start(*words, options=("--max-restarts", "1"))
    until(agent, (out / "checkpoint.pt").exists)
    os.kill(worker(agent, 1), signal.SIGKILL)
    assert document(agent)["steps"] == 60
    steps = [json.loads(line)["step"] for line in (out / "log.jsonl").read_text().splitlines()]
    assert steps[-1] == 60
    assert steps.count(1) == 1  # it did not begin again


def test_a_training_that_lost_a_process_says_how_to_go_on(
    start: Start, home: dict[str, str], small: Path, tmp_path: Path
) -> None:
    text = small.read_text(encoding="utf-8")
    text = text.replace("log_every = 1", "log_every = 1\ncheckpoint_minutes = 0.0")
    small.write_text(text, encoding="utf-8")
    out = tmp_path / "run"
    agent = start("train", small, "--device", "cpu", "--steps", 60, "--out", out, "--json")
    until(agent, (out / "checkpoint.pt").exists)
    os.kill(worker(agent, 1), signal.SIGKILL)
    _, err = agent.communicate(timeout=WAIT)
    (line,) = (line for line in err.splitlines() if line.startswith("error: "))
    assert "--resume" in line and "--nproc-per-node 2" in line
