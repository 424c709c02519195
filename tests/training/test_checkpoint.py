"""Starting a network from the weights of one that has since grown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from studio.core.errors import DataError
from studio.networks.denoiser import DenoiserTransformer
from studio.networks.text import TextFeatures
from studio.training import bundle, checkpoint
from tests import tiny


def test_a_part_that_begins_at_zero_may_be_new(tmp_path: Path) -> None:
    small = tiny.randomised(DenoiserTransformer(tiny.DENOISER))
    bundle.export(small, "denoiser", tiny.DENOISER, tmp_path, tiny.ABOUT)
    grown = DenoiserTransformer(replace(tiny.DENOISER, learned_positions=True))
    checkpoint.start_from(tmp_path, grown)
    x, t = torch.randn(2, 4, 4, 4), torch.tensor([0.2, 0.8])
    text = TextFeatures(
        torch.randn(2, 3, 16), torch.ones(2, 3, dtype=torch.bool), torch.randn(2, 12)
    )
    torch.testing.assert_close(grown(x, t, text), small(x, t, text), atol=1e-2, rtol=1e-2)  # fp16


def test_other_missing_parts_are_refused(tmp_path: Path) -> None:
    small = tiny.randomised(DenoiserTransformer(tiny.DENOISER))
    bundle.export(small, "denoiser", tiny.DENOISER, tmp_path, tiny.ABOUT)
    deeper = DenoiserTransformer(replace(tiny.DENOISER, depth=3))
    with pytest.raises(DataError, match="does not fit"):
        checkpoint.start_from(tmp_path, deeper)
