"""The autoencoder's loss, term by term, against a float64 re-computation."""

import pytest
import torch

from studio.networks.autoencoder import Posterior
from studio.objectives.autoencoding import AutoencodingWeights, autoencoding_terms, random_crops


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_terms_and_sum(norm: str) -> None:
    torch.manual_seed(0)
    pictures, decoded = torch.rand(2, 3, 8, 8) * 2 - 1, torch.rand(2, 3, 8, 8) * 2 - 1
    posterior = Posterior(torch.randn(2, 4, 2, 2), torch.randn(2, 4, 2, 2))
    weights = AutoencodingWeights(2.0, 0.1, 0.5, norm=norm)
    terms = autoencoding_terms(
        pictures, decoded, posterior, weights,
        lambda a, b: (a - b).abs().amax((1, 2, 3)), 64, torch.Generator(),
    )  # fmt: skip
    gap = decoded.double() - pictures.double()
    mean, log_variance = posterior.mean.double(), posterior.log_variance.double()
    expected = {
        "reconstruction": gap.abs().mean() if norm == "l1" else (gap**2).mean(),
        "kl": 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).mean(),
        "perceptual": gap.abs().amax((1, 2, 3)).mean(),
    }
    for name, value in expected.items():
        torch.testing.assert_close(terms[name].double(), value, atol=1e-6, rtol=1e-6)
    total = 2.0 * expected["reconstruction"] + 0.1 * expected["kl"] + 0.5 * expected["perceptual"]
    torch.testing.assert_close(terms["loss"].double(), total, atol=1e-6, rtol=1e-6)


def test_perceptual_term_can_be_absent() -> None:
    picture = torch.zeros(1, 3, 8, 8)
    posterior = Posterior(torch.zeros(1, 4, 2, 2), torch.zeros(1, 4, 2, 2))
    terms = autoencoding_terms(
        picture, picture, posterior, AutoencodingWeights(), None, 4, torch.Generator()
    )
    assert "perceptual" not in terms
    assert terms["loss"] == 0


def test_crops_are_the_same_window_of_both() -> None:
    a = torch.randn(2, 3, 16, 16)
    one, two = random_crops(a, a + 1, 5, torch.Generator().manual_seed(3))
    assert one.shape == (2, 3, 5, 5)
    torch.testing.assert_close(two - one, torch.ones_like(one))


def test_kl_in_mean_form_is_the_summed_one_over_latent_elements() -> None:
    """A summed weight w (LDM: 1e-6, beside errors summed over pixels) is w C / (3 f^2) here."""
    torch.manual_seed(0)
    posterior = Posterior(torch.randn(2, 4, 8, 8).double(), torch.randn(2, 4, 8, 8).double())
    normal = torch.distributions.Normal(posterior.mean, (0.5 * posterior.log_variance).exp())
    standard = torch.distributions.Normal(0.0, 1.0)
    summed = torch.distributions.kl_divergence(normal, standard).sum((1, 2, 3)).mean()
    torch.testing.assert_close(posterior.kl() * 4 * 8 * 8, summed)
    fold, pixels = 8, 3 * 64 * 64
    torch.testing.assert_close(1e-6 * summed / pixels, 1e-6 * 4 / (3 * fold**2) * posterior.kl())
