"""`models`: everything that can be opened; what cannot is named beside it."""

import json
from pathlib import Path

import pytest

from studio.models import registry
from tests import tiny
from tests.cli.conftest import Run


def test_damaged_models_are_named_beside_the_others(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "user_folder", lambda: tmp_path)
    for name in ("sound", "odd"):
        tiny.bundle(tmp_path / name)
    kl = {"_class_name": "AutoencoderKL", "down_block_types": None}
    (tmp_path / "kl").mkdir()
    (tmp_path / "kl" / "config.json").write_text(json.dumps(kl))
    (tmp_path / "kl" / "diffusion_pytorch_model.safetensors").write_bytes(
        b"\x30\x00\x00\x00\x00\x00\x00\x00" + json.dumps({"decoder.up." + "9" * 5000: {}}).encode()
    )
    path = tmp_path / "odd" / "denoiser" / "model.json"
    document = json.loads(path.read_text()) | {"parameters": 10**4000}
    path.write_text(json.dumps(document))
    listed = run("models", "--json").document
    assert "sound" in {each["name"] for each in listed["models"]}
    assert {each["name"] for each in listed["damaged"]} == {"odd", "odd/denoiser", "kl"}
    lines = run("models").out.splitlines()
    assert sum(line.startswith("left out: ") for line in lines) == 3
