"""The denoiser transformer: shapes, what it sees and what it must not see."""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from studio.networks.denoiser import DenoiserConfig, DenoiserTransformer
from studio.networks.text import TextFeatures

TINY = DenoiserConfig(
    channels=3, side=8, patch=2, width=32, depth=3, heads=2, condition_width=16, text_width=12,
    pooled_width=10,
)  # fmt: skip


def features(batch: int, length: int = 5) -> TextFeatures:
    mask = torch.ones(batch, length, dtype=torch.bool)
    mask[:, -2:] = False
    pooled = F.normalize(torch.randn(batch, 10), dim=-1)
    return TextFeatures(torch.randn(batch, length, 12), mask, pooled)


def woken() -> DenoiserTransformer:
    """With every zero-initialised layer given something to say."""
    torch.manual_seed(0)
    network = DenoiserTransformer(TINY)
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.2)
    return network.eval()


@torch.no_grad()
def velocity(network: DenoiserTransformer, x: Tensor, t: Tensor, text: TextFeatures) -> Tensor:
    out: Tensor = network(x, t, text)
    return out


def test_shape_and_silent_start() -> None:
    x = torch.randn(2, 3, 8, 8)
    out = velocity(DenoiserTransformer(TINY), x, torch.rand(2), features(2))
    assert torch.equal(out, torch.zeros_like(x))


def test_tokens_are_undone() -> None:
    network, x = DenoiserTransformer(TINY), torch.randn(2, 3, 8, 8)
    assert network.to_tokens(x).shape == (2, 16, 12)
    assert torch.equal(network.to_latents(network.to_tokens(x)), x)


def test_padding_is_not_seen_and_words_are() -> None:
    network, x, t, text = woken(), torch.randn(2, 3, 8, 8), torch.rand(2), features(2)
    before = velocity(network, x, t, text)
    other = text.tokens.clone()
    other[:, -2:] = 99.0  # masked
    same = velocity(network, x, t, TextFeatures(other, text.mask, text.pooled))
    torch.testing.assert_close(before, same)
    longer = velocity(network, x, t, text.padded(9))
    torch.testing.assert_close(before, longer)
    other[:, 0] += 1.0  # a word
    changed = velocity(network, x, t, TextFeatures(other, text.mask, text.pooled))
    assert not torch.allclose(before, changed)


def test_time_and_pooled_prompt_matter() -> None:
    network, x, t, text = woken(), torch.randn(2, 3, 8, 8), torch.full((2,), 0.3), features(2)
    before = velocity(network, x, t, text)
    assert not torch.allclose(before, velocity(network, x, t + 0.4, text))
    turned = TextFeatures(text.tokens, text.mask, -text.pooled)
    assert not torch.allclose(before, velocity(network, x, t, turned))


def test_a_batch_equals_its_pictures() -> None:
    network, x, t, text = woken(), torch.randn(3, 3, 8, 8), torch.rand(3), features(3)
    whole = velocity(network, x, t, text)
    for i in range(3):
        one = TextFeatures(text.tokens[i : i + 1], text.mask[i : i + 1], text.pooled[i : i + 1])
        alone = velocity(network, x[i : i + 1], t[i : i + 1], one)
        torch.testing.assert_close(whole[i : i + 1], alone)


def test_only_learned_positions_tell_where_a_token_is() -> None:
    """Without them, alike tokens are answered alike wherever they stand."""
    x, t, text = torch.ones(1, 3, 8, 8), torch.full((1,), 0.5), features(1)
    for learned in (False, True):
        torch.manual_seed(0)
        network = DenoiserTransformer(replace(TINY, learned_positions=learned))
        for parameter in network.parameters():
            if not parameter.any():
                torch.nn.init.normal_(parameter, std=0.2)
        tokens = network.to_tokens(velocity(network.eval(), x, t, text))[0]
        assert torch.allclose(tokens[0], tokens[-1], atol=1e-5) is not learned
