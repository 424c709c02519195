"""What would never end, or grow without bound, is refused before it is read."""

from __future__ import annotations

import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.core.errors import ModelError
from studio.models import registry
from studio.models.registry import find, open_autoencoder, open_model
from tests import tiny
from tests.models.test_mutations import peak
from tests.models.test_taesd import network, write_pair


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pristine") / "bundle"
    return tiny.with_extras(tiny.bundle(folder))


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("spoil", [piped, endless])
@pytest.mark.parametrize("file", ["model.json", "tokenizer.json", "weights-1-of-1.safetensors"])
def test_pipes_and_devices_are_not_opened(
    spoil: Callable[[Path], None], file: str, pristine: Path, tmp_path: Path
) -> None:
    bundle = shutil.copytree(pristine, tmp_path / "bundle")
    spoil(bundle / "text" / file)
    with pytest.raises(ModelError, match=file):
        open_model(str(bundle))


@pytest.mark.parametrize("spoil", [piped, endless])
def test_nor_as_a_configuration(
    spoil: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "ASSETS", tmp_path / "none")
    monkeypatch.setattr(registry, "user_folder", lambda: tmp_path)
    tiny.bundle(tmp_path / "sound")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "config.json").touch()
    spoil(tmp_path / "odd" / "config.json")
    for name in ("a.safetensors", "taesd_encoder.pth", "taesd_decoder.pth"):
        (tmp_path / "autoencoders").mkdir(exist_ok=True)
        (tmp_path / "autoencoders" / name).touch()
        spoil(tmp_path / "autoencoders" / name)
    assert "sound" in {info.name for info in registry.list_models()}


def test_a_header_of_60_mb_is_not_read(tmp_path: Path) -> None:
    header = b'{"a": ' + b" " * 60_000_000 + b"0}"
    path = tmp_path / "a.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    began = time.process_time()
    with pytest.raises(ModelError):
        find(str(path))
    assert time.process_time() - began < 0.5


def test_an_archive_of_zeros_is_not_unpacked(tmp_path: Path) -> None:
    write_pair(tmp_path / "taesd", network())
    path = tmp_path / "taesd" / "taesd_encoder.pth"
    with zipfile.ZipFile(path) as archive:
        parts = {item.filename: archive.read(item) for item in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, bytes(2**27) if name.endswith("/data/0") else data)
    before, began = peak(), time.process_time()
    with pytest.raises(ModelError, match=r"taesd_encoder\.pth is damaged"):
        open_autoencoder(str(tmp_path / "taesd"))
    assert peak() - before < 2**26 and time.process_time() - began < 0.5


IMPOSSIBLE = {
    "text": ({"depth": 65536}, {"heads": 3}, {"width": 0}, {"vocabulary": 2**40}, {"length": 0}),
    "denoiser": ({"depth": 65536}, {"width": 0}, {"patch": 3}, {"side": 256, "patch": 1}),
    "autoencoder": (
        {"encoder_blocks": [65536, 1]},
        {"encoder_blocks": [1]},
        {"decoder_blocks": []},
        {"widths": [0, 16]},
        {"widths": []},
        {"widths": [8] * 40},
        {"latent_channels": 0},
    ),
    "classifier": ({"depth": 65536}, {"classes": 2**30}, {"patch": 0}),
}


@pytest.mark.parametrize(
    ("part", "change"), [(part, change) for part in IMPOSSIBLE for change in IMPOSSIBLE[part]]
)
def test_impossible_networks_are_refused_at_once(
    part: str, change: dict[str, object], pristine: Path, tmp_path: Path
) -> None:
    bundle = shutil.copytree(pristine, tmp_path / "bundle")
    path = bundle / part / "model.json"
    document = json.loads(path.read_text())
    document["config"].update(change)
    path.write_text(json.dumps(document))
    began = time.process_time()
    with pytest.raises(ModelError, match=r"model\.json|weights") as caught:
        open_model(str(bundle))
    assert time.process_time() - began < 1.0
    assert "torch" not in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [{"parameters": 10**4000}, {"parameters": -1}, {"weights": ["a" * 300 + ".safetensors"]}],
    ids=lambda change: str(next(iter(change))),
)
def test_each_model_is_tried_by_itself(
    change: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "ASSETS", tmp_path / "none")
    monkeypatch.setattr(registry, "user_folder", lambda: tmp_path)
    tiny.bundle(tmp_path / "odd")
    tiny.bundle(tmp_path / "sound")
    path = tmp_path / "odd" / "text" / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    models, damaged = registry.survey()
    assert "sound" in {info.name for info in models}
    assert {"odd", "odd/text"} == {each.name for each in damaged}
    assert all("model.json" in each.reason or "missing" in each.reason for each in damaged)


def test_a_format_that_fails_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ASSETS", tmp_path / "none")
    monkeypatch.setattr(registry, "user_folder", lambda: tmp_path)
    tiny.bundle(tmp_path / "sound")
    form = next(each for each in registry._formats() if each.name == "taesd")
    monkeypatch.setattr(type(form), "recognises", lambda self, path: 1 / 0)
    assert "sound" in {info.name for info in registry.list_models()}
