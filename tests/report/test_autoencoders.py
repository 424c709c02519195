"""The table of autoencoders on ones whose figures are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from studio import cli
from studio.core.errors import OutputError
from studio.dataset.catalogue import Catalogue
from studio.networks.autoencoder import Posterior
from studio.report import autoencoders
from tests.report.test_card import catalogue

__all__ = ["catalogue"]


class Exact(nn.Module):
    """Loses nothing: 4 x 4 pixels are 48 channels."""

    downsampling, latent_channels, variational = 4, 48, True

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(7))

    def encode(self, pictures: Tensor) -> Posterior:
        mean = F.pixel_unshuffle(pictures, 4)
        return Posterior(mean, torch.zeros_like(mean))

    def decode(self, latents: Tensor) -> Tensor:
        return F.pixel_shuffle(latents, 4)

    def normalised(self, latents: Tensor) -> Tensor:
        return latents

    def denormalised(self, latents: Tensor) -> Tensor:
        return latents


class Blind(Exact):
    """Forgets everything: a collapsed posterior, a grey picture."""

    variational = False

    def encode(self, pictures: Tensor) -> Posterior:
        mean = torch.zeros_like(F.pixel_unshuffle(pictures, 4))
        return Posterior(mean, mean)


class Striped(Exact):
    """Adds a pattern that repeats with every latent position."""

    def decode(self, latents: Tensor) -> Tensor:
        made = super().decode(latents)
        stripes = torch.tensor([0.2, -0.2]).repeat(made.shape[-1] // 2)
        return made + stripes


@pytest.fixture(scope="module")
def found(catalogue: Catalogue) -> autoencoders.AutoencoderCard:
    several = (("exact", Exact()), ("blind", Blind()), ("striped", Striped()))
    return autoencoders.compare(several, catalogue, lambda _: None, count=40)


def row(found: autoencoders.AutoencoderCard, name: str) -> autoencoders.Row:
    (only,) = (each for each in found.rows if each.name == name)
    return only


def test_what_loses_nothing_has_perfect_figures(found: autoencoders.AutoencoderCard) -> None:
    exact = row(found, "exact")
    assert exact.psnr > 90 and exact.ssim == pytest.approx(1) and exact.parameters == 7
    assert exact.laplacian == pytest.approx(1) and exact.channels == 48
    assert exact.lpips is None or exact.lpips == pytest.approx(0, abs=1e-6)
    assert exact.kl is not None and exact.active > 40


def test_what_forgets_everything_has_none(found: autoencoders.AutoencoderCard) -> None:
    blind = row(found, "blind")
    assert blind.active == 0 and blind.kl is None and blind.laplacian < 1e-6
    assert blind.psnr < 15


def test_a_pattern_of_the_grid_is_a_peak(found: autoencoders.AutoencoderCard) -> None:
    assert row(found, "striped").peaks > 10 * max(1.0, row(found, "blind").peaks)


def test_the_judge_tells_pictures_from_noise(found: autoencoders.AutoencoderCard) -> None:
    assert abs(found.floor) < 0.2 * found.noise
    assert row(found, "exact").prior > 0.3 * found.noise  # its prior is noise of the same kind


def test_files_say_what_was_measured(found: autoencoders.AutoencoderCard, tmp_path: Path) -> None:
    table, figures, sheet = autoencoders.write(found, tmp_path / "new")
    text = table.read_text(encoding="utf-8")
    assert text.count("\n") == 2 + 3 + 2 and "| exact |" in text and "*plain noise*" in text
    document = json.loads(figures.read_text(encoding="utf-8"))
    assert [each["name"] for each in document["autoencoders"]] == ["exact", "blind", "striped"]
    with Image.open(sheet) as image:
        assert np.asarray(image).shape == found.sheet.shape
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        autoencoders.write(found, tmp_path / "file" / "out")


def test_an_unknown_autoencoder_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", "--autoencoders", "nothing-like-it"]) in (1, 2)
    out, err = capfd.readouterr()
    assert out == "" and err.startswith("error:") and err.count("\n") == 1
