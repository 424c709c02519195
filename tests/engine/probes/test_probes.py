"""Every probe on an autoencoder whose every answer is known: means of blocks, and blocks again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.autoencoding import Probe, Probed, Tile
from studio.core.errors import Cancelled, UsageError
from studio.core.learning import Preparing
from studio.core.messages import Event
from studio.core.specs import Options
from studio.engine.measures import elbo
from studio.engine.probes import all_probes, probe
from studio.engine.probes.frequencies import band
from studio.engine.worker import Worker
from studio.networks.autoencoder import Posterior

FOLD, DEVIATION = 4, 0.1


class Blocks(nn.Module):
    """Encodes the mean of each 4 x 4 block, a colour a channel, with one posterior deviation;
    decodes blocks. `normalised` has its own shift and scale."""

    downsampling, latent_channels, variational = FOLD, 3, True

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))
        self.decoded = 0

    def encode(self, pictures: Tensor) -> Posterior:
        mean = F.avg_pool2d(pictures, FOLD)
        return Posterior(mean, torch.full_like(mean, 2 * float(np.log(DEVIATION))))

    def decode(self, latents: Tensor) -> Tensor:
        self.decoded += len(latents)
        return F.interpolate(latents, scale_factor=FOLD)

    def normalised(self, latents: Tensor) -> Tensor:
        return (latents - 0.2) / 0.5

    def denormalised(self, latents: Tensor) -> Tensor:
        return latents * 0.5 + 0.2


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def blocky(seed: int = 0, side: int = 16) -> np.ndarray:
    """A picture that the autoencoder returns exactly: 4 x 4 blocks of grey values around 128."""
    blocks = np.random.default_rng(seed).integers(90, 166, (side // FOLD, side // FOLD, 3))
    return blocks.repeat(FOLD, 0).repeat(FOLD, 1).astype(np.uint8)


def look(name: str, *pictures: np.ndarray, options: Options = (), seed: int = 0) -> Probed:
    *_, found = probe(Blocks(), Probe(name, "blocks", pictures, options, seed))
    assert isinstance(found, Probed)
    assert found.tiles and found.words.endswith(".") and found.columns >= 1
    for each in found.tiles:
        assert each.image.dtype == np.uint8 and each.image.shape[2] == 3
    return found


def decibels(found: Tile) -> float:
    (number,) = re.findall(r"(-?[\d.]+) dB", found.detail)
    return float(number)


def test_the_posterior_is_shown_as_it_is() -> None:
    found = look("posterior", blocky())
    assert [t.label for t in found.tiles[:3]] == ["mean 0", "deviation 0", "KL 0"]
    mean = blocky()[::FOLD, ::FOLD].astype(float) / 127.5 - 1
    variance = DEVIATION**2
    expected = 0.5 * (mean**2 + variance - 1 - np.log(variance)).sum((0, 1))
    assert found.curves[0].y == pytest.approx(expected, rel=1e-4)
    assert f"{DEVIATION:.3f}" in found.words and f"{expected.sum():.0f} nats" in found.words


def test_a_plain_autoencoder_has_no_deviation_to_show() -> None:
    plain = Blocks()
    plain.variational = False
    (found,) = probe(plain, Probe("posterior", "blocks", (blocky(),)))
    assert isinstance(found, Probed) and len(found.tiles) == 3 and "plain" in found.words


def test_samples_spread_as_the_posterior_does() -> None:
    found = look("samples", blocky(), options=(("count", 32),))
    assert len(found.tiles) == 2 + 32
    (spread,) = re.findall(r"differ by ([\d.]+)", found.words)
    assert float(spread) == pytest.approx(DEVIATION / 2, rel=0.1)  # the range is 2 wide
    assert (found.tiles[0].image == blocky()).all()


def test_noise_costs_what_its_variance_says() -> None:
    found = look("noise", blocky(), options=(("most", 0.2),))
    (curve,) = found.curves
    assert (found.tiles[0].image == blocky()).all() and curve.y[0] > 80
    for sigma, ratio in zip(curve.x[3:], curve.y[3:], strict=True):
        # half of half the latent's deviation, on a range of 1
        assert ratio == pytest.approx(-20 * np.log10(sigma * 0.5 / 2), abs=1.5)
    assert list(curve.y) == sorted(curve.y, reverse=True)


def test_bits_cost_six_decibels_each() -> None:
    found = look("quantise", blocky(side=64), options=(("most", 10),))
    (curve,) = found.curves
    assert curve.x == tuple(range(10, 0, -1))
    falls = np.diff(curve.y[2:8])
    assert falls.mean() == pytest.approx(-6.02, abs=0.5)
    assert "0.188 bits/pixel" in found.tiles[-1].detail  # 3 values of one bit for 16 pixels


def test_a_channel_switched_off_takes_its_colour_alone() -> None:
    found = look("channels", blocky())
    whole = found.tiles[0].image
    for channel in range(3):
        without = found.tiles[1 + channel].image
        others = [c for c in range(3) if c != channel]
        assert (without[..., others] == whole[..., others]).all()
        assert len(np.unique(without[..., channel])) == 1
        mean = blocky()[..., channel].mean()
        assert abs(without[0, 0, channel] - mean) <= 1


def test_a_walk_moves_along_its_channel_by_whole_deviations() -> None:
    options: Options = (("along", "channel"), ("index", 1), ("reach", 2.0))
    found = look("walk", blocky(), options=options)
    first, middle, last = (found.tiles[n].image.astype(int) for n in (0, 4, 8))
    deviation = blocky()[..., 1].std()
    assert (middle == blocky()).all()
    assert (first[..., 0] == middle[..., 0]).all()
    assert (last - middle)[..., 1].mean() == pytest.approx(2 * deviation, abs=1)
    assert (first - middle)[..., 1].mean() == pytest.approx(-2 * deviation, abs=1)


def test_components_come_largest_first() -> None:
    shares = []
    for index in range(3):
        options: Options = (("along", "component"), ("index", index))
        (share,) = re.findall(r"(\d+) %", look("walk", blocky(), options=options).words)
        shares.append(int(share))
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(100, abs=2)


def test_the_prior_needs_no_picture_and_heeds_the_seed() -> None:
    options: Options = (("count", 3), ("side", 4))
    found, again, other = (look("prior", options=options, seed=s) for s in (1, 1, 2))
    assert len(found.tiles) == 6 and found.tiles[0].image.shape == (16, 16, 3)
    assert (found.tiles[0].image == again.tiles[0].image).all()
    assert (found.tiles[0].image != other.tiles[0].image).any()


def test_a_walk_between_pictures_begins_and_ends_with_them() -> None:
    first, second = blocky(1), blocky(2)
    found = look("interpolate", first, second, options=(("frames", 5),))
    assert found.columns == 5 and len(found.tiles) == 15
    for row in range(3):
        assert (found.tiles[5 * row].image == first).all()
        assert (found.tiles[5 * row + 4].image == second).all()
    half = (first.astype(float) + second) / 2
    for row in (0, 1):  # this autoencoder is linear: both are the cross-fade
        assert np.abs(found.tiles[5 * row + 2].image - half).max() <= 1


def test_a_step_in_a_random_direction_is_as_long_as_the_way() -> None:
    first, second = blocky(1, 64), blocky(2, 64)
    found = look("step", first, second)
    pixels, way, _ = found.curves
    assert (found.tiles[0].image == first).all() and (found.tiles[7].image == second).all()
    for number in (0, 3):  # blocks of four: three neighbours of four are the same
        assert way.y[number] == pytest.approx(0.76, abs=0.04)
    steps = [tile.image.astype(float) - first for tile in found.tiles[:4]]
    length = np.linalg.norm(second.astype(float) - first)
    assert np.linalg.norm(steps[1]) == pytest.approx(0.25 * length, rel=0.01)  # nothing is clipped
    assert list(pixels.y) == sorted(pixels.y, reverse=True)
    variance = first.astype(float).var()
    expected = pixels.y[0] / (1 + length**2 / first.size / variance)  # noise has no covariance
    assert pixels.y[-1] == pytest.approx(expected, abs=0.03)


def test_noise_does_not_come_through_what_averages() -> None:
    found = look("no-picture", blocky(side=64))
    through, grey = found.curves
    assert found.columns == 4 and through.y[0] > 80
    assert grey.y[-1] == pytest.approx(-20 * np.log10(0.2), abs=0.2)
    kept = 10 * np.log10(16 / 15)  # the mean of sixteen takes a sixteenth of the variance away
    assert through.y[-1] - grey.y[-1] == pytest.approx(kept, abs=0.1)


def test_the_bound_lies_below_what_it_bounds() -> None:
    found = look("bound")
    exact, lower, blind = (np.array(curve.y) for curve in found.curves)
    assert list(exact) == sorted(exact)
    assert (lower < exact + 0.05).all() and 0 < (exact - lower).mean() < 0.1
    assert (blind < lower - 1).all()
    gaps = [float(each) for each in re.findall(r"([\d.]+) nats", found.words)]
    assert gaps[:2] == pytest.approx([(exact - lower).mean(), (exact - blind).mean()], abs=0.06)


def test_a_probe_that_brings_its_own_opens_no_autoencoder_and_tells_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(elbo, "_trained", {})
    checks = 0

    def check() -> None:
        nonlocal checks
        checks += 1
        if checks == 25:
            raise Cancelled

    run, told = Worker("cpu").run(Probe("bound", "there is none"), check), list[Event]()
    with pytest.raises(Cancelled):
        told += run
    far = [event for event in told if isinstance(event, Preparing)]
    assert [each.done for each in far] == [0, 10, 20] and far[0].total == elbo.STEPS
    assert far[0].seconds_left is None and (far[2].seconds_left or 0) > 0
    assert not elbo._trained


def test_a_patch_is_pasted_where_it_is_asked_and_nowhere_else() -> None:
    first, second = blocky(1), blocky(2)
    found = look("paste", first, second, options=(("size", 0.5), ("x", 0.0), ("y", 1.0)))
    pasted = found.tiles[3].image
    assert (pasted[8:, :8] == second[8:, :8]).all()
    assert (pasted[:8] == first[:8]).all() and (pasted[8:, 8:] == first[8:, 8:]).all()
    assert (found.tiles[2].image == pasted).all()  # blocks do not blend


def test_bands_are_parts_of_the_whole() -> None:
    picture = torch.rand(1, 3, 12, 20, generator=torch.Generator().manual_seed(0))
    edges = [0.0, 0.05, 0.1, 0.2, 0.5]
    parts = [band(picture, low, high) for low, high in pairwise(edges)]
    torch.testing.assert_close(sum(parts), picture)
    energies = sum(float(part.square().sum()) for part in parts)
    assert energies == pytest.approx(float(picture.square().sum()), rel=1e-4)  # Parseval


def test_what_is_kept_exactly_is_right_in_every_band() -> None:
    (curve,) = look("frequencies", blocky()).curves
    assert min(curve.y) > 0.999
    noisy = np.random.default_rng(0).integers(0, 255, (16, 16, 3)).astype(np.uint8)
    (curve,) = look("frequencies", noisy).curves
    assert curve.y[-1] < 0.5 < curve.y[0]  # blocks lose what is fine


@pytest.mark.parametrize("spec", all_probes(), ids=lambda spec: spec.name)
def test_every_probe_takes_odd_pictures_and_can_be_cancelled(spec) -> None:  # type: ignore[no-untyped-def]
    odd = np.random.default_rng(0).integers(0, 255, (13, 30, 3)).astype(np.uint8)
    large = np.zeros((700, 20, 3), np.uint8)
    found = look(spec.name, odd, large)
    if spec.pictures:
        assert any(tile.image.shape == (13, 30, 3) for tile in found.tiles) or (
            spec.name == "posterior"
        )
    if spec.pictures == 2:
        assert "resized to 30 x 13" in found.words

    def check() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        list(probe(Blocks(), Probe(spec.name, "blocks", (odd, large)), check))


def test_large_pictures_are_made_smaller_and_it_is_said() -> None:
    found = look("channels", np.zeros((600, 1024, 3), np.uint8))
    assert found.tiles[0].image.shape == (300, 512, 3) and "512 x 300" in found.words


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        (Probe("dream", "blocks", (blocky(),)), "dream"),
        (Probe("noise", "blocks"), "a picture"),
        (Probe("paste", "blocks", (blocky(),)), "two pictures"),
        (Probe("noise", "blocks", (blocky(),), (("most", 99.0),)), "most|Largest"),
        (Probe("noise", "blocks", (blocky(),), (("nope", 1.0),)), "nope"),
    ],
)
def test_what_makes_no_sense_is_said(asked: Probe, word: str) -> None:
    with pytest.raises(UsageError, match=word):
        list(probe(Blocks(), asked))


def test_nothing_is_decoded_after_cancelling() -> None:
    model, calls = Blocks(), 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise Cancelled

    def cancelled() -> object:
        return list(probe(model, Probe("noise", "blocks", (blocky(),)), check))

    with pytest.raises(Cancelled):
        cancelled()
    assert model.decoded == 2  # one check was the encoder's
