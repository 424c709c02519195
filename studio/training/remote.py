"""Training on a lent GPU: one command there, small things in, small things out.

    python3 -m studio.training.remote pack               # here: what must travel, and how large
    python3 -m studio.training.remote run denoiser --minutes 8 --out OUT      # there

`pack` gathers in `.carry/` (ignored by git) what that machine lacks: wheels, and SqueezeNet's
weights for LPIPS. `run` trains, judges the result with the report card and leaves in OUT the
weights in shards under 16 MiB, the log, the card and the sheet. The run itself stays in
`--work`, so that a second call on the same machine goes on with `--resume`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from studio.core.installation import ASSETS

ROOT = Path(__file__).resolve().parents[2]
CARRY = ROOT / ".carry"
WHEELS = ("platformdirs", "lpips")
LIMIT = 64 * 2**20
BUNDLE = ASSETS / "studio-256"


def travelling() -> list[Path]:
    """What a copy of the working tree holds: tracked and unignored files, and the carried ones."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    carried = [path for path in CARRY.rglob("*") if path.is_file()]
    return [p for p in map(ROOT.joinpath, listed.stdout.splitlines()) if p.is_file()] + carried


def pack(lpips_weights: Path | None) -> int:
    """Fills `.carry/`; returns 1 if the whole is too large, and says what to set aside."""
    CARRY.mkdir(exist_ok=True)
    wheels = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(CARRY)]
    subprocess.run([*wheels, *WHEELS], check=True)
    if lpips_weights is not None:
        home = CARRY / "torch" / "hub" / "checkpoints"
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(lpips_weights, home / lpips_weights.name)
    files = travelling()
    total = sum(path.stat().st_size for path in files)
    print(f"{total / 2**20:.1f} MiB would travel; the limit is {LIMIT / 2**20:.0f}.")
    if total <= LIMIT:
        return 0
    print("Too much. The largest files (set aside what this run makes anew):")
    for path in sorted(files, key=lambda p: -p.stat().st_size)[:8]:
        print(f"  {path.stat().st_size / 2**20:6.1f} MiB  {path.relative_to(ROOT)}")
    return 1


def environment() -> dict[str, str]:
    """This process's, with the carried wheels on the path and SqueezeNet's weights found."""
    wheels = [str(path) for path in sorted(CARRY.glob("*.whl"))]
    paths = [str(ROOT), *wheels, os.environ.get("PYTHONPATH", "")]
    found = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONUNBUFFERED": "1"}
    if (CARRY / "torch").is_dir():
        found["TORCH_HOME"] = str(CARRY / "torch")
    return {**os.environ, **found}


def studio(*words: str) -> None:
    subprocess.run([sys.executable, "main.py", *words], cwd=ROOT, env=environment(), check=True)


@dataclass(frozen=True)
class Job:
    """What `run` is asked for."""

    recipe: str
    minutes: float
    out: Path
    work: Path
    device: str
    resume: bool
    judge: bool

    @property
    def folder(self) -> Path:
        return self.work / Path(self.recipe).stem


def run(job: Job) -> int:
    """Trains, brings back what counts, and judges the bundle with the new weights in it."""
    # Ctrl-C's signal reaches the whole group: the training saves and stops, this waits for it
    signal.signal(signal.SIGINT, lambda *_: None)
    options = ["--device", job.device, "--minutes", str(job.minutes), "--out", str(job.folder)]
    studio("train", job.recipe, *options, *(["--resume"] if job.resume else []))
    job.out.mkdir(parents=True, exist_ok=True)
    for pattern in ("weights-*.safetensors", "model.json", "log.jsonl"):
        for path in job.folder.glob(pattern):
            shutil.copy(path, job.out)
    if job.judge:
        judge(job)
    return 0


def judge(job: Job) -> None:
    """The report card of the shipped bundle with this run's network in place of its own."""
    kind = json.loads((job.folder / "model.json").read_text(encoding="utf-8"))["kind"]
    bundle = job.work / "studio-256"
    shutil.copytree(BUNDLE, bundle, dirs_exist_ok=True)
    unshipped = shutil.ignore_patterns("*.pt", "*.jsonl")
    shutil.copytree(job.folder, bundle / kind, dirs_exist_ok=True, ignore=unshipped)
    card = job.work / "card"
    studio(
        "evaluate", "--quick", "--model", str(bundle), "--device", job.device, "--out", str(card)
    )
    for path in card.iterdir():
        shutil.copy(path, job.out)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    packing = verbs.add_parser("pack")
    packing.add_argument(
        "--lpips-weights", type=Path, help="SqueezeNet's .pth, for the autoencoder"
    )
    running = verbs.add_parser("run")
    running.add_argument("recipe")
    running.add_argument("--minutes", type=float, default=8.0)
    running.add_argument("--out", type=Path, required=True)
    running.add_argument("--work", type=Path, default=Path("/tmp/latent-studio"))
    running.add_argument("--device", default="cuda")
    running.add_argument("--resume", action="store_true")
    running.add_argument("--no-judge", dest="judge", action="store_false")
    given = parser.parse_args()
    if given.verb == "pack":
        return pack(given.lpips_weights)
    del given.verb
    return run(Job(**vars(given)))


if __name__ == "__main__":
    sys.exit(main())
