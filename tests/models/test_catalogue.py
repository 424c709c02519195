"""The catalogue of models in people's folders: what is found, remembered, found again; what of it
opening heeds."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.core.errors import Cancelled, DataError, ModelError
from studio.core.settings import Settings
from studio.gallery import png
from studio.models import catalogue, known
from studio.models.catalogue import Found, scan, whereabouts
from studio.models.probe.probe import judge
from tests import tiny
from tests.models.probe.files import write
from tests.models.probe.stubs import STUBS

SOME = STUBS[::12]


def go_on() -> None:
    """Nobody cancels."""


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "models"
    found.mkdir()
    for stub in SOME:
        write(found / stub.name, stub.header)
    return found


def one(folder: Path) -> Found:
    (found,) = scan((folder,), go_on)
    return found


def test_every_file_is_told_as_the_probe_tells_it_and_read_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[int, int, int]] = []
    found = scan((folder,), go_on, lambda done, total, came: heard.append((done, total, len(came))))
    assert {each.path.name for each in found} == {stub.name for stub in SOME}
    answers = {stub.name: judge(stub.header, folder / stub.name) for stub in SOME}
    assert all(each.answer == answers[each.path.name] for each in found)
    assert heard[-1] == (len(SOME), len(SOME), len(SOME) - 32 * (len(heard) - 1))

    def read(path: Path) -> None:
        raise AssertionError(path)

    monkeypatch.setattr(catalogue, "probe", read)
    assert scan((folder,), go_on) == found
    os.utime(found[0].path)  # changed since
    with pytest.raises(AssertionError):
        scan((folder,), go_on)


def test_names_pictures_folders_and_links(tmp_path: Path) -> None:
    stub = SOME[0]
    snapshot = tmp_path / "hub" / "models--org--name" / "snapshots" / "0a1b"
    for place in (tmp_path / "hub" / "unet", snapshot / "vae", tmp_path / "hub" / "shards"):
        place.mkdir(parents=True)
        write(place / "diffusion_pytorch_model.safetensors", stub.header)
    (snapshot / "model_index.json").write_text("{}")
    (tmp_path / "hub" / "shards" / "a.safetensors.index.json").write_text("{")
    write(tmp_path / "hub" / "own.safetensors", stub.header)
    (tmp_path / "hub" / "cut.safetensors").write_bytes(b"\xff" * 9)
    (tmp_path / "hub" / "pipe.gguf").mkdir()
    os.mkfifo(tmp_path / "hub" / "pipe.gguf" / "fifo.gguf")
    Image.new("RGB", (4, 4)).save(tmp_path / "hub" / "own.png")
    Image.new("RGB", (4, 4)).save(tmp_path / "hub" / "own.preview.png")
    (tmp_path / "hub" / "round").symlink_to(tmp_path / "hub", target_is_directory=True)
    found = {each.name: each for each in scan((tmp_path / "hub",), go_on)}
    assert set(found) == {
        *("org/name", "own", "cut", "shards", "fifo", "unet/diffusion_pytorch_model"),
    }
    assert found["own"].preview == tmp_path / "hub" / "own.preview.png"
    assert found["org/name"].bytes == found["own"].bytes
    for name in ("cut", "shards", "fifo"):
        assert found[name].answer.kind == "unknown" and len(found[name].answer.reasons) == 1
    with pytest.raises(DataError, match="is no folder"):
        scan((tmp_path / "none",), go_on)


def test_what_was_told_before_cancel_is_remembered(folder: Path) -> None:
    def stop(*_: object) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        scan((folder,), go_on, stop)
    with known.opened() as table:
        (count,) = table.execute("SELECT COUNT(*) FROM files").fetchone()
    assert count == min(len(SOME), catalogue.BATCH)


def test_the_digest_is_that_of_the_file_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "models" / "a.safetensors"
    path.parent.mkdir()
    write(path, SOME[0].header)
    heard: list[tuple[int, int]] = []
    whole = hashlib.sha256(path.read_bytes()).hexdigest()
    assert known.digest_of(path) == ""
    assert known.read_digest(path, go_on, lambda *at: heard.append(at)) == whole
    assert heard[-1] == (path.stat().st_size,) * 2
    assert known.digest_of(path) == one(path.parent).digest == whole

    picture = tmp_path / "a.png"  # what is made with it says so
    png.write(picture, np.zeros((8, 8, 3), np.uint8), Settings("", model=str(path)))
    assert png.read_record(picture).model_hash == whole
    moved = path.rename(path.with_name("b.safetensors"))
    assert whereabouts(str(path), whole) == ""
    known.read_digest(moved, go_on)
    assert whereabouts(str(path), whole) == str(moved)
    assert whereabouts("/elsewhere/b.safetensors", "") == str(moved)
    assert whereabouts("studio-256", "") == "studio-256"
    moved.write_bytes(b"other")
    assert known.digest_of(moved) == "" and whereabouts(str(path), whole) == ""
    os.mkfifo(tmp_path / "fifo.gguf")
    with pytest.raises(ModelError, match="no ordinary file"):
        known.read_digest(tmp_path / "fifo.gguf", go_on)

    def cancel() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        known.read_digest(moved, cancel)


def test_a_file_with_other_weights_is_told_anew(tmp_path: Path) -> None:
    """Though its hash was asked for before it was looked at."""
    path = tmp_path / "models" / "model.safetensors"
    path.parent.mkdir()
    for name in ("sd_xl_base_1.0.safetensors", "v1-5-pruned-emaonly.safetensors"):
        stub = next(stub for stub in STUBS if stub.name == name)
        write(path, stub.header)
        digest = known.read_digest(path, go_on)
        for _ in range(2):
            found = one(path.parent)
            assert found.answer == judge(stub.header, path) and found.digest == digest
            known.read_digest(path, go_on)


def test_a_choice_goes_with_the_weights(tmp_path: Path) -> None:
    stub = next(stub for stub in STUBS if stub.name == "sd_xl_base_1.0.safetensors")
    path = write(tmp_path / stub.name, stub.header)
    assert known.answers(path, go_on) == {}
    known.choose(path, known.read_digest(path, go_on), "prediction", "v")
    moved = path.rename(tmp_path / "renamed.safetensors")
    other = write(tmp_path / "other.safetensors", SOME[0].header)
    assert known.answers(moved, go_on) == {"prediction": "v"} and known.answers(other, go_on) == {}
    found = catalogue.look(moved)
    assert found is not None
    said = {each.topic: (each.value, each.source) for each in found.answer.prefilled}
    assert said["prediction"] == ("v", catalogue.CHOSEN)
    known.choose(moved, found.digest, "prediction", "")
    assert known.answers(moved, go_on) == {}


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    pytest.importorskip("transformers")
    from tests.models.families.pipelines import saved

    folder = tmp_path / "stable-diffusion"
    saved("sd1", folder)
    return folder


def test_opening_heeds_the_choice(pipeline: Path) -> None:
    from studio.models.checkpoint import Checkpoint
    from studio.models.registry import open_model

    def opened() -> tuple[str, float]:
        model = open_model(str(pipeline))
        assert isinstance(model, Checkpoint)
        return model.prediction.name, model.noisiest

    assert opened()[0] == "epsilon" and opened()[1] < 0.99
    digest = known.read_digest(pipeline, go_on)
    known.choose(pipeline, digest, "prediction", "v")
    known.choose(pipeline, digest, "zero terminal SNR", "yes")
    assert opened()[0] == "v" and opened()[1] > 0.999
    assert catalogue.refusal(pipeline) == ""
    assert "not a model" in catalogue.refusal(pipeline.parent)


def test_without_its_file_nothing_is_remembered_and_all_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = known.database()
    place.parent.mkdir(parents=True)
    place.write_bytes(b"no database" * 99)
    assert len(scan((folder,), go_on)) == len(SOME)
    assert place.with_suffix(".damaged").is_file()
    monkeypatch.setattr(known, "database", lambda: folder / SOME[0].name / "x.sqlite")
    assert len(scan((folder,), go_on)) == len(SOME)


def test_folders_of_other_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for name in ("HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    assert catalogue.places() == ()
    wanted = [tmp_path / "AI/ComfyUI/models", tmp_path / "stable-diffusion-webui-forge/models"]
    wanted.append(tmp_path / ".cache/huggingface/hub")
    for path in wanted:
        path.mkdir(parents=True)
    assert {path for _, path in catalogue.places()} == set(wanted)


def test_the_own_model_is_drawn_with(tmp_path: Path) -> None:
    tiny.bundle(tmp_path / "own")
    assert catalogue.refusal(tmp_path / "own") == ""
