"""Reconstruct: what comes back is measured rightly, in any size, and stops when asked to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.autoencoding import Probe, Reconstruct, Reconstructed
from studio.core.errors import Cancelled, ModelError, UsageError
from studio.core.learning import Train
from studio.core.messages import Event, Finished, Progress, Started
from studio.engine import autoencoders, reconstruct
from studio.engine.devices import Device
from studio.engine.worker import Worker, run_now
from studio.metrics import perceptual
from studio.networks.autoencoder import Posterior

needs_lpips = pytest.mark.skipif(
    not perceptual.lpips_available(), reason="SqueezeNet's weights are not in TORCH_HOME"
)


class Averages(nn.Module):
    """Keeps the means of squares of `fold` pixels; with `fold` 1, everything."""

    def __init__(self, fold: int = 4, variational: bool = True) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))
        self.downsampling, self.latent_channels, self.variational = fold, 3, variational
        self.encoded: list[tuple[int, ...]] = []
        self.modes: list[bool] = []

    def encode(self, pictures: Tensor) -> Posterior:
        self.encoded.append(tuple(pictures.shape))
        self.modes.append(torch.is_inference_mode_enabled())
        mean = F.avg_pool2d(pictures, self.downsampling) * self.gain
        return Posterior(mean, torch.full_like(mean, -2.0))

    def decode(self, latents: Tensor) -> Tensor:
        return F.interpolate(latents, scale_factor=self.downsampling)

    def normalised(self, latents: Tensor) -> Tensor:
        return latents

    denormalised = normalised


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Smooth enough for its averages to tell something of it."""
    coarse = np.random.default_rng(seed).random((height // 6 + 2, width // 6 + 2, 3))
    fine = np.kron(coarse, np.ones((7, 7, 1)))[:height, :width]
    return (fine * 255).round().astype(np.uint8)


def worker(*models: nn.Module) -> tuple[Worker, list[str]]:
    """Opens "0", "1", ... of the models; and the list of what has been opened."""
    opened: list[str] = []

    def open_autoencoder(name: str, device: Device) -> nn.Module:
        opened.append(name)
        if not name.isdigit():
            raise ModelError(f"{name} is damaged.")
        return models[int(name)]

    return Worker("cpu", open_autoencoder=open_autoencoder), opened  # type: ignore[arg-type]


def made(request: Reconstruct, *models: nn.Module) -> list[Reconstructed]:
    events: list[Event] = []
    run_now(request, worker(*(models or (Averages(),)))[0], events.append)
    return [event for event in events if isinstance(event, Reconstructed)]


def one(picture: np.ndarray, model: nn.Module | None = None, tile: int = 0) -> Reconstructed:
    (result,) = made(Reconstruct((picture,), ("0",), tile), model or Averages())
    return result


def test_every_picture_goes_through_every_autoencoder() -> None:
    pictures, models = (noise(24, 20), noise(16, 40)), (Averages(4), Averages(2))
    runner, _ = worker(*models)
    events = list(runner.run(Reconstruct(pictures, ("0", "1")), job=7))
    assert isinstance(events[0], Started) and isinstance(events[-1], Finished)
    results = [event for event in events if isinstance(event, Reconstructed)]
    assert [(r.picture, r.autoencoder) for r in results] == [(0, "0"), (0, "1"), (1, "0"), (1, "1")]
    assert [r.latent_shape for r in results] == [(3, 6, 5), (3, 12, 10), (3, 4, 10), (3, 8, 20)]
    for result in results:
        assert result.job == 7
        assert result.image.shape == pictures[result.picture].shape
        assert result.image.dtype == np.uint8
        assert result.encode_seconds > 0 and result.decode_seconds > 0
    at = [(e.picture, e.step, e.steps) for e in events if isinstance(e, Progress)]
    assert at == [(picture, step, 6) for picture in (0, 1) for step in range(1, 7)]
    assert all(e.seconds_left >= 0 for e in events if isinstance(e, Progress))
    assert all(all(model.modes) for model in models)


def test_the_picture_is_the_decoded_mean_rounded() -> None:
    picture = noise(8, 12)
    means = picture.reshape(2, 4, 3, 4, 3).mean((1, 3))
    expected = np.kron(means, np.ones((4, 4, 1)))
    assert np.abs(one(picture).image - expected).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("size", [(96, 100), (11, 13), (90, 91), (200, 161)])
def test_figures_are_those_of_scikit_image(size: tuple[int, int]) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    picture = noise(*size)
    result = one(picture)
    psnr = metrics.peak_signal_noise_ratio(picture, result.image, data_range=255)
    assert result.figures.psnr == pytest.approx(psnr, abs=1e-3)
    ssim = metrics.structural_similarity(
        picture, result.image, data_range=255, channel_axis=2,
        gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    )  # fmt: skip
    assert result.figures.ssim == pytest.approx(ssim, abs=1e-3)
    assert (result.figures.ms_ssim is None) == (min(size) < 88)


@needs_lpips
@pytest.mark.parametrize("size", [(17, 40), (64, 96)])
def test_lpips_is_the_packages_own_number(size: tuple[int, int]) -> None:
    lpips = pytest.importorskip("lpips")
    picture = noise(*size)
    result = one(picture)
    network = lpips.LPIPS(net="squeeze", verbose=False).eval()
    with torch.no_grad():
        pair = [lpips.im2tensor(p) for p in (picture, result.image)]  # in [-1, 1]
        assert result.figures.lpips == pytest.approx(float(network(*pair)), abs=1e-6)
        assert result.figures.lpips == float(network(*(p.contiguous() for p in pair)))
    assert result.lpips_map is not None
    assert result.lpips_map.shape == size
    assert result.lpips_map.dtype == np.float16
    assert result.note == ""


def test_without_its_weights_lpips_says_why_and_the_rest_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    result = one(noise(64, 64))
    assert result.figures.lpips is None and result.lpips_map is None
    assert "TORCH_HOME" in result.note
    assert result.figures.ssim is not None


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 50), (50, 1), (2, 3), (10, 11), (16, 17), (17, 23), (87, 88), (5, 300)]
)
def test_pictures_of_any_size(size: tuple[int, int]) -> None:
    result = one(noise(*size))
    height, width = size
    assert result.image.shape == (height, width, 3)
    assert result.latent_shape == (3, math.ceil(height / 4), math.ceil(width / 4))
    assert (result.figures.ssim is None) == (min(size) < 11)
    if min(size) < 17:
        assert result.figures.lpips is None
        assert "17 pixels" in result.note
    for power in (result.spectra.original, result.spectra.reconstruction, result.spectra.residual):
        assert power.shape == result.spectra.frequencies.shape
        assert np.isfinite(power).all()


def test_nothing_lost_is_a_perfect_score() -> None:
    picture = noise(96, 96)
    result = one(picture, Averages(1))
    assert np.array_equal(result.image, picture)
    figures = result.figures
    assert figures.psnr == pytest.approx(100, abs=1e-3)
    assert figures.ssim == pytest.approx(1) and figures.ms_ssim == pytest.approx(1)
    assert figures.lpips in (None, 0.0)
    assert figures.compression == 1
    assert np.allclose(result.spectra.original, result.spectra.reconstruction)
    assert (result.spectra.residual < -10).all()


def test_what_averages_lose_is_of_high_frequency() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    spectra = one(picture, Averages(4)).spectra
    low, high = spectra.frequencies < 0.06, spectra.frequencies > 0.3
    lost = spectra.residual - spectra.original
    assert lost[high].mean() > lost[low].mean() + 0.5


@pytest.mark.parametrize("size", [(32, 32), (30, 29)])
def test_cost_in_values_and_bits(size: tuple[int, int]) -> None:
    picture, pixels = noise(*size), size[0] * size[1]
    result = one(picture)
    values = 3 * 8 * 8
    assert result.figures.compression == pytest.approx(3 * pixels / values)
    assert result.figures.bits_per_pixel == pytest.approx(16 * values / pixels)
    padded = np.pad(picture, ((0, 32 - size[0]), (0, 32 - size[1]), (0, 0)), mode="edge")
    means = padded.reshape(8, 4, 8, 4, 3).mean((1, 3)) / 127.5 - 1
    nats = 0.5 * (means**2 + math.exp(-2) - 1 + 2).sum()
    assert result.figures.kl_bits_per_pixel == pytest.approx(nats / math.log(2) / pixels, rel=1e-5)
    plain = one(picture, Averages(variational=False))
    assert plain.figures.kl_bits_per_pixel is None


def test_long_pictures_go_in_tiles_and_come_back_the_same() -> None:
    picture, model = noise(100, 150), Averages()
    tiled = one(picture, model, tile=64)
    assert max(shape[2] for shape in model.encoded) == max(s[3] for s in model.encoded) == 64
    assert len(model.encoded) > 4
    assert "tiles of 64 pixels" in tiled.note
    whole = one(picture, Averages(), tile=150)
    assert "tiles" not in whole.note
    assert np.abs(tiled.image.astype(int) - whole.image).max() <= 1
    assert reconstruct.tile_for(1024, 300, 0) == 0
    assert reconstruct.tile_for(300, 1025, 0) == 512


@pytest.mark.parametrize("after", [1, 2, 6, 13])
def test_it_stops_within_a_tile(after: int) -> None:
    model, asked = Averages(), 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked > after:
            raise Cancelled

    runner, _ = worker(model)
    with pytest.raises(Cancelled):
        list(runner.run(Reconstruct((noise(150, 150),), ("0",), 64), check))
    assert asked == after + 1
    assert len(model.encoded) <= after


def test_numbers_that_are_none_are_reported() -> None:
    model = Averages()
    model.gain.data.fill_(math.nan)
    with pytest.raises(ModelError, match="0 decodes this picture to numbers that are not finite"):
        one(noise(16, 16), model)


def test_what_cannot_be_opened_is_one_sentence() -> None:
    with pytest.raises(ModelError, match="nonsense is damaged"):
        made(Reconstruct((noise(8, 8),), ("0", "nonsense")))


def test_opened_ones_are_kept_while_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    request = Reconstruct((noise(8, 8), noise(8, 8)), ("0", "1"))
    runner, opened = worker(Averages(), Averages())
    for _ in range(2):
        list(runner.run(request))
    assert opened == ["0", "1"]
    runner.forget()
    monkeypatch.setattr(autoencoders, "KEPT", 0)
    list(runner.run(request))
    assert opened == ["0", "1"] + ["0", "1"] * 2


def test_parameters_are_not_bound_to_inference() -> None:
    """What is opened while looking can be trained afterwards."""

    def open_autoencoder(name: str, device: Device) -> nn.Module:
        return Averages()

    opened = autoencoders.Autoencoders(
        Device("cpu", "float32", "CPU"), open_autoencoder  # type: ignore[arg-type]
    )  # fmt: skip
    list(reconstruct.reconstruct(opened, Reconstruct((noise(8, 8),), ("0",))))
    assert not any(parameter.is_inference() for parameter in opened.get("0").parameters())


@pytest.mark.parametrize(
    "change",
    [
        lambda r: replace(r, pictures=()),
        lambda r: replace(r, autoencoders=()),
        lambda r: replace(r, tile=63),
        lambda r: replace(r, pictures=(noise(8, 8).astype(float),)),
        lambda r: replace(r, pictures=(noise(8, 8)[:0],)),
    ],
)
def test_senseless_requests_are_refused(change: Callable[[Reconstruct], Reconstruct]) -> None:
    with pytest.raises(UsageError):
        made(change(Reconstruct((noise(8, 8),), ("0",))))


def test_probes_look_without_gradients_and_training_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    modes: list[tuple[str, bool]] = []

    def probe(autoencoder: nn.Module, request: Probe, check: object, job: int) -> Iterator[Event]:
        for step in (1, 2):
            assert autoencoder is model
            modes.append((request.probe, torch.is_inference_mode_enabled()))
            yield Progress(job, 0, 1, step, 2, 0.0)

    def train(request: Train, device: Device, check: object, job: int) -> Iterator[Event]:
        modes.append((request.name, torch.is_inference_mode_enabled()))
        yield Progress(job, 0, 1, 1, 1, 0.0)

    monkeypatch.setattr("studio.engine.probes.probe", probe, raising=False)
    monkeypatch.setattr("studio.engine.train.train", train)
    model = Averages()
    runner, opened = worker(model)
    for request in (Probe("noise", "0"), Probe("noise", "0"), Train("ae", "mine", 1, 0, 0, 0)):
        for event in runner.run(request):
            assert event.job == 0
            assert not torch.is_inference_mode_enabled()
    assert modes == [("noise", True)] * 4 + [("mine", False)]
    assert opened == ["0"]
    list(runner.run(Probe("noise", "0")))
    assert opened == ["0", "0"]  # what was trained may be what was open
