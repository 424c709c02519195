"""Named distributions: what they say of themselves is so."""

import subprocess
import sys

import pytest
import torch

from studio.core.errors import UsageError
from studio.diffusion.distributions import DISTRIBUTIONS, Distribution, find_distribution

every = pytest.mark.parametrize("known", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)


@every
def test_centred_unit_size_and_inside_the_view(known: Distribution) -> None:
    mixture = known.mixture
    assert mixture.mean().abs().max() < 1e-5
    assert 0.25 < mixture.std().min() <= mixture.std().max() < 1.3
    points = mixture.sample(5000, torch.Generator().manual_seed(0))
    assert points.abs().max() < known.extent


@every
def test_classes_part_the_whole(known: Distribution) -> None:
    assert sorted(k for each in known.classes for k in each) == list(range(len(known.centres)))


def test_the_moons_are_smooth() -> None:
    """Along an arc the density hardly changes from a part's centre to halfway to the next."""
    moons = find_distribution("moons")
    middle = torch.tensor(moons.centres[20:44])
    between = 0.5 * (middle[1:] + middle[:-1])
    density = moons.mixture.log_density(torch.cat([middle, between])).exp()
    assert (density.max() - density.min()) / density.mean() < 0.01


def test_the_moons_are_the_usual_ones() -> None:
    """(cos u, sin u) and (1 - cos u, 1/2 - sin u), centred and 1.2 times as large."""
    moons = torch.tensor(find_distribution("moons").centres) / 1.2 + torch.tensor([0.5, 0.25])
    u = torch.linspace(0, torch.pi, 64)
    torch.testing.assert_close(moons[:64], torch.stack([u.cos(), u.sin()], -1))
    torch.testing.assert_close(moons[64:], torch.stack([1 - u.cos(), 0.5 - u.sin()], -1))


def test_unknown_name() -> None:
    with pytest.raises(UsageError, match="did you mean 'moons'"):
        find_distribution("moon")


def test_listing_needs_no_torch() -> None:
    code = (
        "import sys, studio.diffusion.distributions, studio.diffusion.named_paths;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
