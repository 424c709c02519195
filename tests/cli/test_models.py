"""`models`: everything that can be opened; what cannot is named beside it."""

import json
from pathlib import Path

import pytest

from studio.models import registry
from tests import tiny
from tests.cli.conftest import Run
from tests.models.probe.files import write
from tests.models.probe.stubs import STUBS


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


def test_a_folder_is_listed_as_the_window_lists_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    models = tmp_path / "models"
    tiny.bundle(models / "own")
    (models / "own" / "model_index.json").write_text("{}")
    krea = next(stub for stub in STUBS if stub.name == "krea2.safetensors")
    write(models / krea.name, krea.header)
    listed = run("models", "--scan", models, "--json").document["models"]
    other, own = sorted(listed, key=lambda each: str(each["name"]))
    assert (own["name"], own["opens"], own["refusal"]) == ("own", "yes", "")
    assert (other["kind"], other["family"], other["hash"]) == ("denoiser", "Krea 2", "")
    assert other["refusal"] and other["opens"] == "no" and other["bytes"] > 10**6
    lines = run("models", "--scan", models).out.splitlines()
    assert lines[0].split() == [
        *("name", "kind", "family", "variant", "precision", "size", "hash", "opens", "path"),
    ]
    assert len(lines) == 3
    assert "is no folder" in run("models", "--scan", models / "none").error


def test_a_probe_says_what_a_generator_takes(run: Run, tiny: Path) -> None:
    """Where it would be loaded; of what draws nothing, nothing."""
    words = ("models", "--probe", tiny, "--device", "cpu", "--precision", "float32")
    told = run(*words, "--json").document["probe"]["memory"]
    assert told["parts"] == {"model": 4 * registry.find(str(tiny)).parameters}
    assert told["precision"] == "float32" and told["total"] > told["parts"]["model"]
    assert f"  memory: {told['words'][:20]}" in run(*words).out
    assert (
        run("models", "--probe", tiny / "autoencoder", "--json").document["probe"]["memory"] is None
    )
