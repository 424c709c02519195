"""Model files with anything wrong in them: one sentence, soon, in little memory; no traceback."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from studio.core.errors import ModelError
from studio.models import registry
from studio.models.registry import open_autoencoder, open_model
from tests import tiny
from tests.models.mutations import mutated
from tests.models.test_taesd import network, write_pair

diffusers = pytest.importorskip("diffusers")

NUMBER = int(os.environ.get("LATENT_STUDIO_MUTATIONS", "40"))  # 500 for the whole proof
SLOWEST, MOST = 2.0, 2**30  # seconds, bytes


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One model of every format."""
    folder = tmp_path_factory.mktemp("sound") / "models"
    tiny.with_extras(tiny.bundle(folder / "bundle"))
    write_pair(folder / "taesd", network())
    halves = {
        f"{half}.{name}": tensor
        for half in ("encoder", "decoder")
        for name, tensor in network().get_submodule(half).state_dict().items()
    }
    (folder / "autoencoders").mkdir()
    save_file(halves, folder / "autoencoders" / "both.safetensors")
    torch.manual_seed(0)
    kl = diffusers.AutoencoderKL(
        block_out_channels=(32, 64),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    )
    kl.save_pretrained(folder / "kl")
    save_file(dict(kl.state_dict()), folder / "autoencoders" / "alone.safetensors")
    return folder


def peak() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def used(name: str, kind: str) -> None:
    """Opened and tried."""
    with torch.inference_mode():
        if kind == "generator":
            model = open_model(name)
            model.condition(["a red bear"])
            model.decode(torch.zeros(1, *model.latent_shape(model.sizes.own)))
        elif kind == "autoencoder":
            opened = open_autoencoder(name)
            side = 8 * opened.downsampling
            opened.decode(opened.encode(torch.zeros(1, 3, side, side)).mean)
        else:
            registry.open_network(name, kind)


def listed() -> bool:
    """Everything is tried by itself; whether something was left out."""
    models, damaged = registry.survey()
    json.dumps([(info.name, info.parameters, dict(info.trained)) for info in models])
    assert all("\n" not in each.reason and len(each.reason) < 1000 for each in damaged), damaged
    return bool(damaged)


def test_no_mutation_ends_in_a_traceback_or_takes_long(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "ASSETS", tmp_path / "none")
    monkeypatch.setattr(registry, "user_folder", lambda: sound)
    names = {info.name: info.kind for info in registry.list_models()}
    assert {"bundle", "bundle/weak", "taesd", "both", "kl", "alone"} <= names.keys()
    for name, kind in names.items():
        used(name, kind)
    faults, refused = [], 0
    for number in range(NUMBER):
        models = tmp_path / f"models-{number}"
        changed = mutated(number, sound, models).relative_to(models)
        monkeypatch.setattr(registry, "user_folder", lambda folder=models: folder)
        before, began = peak(), time.process_time()
        try:
            refused += listed()
            for name, kind in names.items():
                if name.startswith(changed.parts[0]) or changed.parts[0] == "autoencoders":
                    with suppress(ModelError):
                        used(name, kind)
        except Exception as error:
            faults.append((number, changed, repr(error)[:300]))
        if (took := time.process_time() - began) > SLOWEST or peak() - before > MOST:
            faults.append((number, changed, f"{took:.1f} s, {peak() - before} bytes"))
        shutil.rmtree(models)
    assert not faults
    assert refused > NUMBER / 5
