"""Another prompt from some time on."""

from __future__ import annotations

import pytest
import torch

from studio.diffusion.denoised import Denoised
from studio.diffusion.switched import Switched


def named(number: float) -> object:
    return lambda x, alpha, sigma: Denoised(x + number, x, nfe=1)


@pytest.mark.parametrize(
    ("t", "expected"), [(1.0, 0), (0.9, 0), (0.61, 0), (0.6, 1), (0.5, 1), (0.3, 2), (0.0, 2)]
)
@pytest.mark.parametrize("scale", [1.0, 7.3])
def test_each_is_asked_from_its_time_on(t: float, expected: int, scale: float) -> None:
    switched = Switched((0.9, 0.6, 0.3), (named(0.0), named(1.0), named(2.0)))  # type: ignore[arg-type]
    answer = switched(torch.zeros(1), scale * (1 - t), scale * t)
    assert answer.x0.item() == expected
