"""The command for a lent GPU, exercised whole on the CPU with a tiny recipe."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio.training import remote
from tests import tiny
from tests.cli.test_train import RECIPE


def test_run_brings_back_shards_and_log(tmp_path: Path) -> None:
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(RECIPE.format(bundle=json.dumps(str(tiny.bundle(tmp_path / "bundle")))))
    words = ["run", str(recipe), "--device", "cpu", "--no-judge", "--minutes", "1"]
    places = ["--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]
    ran = subprocess.run(
        [sys.executable, "-m", "studio.training.remote", *words, *places],
        cwd=remote.ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["log.jsonl", "model.json", "weights-1-of-1.safetensors"]
    assert json.loads((tmp_path / "out" / "model.json").read_text())["trained"]["steps"] == 2
    assert (tmp_path / "work" / "tiny" / "checkpoint.pt").is_file()


def test_pack_says_when_it_is_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    big = tmp_path / "big.bin"
    big.write_bytes(bytes(3000))
    monkeypatch.setattr(remote, "ROOT", tmp_path)
    monkeypatch.setattr(remote, "CARRY", tmp_path / ".carry")
    monkeypatch.setattr(remote, "travelling", lambda: [big])
    monkeypatch.setattr(remote.subprocess, "run", lambda *_, **__: None)
    assert remote.pack(None) == 0
    monkeypatch.setattr(remote, "LIMIT", 2000)
    assert remote.pack(None) == 1
    assert "big.bin" in capsys.readouterr().out
