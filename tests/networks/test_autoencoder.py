"""The autoencoder: shapes, the linear path against PCA, the posterior's closed forms."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from studio.networks.autoencoder import Autoencoder, AutoencoderConfig, Posterior

TINY = AutoencoderConfig(4, (4, 8), (1, 1), (1, 1))


def test_shapes() -> None:
    network = Autoencoder(TINY)
    posterior = network.encode(torch.zeros(2, 3, 24, 32))
    assert posterior.mean.shape == posterior.log_variance.shape == (2, 4, 6, 8)
    assert network.decode(posterior.sample()).shape == (2, 3, 24, 32)
    assert AutoencoderConfig().downsampling == 16


def test_starts_at_what_principal_components_reach() -> None:
    torch.manual_seed(0)
    pictures = F.interpolate(torch.randn(8, 3, 4, 4), 16, mode="bilinear").double()
    network = Autoencoder(TINY).double()
    network.start_from_principal_components(pictures)
    decoded = network.decode(network.encode(pictures).mean.double())

    patches = F.unfold(pictures, 4, stride=4).transpose(1, 2).flatten(0, 1)
    centred = patches - patches.mean(0)
    _, _, basis = torch.linalg.svd(centred, full_matrices=False)
    best = ((centred - centred @ basis[:4].T @ basis[:4]) ** 2).mean()
    reached = ((decoded - pictures) ** 2).mean()
    # the decoder's bias holds a colour, not a whole mean patch: a hair above the optimum
    assert best <= reached <= best * 1.02 + 1e-3
    whitened = network.encode(pictures).mean
    torch.testing.assert_close(whitened.std((0, 2, 3)), torch.ones(4), atol=0.02, rtol=0)


def test_kl_against_torch() -> None:
    mean, log_variance = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    expected = kl_divergence(Normal(mean, torch.exp(0.5 * log_variance)), Normal(0.0, 1.0)).mean()
    torch.testing.assert_close(Posterior(mean, log_variance).kl(), expected)


def test_posterior_samples_have_its_moments() -> None:
    torch.manual_seed(0)
    posterior = Posterior(torch.full((20000,), 2.0), torch.full((20000,), -1.0))
    sample = posterior.sample()
    assert sample.mean() == pytest.approx(2.0, abs=0.02)
    assert sample.std() == pytest.approx(2.718281828**-0.5, abs=0.02)


def test_normalising_is_undone() -> None:
    network = Autoencoder(TINY)
    network.latent_mean.copy_(torch.randn(4))
    network.latent_std.copy_(torch.rand(4) + 0.5)
    z = torch.randn(2, 4, 3, 3)
    torch.testing.assert_close(network.denormalised(network.normalised(z)), z)


PLAIN = AutoencoderConfig(4, (4, 8), (1, 1), (1, 1), variational=False, linear=False)


def test_a_plain_autoencoder_has_a_point_for_a_posterior() -> None:
    torch.manual_seed(0)
    network = Autoencoder(PLAIN)
    posterior = network.encode(torch.rand(2, 3, 16, 16) * 2 - 1)
    assert not network.variational
    assert posterior.mean.std() > 0
    torch.testing.assert_close(posterior.sample(), posterior.mean, atol=1e-3, rtol=0)


def test_without_a_linear_path_pca_changes_nothing() -> None:
    network = Autoencoder(PLAIN)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.start_from_principal_components(torch.rand(4, 3, 16, 16))
    assert not any("project" in name for name in before)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_transposed_convolutions_overlap_unevenly() -> None:
    torch.manual_seed(0)
    config = AutoencoderConfig(4, (4, 8), (1, 1), (1, 1), linear=False, upsampling="transposed")
    decoder = Autoencoder(config).decoder
    assert decoder(torch.zeros(1, 4, 5, 7)).shape == (1, 3, 20, 28)
    last = decoder.last
    torch.nn.init.ones_(last.weight)
    torch.nn.init.zeros_(last.bias)
    spread = last(torch.ones(1, 4, 4, 4))[0, 0, 2:6, 2:6]  # taps that reach a pixel, times 4
    assert sorted(spread.unique().tolist()) == [4.0, 8.0, 16.0]


def test_upsampling_has_two_kinds() -> None:
    with pytest.raises(ValueError, match="upsampling"):
        AutoencoderConfig(upsampling="nearest")
