"""Finding models: names, paths, folders of the user's own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from studio.core.errors import ModelError
from studio.models import registry
from tests import tiny


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """(assets, the user's folder), both holding a "tiny", the user's also a "mine"."""
    assets, user = tmp_path / "assets", tmp_path / "user"
    monkeypatch.setattr(registry, "ASSETS", assets)
    monkeypatch.setattr(registry, "user_folder", lambda: user)
    tiny.bundle(assets / "tiny")
    tiny.bundle(user / "tiny")
    tiny.bundle(user / "mine")
    (assets / "icons").mkdir()
    (user / "notes.txt").write_text("not a model")
    return assets, user


def test_everything_that_can_be_opened_is_listed(folders: tuple[Path, Path]) -> None:
    assets, user = folders
    listed = {info.name: info for info in registry.list_models()}
    parts = {"autoencoder", "denoiser", "text"}
    expected = {name + end for name in ("tiny", "mine") for end in ("", *(f"/{p}" for p in parts))}
    assert set(listed) == expected
    assert listed["tiny"].path == assets / "tiny"
    assert listed["mine/text"].path == user / "mine" / "text"
    assert listed["mine/text"].kind == "text"
    assert listed["tiny"].parameters == sum(listed[f"tiny/{part}"].parameters for part in parts)
    assert next(iter(listed)) == "tiny"


def test_a_damaged_model_is_left_out_but_explained(
    folders: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    (folders[1] / "mine" / "denoiser" / "model.json").write_text("{")
    names = [info.name for info in registry.list_models()]
    assert "mine" not in names
    assert "mine/text" in names
    assert "cannot be read" in caplog.text
    with pytest.raises(ModelError, match="cannot be read"):
        registry.find("mine")


def test_a_generator_s_autoencoder_is_its_own_or_the_chosen_one(folders: tuple[Path, Path]) -> None:
    own, other = folders[0] / "tiny" / "autoencoder", folders[1] / "mine" / "autoencoder"
    for model, place in (
        ("tiny", own), (str(own.parent), own), (f"tiny|vae={other}", other),
        ("tiny|vae=mine", other),
    ):  # fmt: skip
        found = registry.autoencoder_of(model)
        assert (found.name, found.path, found.kind) == (str(place), place, "autoencoder")
    with pytest.raises(ModelError):
        registry.autoencoder_of("mine/text")


def test_names_and_paths_are_found(folders: tuple[Path, Path], tmp_path: Path) -> None:
    assert registry.find("tiny").path == folders[0] / "tiny"
    assert registry.find(str(folders[1] / "mine")).name == "mine"
    assert registry.find("tiny/autoencoder").kind == "autoencoder"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tinny", "did you mean 'tiny'"),
        ("zzz", "there are: tiny, tiny/auto"),
        ("", "there are: tiny, tiny/auto"),
    ],
)
def test_a_name_that_is_not_there_gets_advice(
    name: str, words: str, folders: tuple[Path, Path]
) -> None:
    with pytest.raises(ModelError, match=words):
        registry.find(name)


def test_a_path_that_is_no_model_is_an_error(folders: tuple[Path, Path]) -> None:
    for path in (folders[1] / "notes.txt", folders[0] / "icons", folders[0]):
        with pytest.raises(ModelError, match="not a model in any known format"):
            registry.find(str(path))


def test_of_many_names_some_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders: tuple[Path, Path]
) -> None:
    for number in range(40):
        shutil.copytree(folders[1] / "mine" / "text", folders[1] / f"text-{number:02}")
    for asked in ("zzz", str(folders[1])):
        with pytest.raises(ModelError, match=", \\.\\.\\.") as error:
            registry.find(asked)
        assert str(error.value).count("text-") < 13


def test_missing_folders_hold_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ASSETS", tmp_path / "none")
    monkeypatch.setattr(registry, "user_folder", lambda: tmp_path / "nowhere")
    assert registry.list_models() == ()
    with pytest.raises(ModelError, match="there are: none"):
        registry.open_model("studio-256")


def test_the_users_folder_is_theirs() -> None:
    assert registry.user_folder().is_absolute()
    assert registry.user_folder().parts[-2:] == ("latent-studio", "models")


def test_autoencoders_go_by_their_own_names(folders: tuple[Path, Path]) -> None:
    assets, user = folders
    for target in (assets / "autoencoders" / "ae", user / "autoencoders" / "ae"):
        shutil.copytree(assets / "tiny" / "autoencoder", target)
    shutil.copytree(assets / "tiny" / "autoencoder", user / "autoencoders" / "trained")
    (user / "autoencoders" / "empty").mkdir()
    listed = {info.name: info for info in registry.list_autoencoders()}
    assert set(listed) == {"tiny/autoencoder", "mine/autoencoder", "ae", "trained"}
    assert listed["ae"].path == assets / "autoencoders" / "ae"
    assert all(info.kind == "autoencoder" for info in listed.values())
    assert "ae" in [info.name for info in registry.list_models()]
    for name in (*listed, "tiny", str(user / "autoencoders" / "trained")):
        opened = registry.open_autoencoder(name)
        latents = opened.encode(torch.zeros(1, 3, opened.downsampling, opened.downsampling)).mean
        assert latents.shape == (1, opened.latent_channels, 1, 1)
    with pytest.raises(ModelError, match="did you mean 'trained'"):
        registry.open_autoencoder("traned")
    with pytest.raises(ModelError, match="not a model in any known format"):
        registry.open_autoencoder(str(user / "autoencoders" / "empty"))
