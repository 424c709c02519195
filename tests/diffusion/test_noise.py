from __future__ import annotations

import pytest
import torch

from studio.core.errors import UsageError
from studio.diffusion.noise import NoiseStream

SHAPE = (4, 8, 8)
SEEDS = (0, 7, 2**32 + 7, 2**63 - 1)


def test_a_batch_is_its_pictures_made_one_by_one() -> None:
    batch = NoiseStream(SEEDS)
    first = batch.initial(SHAPE)
    rest = [batch.like(first) for _ in range(3)]
    for i, seed in enumerate(SEEDS):
        single = NoiseStream([seed])
        alone = single.initial(SHAPE)
        assert torch.equal(first[i : i + 1], alone)
        for draw in rest:
            assert torch.equal(draw[i : i + 1], single.like(alone))


def test_initial_noise_is_always_the_same_and_restarts_the_stream() -> None:
    stream = NoiseStream(SEEDS)
    first = stream.initial(SHAPE)
    second = stream.like(first)
    assert torch.equal(stream.initial(SHAPE), first)
    assert torch.equal(stream.like(first), second)
    assert not torch.equal(first, second)


def test_all_seeds_differ_even_in_their_high_bits() -> None:
    noise = NoiseStream([7, 8, 2**32 + 7, 2**32 + 8, 2**33 + 7, 2**63 - 1]).initial(SHAPE)
    correlation = torch.corrcoef(noise.flatten(1)) - torch.eye(6)
    assert correlation.abs().max() < 0.3  # independent: 0.06 each


def test_small_seeds_mean_what_they_mean_to_torch() -> None:
    expected = torch.randn(SHAPE, generator=torch.Generator().manual_seed(1234))
    assert torch.equal(NoiseStream([1234]).initial(SHAPE)[0], expected)


def test_the_dtype_rounds_the_same_numbers() -> None:
    stream = NoiseStream([5])
    full = stream.initial(SHAPE)
    assert torch.equal(stream.initial(SHAPE, dtype=torch.bfloat16), full.bfloat16())
    assert stream.like(full.double()).dtype == torch.float64


def test_it_is_standard_normal() -> None:
    noise = NoiseStream(range(8)).initial((4, 64, 64))
    assert noise.mean().abs() < 0.01 and (noise.std() - 1.0).abs() < 0.01


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, "7"])
def test_other_seeds_are_refused(seed: object) -> None:
    with pytest.raises(UsageError, match="seed"):
        NoiseStream([seed])  # type: ignore[list-item]
