"""Weights between the beginning and the end of a training."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from studio.core.errors import UsageError
from studio.models.network_folder import read_manifest
from studio.models.registry import open_network
from studio.networks.denoiser import DenoiserTransformer
from studio.training.blend import blend
from studio.training.bundle import export
from tests import tiny


@pytest.fixture
def trained(tmp_path: Path) -> tuple[Path, Path]:
    torch.manual_seed(0)
    folders = tmp_path / "begun", tmp_path / "ended"
    for folder in folders:
        network = tiny.randomised(DenoiserTransformer(tiny.DENOISER))
        extra = {"path": "rectified-flow", "prediction": "velocity"}
        export(network, "denoiser", tiny.DENOISER, folder, tiny.ABOUT, extra)
    return folders


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_every_weight_lies_between(
    trained: tuple[Path, Path], tmp_path: Path, share: float
) -> None:
    out = tmp_path / "between"
    blend(*trained, share, out)
    begun, ended, between = (
        open_network(str(folder), "denoiser").state_dict() for folder in (*trained, out)
    )
    for name, tensor in between.items():
        wanted = (1 - share) * begun[name] + share * ended[name]
        torch.testing.assert_close(tensor, wanted, atol=1e-3, rtol=1e-3)  # kept in halves
    found = read_manifest(out)
    assert found.extra == read_manifest(trained[1]).extra
    assert found.trained["blended"] == {"share": share, "begun": tiny.ABOUT}


def test_what_does_not_belong_together_is_refused(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="from 0 to 1"):
        blend(*trained, 1.5, tmp_path / "out")
    other = tiny.bundle(tmp_path / "bundle") / "autoencoder"
    with pytest.raises(UsageError, match="one network"):
        blend(trained[0], other, 0.5, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_as_a_command(trained: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "studio.training.blend", *map(str, trained)]
    subprocess.run([*command, "--out", str(out)], check=True)
    assert read_manifest(out).kind == "denoiser"
    wrong = subprocess.run([*command, "--share", "2", "--out", str(out)], capture_output=True)
    assert wrong.returncode == 2 and wrong.stderr.decode().count("\n") == 1
