"""The denoiser transformer: shapes, what it sees and what it must not see."""

import shutil
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from studio.networks.attention import Record, axial_frequencies, join_heads, split_heads
from studio.networks.denoiser import (
    DenoiserConfig,
    DenoiserTransformer,
    SelfAttention,
    time_features,
)
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


def test_a_prompt_is_heard_once_for_all_steps() -> None:
    network, x, text = woken(), torch.randn(2, 3, 8, 8), features(2)
    with torch.no_grad():
        prompt = network.prompt(text)
    assert len(prompt.answers) == 1  # of three blocks one sees the prompt
    for t in (torch.zeros(2), torch.rand(2)):
        with torch.no_grad():
            heard = network(x, t, prompt)
        assert torch.equal(heard, velocity(network, x, t, text))


def test_what_a_record_holds_of_words_and_places() -> None:
    network, x, t, text = woken(), torch.randn(2, 3, 8, 8), torch.rand(2), features(2)
    record = Record()
    with torch.no_grad():
        recorded = network(x, t, text, record)
    torch.testing.assert_close(recorded, velocity(network, x, t, text))
    assert len(record.weights) == len(record.states) == 3
    (shares,), (heard,), (after,) = record.cross, record.heard, record.after
    assert shares.shape == (2, 2, 16, 5)  # batch, heads, picture tokens, words
    torch.testing.assert_close(shares.sum(-1), torch.ones(2, 2, 16))
    assert not shares[..., -2:].any()  # masked
    values = network.prompt(text).answers[0][1]
    with torch.no_grad():
        torch.testing.assert_close(heard, network.blocks[1].cross.out(join_heads(shares @ values)))
    assert heard.shape == after.shape == (2, 16, 32)


@torch.no_grad()
def test_half_the_heads_begin_by_minding_the_layout() -> None:
    torch.manual_seed(0)
    network = DenoiserTransformer(replace(TINY, layout=True)).eval()
    text, cross = features(1), network.blocks[1].cross
    _, _, heard = network.prompt(text).answers[0]
    places = network.layout(text.tokens, text.mask[:, None, None])
    assert heard.shape == (1, 2, 16, 5)
    assert not heard[0, 0, :, :3].any()
    torch.testing.assert_close(heard[:, 1:, :, :3], places[..., :3])
    assert (heard[..., 3:] == float("-inf")).all()
    cross.placed.zero_()  # whoever minds none hears as without one
    torch.nn.init.normal_(cross.out.weight)
    plain = DenoiserTransformer(TINY).eval()
    plain.load_state_dict(network.state_dict(), strict=False)
    x = torch.randn(1, 16, 32)
    torch.testing.assert_close(
        cross(x, network.prompt(text).answers[0]),
        plain.blocks[1].cross(x, plain.prompt(text).answers[0]),
    )


def reference(network: DenoiserTransformer, x: Tensor, t: Tensor, text: TextFeatures) -> Tensor:
    """The network's formula written out plainly, a head and a picture at a time."""
    heads, cos, sin = TINY.heads, network.cos, network.sin
    times = network.time(time_features(t, 256))
    condition = F.silu(times + network.pooled(text.pooled * TINY.pooled_width**0.5))
    h = network.embed(network.to_tokens(x))
    for block in network.blocks:
        six = [part[:, None] for part in block.modulation(condition).chunk(6, -1)]
        y = F.layer_norm(h, h.shape[-1:]) * (1 + six[1]) + six[0]
        q, k, v = (split_heads(part, heads) for part in block.attention.qkv(y).chunk(3, -1))
        q, k = block.attention.q_norm(q), block.attention.k_norm(k)
        turned = []
        for each in (q, k):
            a, b = each.chunk(2, -1)
            turned.append(torch.cat([a * cos - b * sin, b * cos + a * sin], -1))
        y = F.scaled_dot_product_attention(turned[0], turned[1], v)
        h = h + six[2] * block.attention.out(join_heads(y))
        if block.cross is not None:
            q = split_heads(block.cross.query(F.layer_norm(h, h.shape[-1:])), heads)
            k, v = (split_heads(p, heads) for p in block.cross.key_value(text.tokens).chunk(2, -1))
            q, k, mask = block.cross.q_norm(q), block.cross.k_norm(k), text.mask[:, None, None]
            h = h + block.cross.out(join_heads(F.scaled_dot_product_attention(q, k, v, mask)))
        y = F.layer_norm(h, h.shape[-1:]) * (1 + six[4]) + six[3]
        h = h + six[5] * block.feed_forward(y)
    shift, scale = (part[:, None] for part in network.final_modulation(condition).chunk(2, -1))
    last = network.final(F.layer_norm(h, h.shape[-1:]) * (1 + scale) + shift)
    return network.to_latents(last)


def test_the_quick_form_is_the_plain_formula() -> None:
    network, x, t, text = woken(), torch.randn(2, 3, 8, 8), torch.rand(2), features(2)
    for parameter in network.parameters():  # norms' weights too
        parameter.data += 0.1 * torch.randn_like(parameter)
    with torch.no_grad():
        plain = reference(network, x, t, text)
    torch.testing.assert_close(velocity(network, x, t, text), plain, atol=1e-5, rtol=1e-5)


@pytest.mark.skipif(
    shutil.which("g++") is None, reason="torch compiles with g++, which is not here"
)
def test_compiled_self_attention_has_the_same_gradients() -> None:
    """With torch 2.14 on a processor with AMX and two threads, turning the channels by chunk and
    cat gave NaN here."""
    torch.manual_seed(3)
    layer, x = SelfAttention(384, 6), torch.randn(128, 64, 384)
    angles, up = axial_frequencies(8, 64), torch.randn(128, 64, 384).bfloat16()
    turn = angles.cos().bfloat16(), angles.sin().bfloat16()

    def gradient(of: torch.nn.Module) -> torch.Tensor:
        layer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            of(x.bfloat16(), *turn).backward(up)
        assert layer.qkv.weight.grad is not None
        return layer.qkv.weight.grad.clone()

    plain = gradient(layer)
    compiled = gradient(torch.compile(layer, dynamic=False))  # type: ignore[arg-type]
    assert (compiled - plain).norm() < 0.05 * plain.norm()
