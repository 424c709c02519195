"""Exported weights: whole, finite and on the disk before anything is replaced."""

import errno
import os
from pathlib import Path

import pytest
import torch
from torch import nn

from studio.core.errors import DataError, OutputError
from studio.networks.denoiser import DenoiserTransformer
from studio.training import bundle
from tests import tiny


def network(fill: float = 0.5) -> nn.Module:
    made = DenoiserTransformer(tiny.DENOISER)
    for parameter in made.parameters():
        nn.init.constant_(parameter, fill)
    return made


def export(folder: Path, fill: float = 0.5) -> None:
    bundle.export(network(fill), "denoiser", tiny.DENOISER, folder, tiny.ABOUT)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("fill", [float("nan"), 1e30])  # 1e30 is beyond half precision
def test_weights_that_are_not_finite_replace_nothing(tmp_path: Path, fill: float) -> None:
    export(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(DataError, match="not finite in half precision"):
        export(tmp_path, fill)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("after", range(3))
def test_a_full_disk_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(bundle, "SHARD_BYTES", 2**15)
    export(tmp_path)
    before, left = contents(tmp_path), [None] * after
    assert len(before) > 3

    def full(number: int) -> None:
        if not left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left.pop()

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"No space left.*what was there is whole"):
        export(tmp_path, 0.25)
    assert contents(tmp_path) == before


def test_fewer_shards_leave_no_stale_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(bundle, "SHARD_BYTES", 2**15)
        export(tmp_path)
    export(tmp_path, 0.25)
    assert sorted(contents(tmp_path)) == ["model.json", "weights-1-of-1.safetensors"]


def test_all_files_may_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        export(tmp_path)
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o644}


def test_what_is_shipped_is_checked_in_half_precision() -> None:
    assert bundle.unfit({"a": torch.ones(2), "b": torch.tensor([70000.0])}) == "'b'"
    assert bundle.unfit({"a": torch.ones(2), "n": torch.tensor([2**60])}) == ""
