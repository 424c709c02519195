"""The layout: which words a place hears, and what must not change it."""

import torch

from studio.networks.layout import Layout


def made() -> tuple[Layout, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    mask = torch.ones(2, 1, 1, 5, dtype=torch.bool)
    mask[:, :, :, -2:] = False
    return Layout(6, 16).eval(), torch.randn(2, 5, 16), mask


@torch.no_grad()
def test_every_place_has_a_logit_for_every_word() -> None:
    layout, tokens, mask = made()
    logits = layout(tokens, mask)
    assert logits.shape == (2, 1, 6, 5)
    assert logits.abs().max() <= 16**0.5 + 1e-4  # of vectors with a mean square of 1
    torch.testing.assert_close(logits[:1], layout(tokens[:1], mask[:1]))


@torch.no_grad()
def test_words_change_each_other_but_padding_changes_none() -> None:
    layout, tokens, mask = made()
    before = layout(tokens, mask)[..., :3]
    tokens[:, -1] += 5.0
    torch.testing.assert_close(layout(tokens, mask)[..., :3], before)
    tokens[:, 0] += torch.randn(16)
    assert not torch.allclose(layout(tokens, mask)[..., 1], before[..., 1])


@torch.no_grad()
def test_a_louder_word_is_heard_at_the_same_places() -> None:
    """`(word:1.5)` scales its vector."""
    layout, tokens, mask = made()
    before = layout(tokens, mask)
    tokens[:, 1] *= 1.5
    torch.testing.assert_close(layout(tokens, mask), before, atol=1e-4, rtol=1e-4)
