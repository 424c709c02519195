"""The decoder: it sees only what came before; a cache changes nothing; three ways to write."""

import itertools

import pytest
import torch
from torch import Tensor, nn

from studio.networks.decoder import Decoder, DecoderConfig, generate
from studio.networks.transformer import Cache
from tests.networks.copying import copy_block

VOCABULARY, END = 6, 5


def decoder(memory_width: int = 7, length: int = 6, post_norm: bool = False) -> Decoder:
    torch.manual_seed(1)
    config = DecoderConfig(VOCABULARY, 12, 2, 3, length, memory_width, post_norm=post_norm)
    made = Decoder(config).double().eval()
    for parameter in made.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return made


def memory_of(batch: int) -> tuple[Tensor, Tensor]:
    mask = torch.ones(batch, 4, dtype=torch.bool)
    mask[0, 2:] = False
    return torch.randn(batch, 4, 7, dtype=torch.float64), mask


@pytest.mark.parametrize("post_norm", [False, True])
def test_alone_it_equals_torch_s_encoder_with_a_causal_mask(post_norm: bool) -> None:
    ours, ids = decoder(0, post_norm=post_norm), torch.randint(VOCABULARY, (3, 5))
    layer = nn.TransformerEncoderLayer(
        12, 3, 48, 0.0, "gelu", batch_first=True, norm_first=not post_norm
    )
    theirs = nn.TransformerEncoder(layer, 2, ours.norm, enable_nested_tensor=False).double()
    for block, copy in zip(ours.blocks, theirs.layers, strict=True):
        copy_block(block, copy)
    causal = nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.bool)
    expected = theirs(ours.embedded(ids), causal)
    torch.testing.assert_close(ours.states(ids), expected, atol=1e-5, rtol=0)


@torch.no_grad()
def test_later_tokens_are_not_seen() -> None:
    ours, ids = decoder(0), torch.randint(VOCABULARY, (2, 6))
    other = torch.cat([ids[:, :4], (ids[:, 4:] + 1) % VOCABULARY], 1)
    torch.testing.assert_close(ours(ids)[:, :4], ours(other)[:, :4])
    assert not torch.allclose(ours(ids)[:, 4:], ours(other)[:, 4:])


@torch.no_grad()
def test_a_cache_changes_nothing() -> None:
    ours, ids, (memory, mask) = decoder(), torch.randint(VOCABULARY, (2, 6)), memory_of(2)
    caches = [Cache() for _ in ours.blocks]
    parts = [ours(part, memory, mask, caches) for part in (ids[:, :3], ids[:, 3:4], ids[:, 4:])]
    torch.testing.assert_close(torch.cat(parts, 1), ours(ids, memory, mask))


def log_probability(ours: Decoder, ids: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
    """Mean over the tokens after the first, up to the first END."""
    odds = ours(ids[None, :-1], memory, mask)[0].log_softmax(-1)
    each = odds.gather(1, ids[1:, None])[:, 0]
    ends = (ids[1:] == END).nonzero()
    return each[: int(ends[0]) + 1 if len(ends) else None].mean()


@torch.no_grad()
def test_greedy_takes_the_likeliest_each_time() -> None:
    ours, (memory, mask) = decoder(), memory_of(3)
    begin = torch.tensor([[0], [1], [2]])
    written = generate(ours, begin, END, memory, mask)
    for i, ids in enumerate(written.ids):
        own = memory[i : i + 1], mask[i : i + 1]
        for n in range(1, len(ids)):
            likeliest = ours(ids[None, :n], *own)[0, -1].argmax()
            assert ids[n] == (END if END in ids[1:n] else likeliest)
        expected = log_probability(ours, ids, *own).float()
        torch.testing.assert_close(written.scores[i], expected)


@torch.no_grad()
def test_a_wide_enough_beam_finds_the_best_of_all() -> None:
    ours, (memory, mask) = decoder(length=4), memory_of(2)
    written = generate(ours, torch.tensor([[0], [1]]), END, memory, mask, beams=216)
    greedy = generate(ours, torch.tensor([[0], [1]]), END, memory, mask)
    for i in range(2):
        own = memory[i : i + 1], mask[i : i + 1]
        all_texts = (torch.tensor([i, *t]) for t in itertools.product(range(VOCABULARY), repeat=3))
        best = max(float(log_probability(ours, text, *own)) for text in all_texts)
        assert abs(float(written.scores[i]) - best) < 1e-5
    assert (written.scores >= greedy.scores - 1e-6).all()


def test_samples_follow_the_generator_and_the_odds() -> None:
    ours, begin = decoder(0, length=2), torch.zeros(4000, 1, dtype=torch.int64)
    draws = [
        generate(ours, begin, END, temperature=0.8, generator=torch.Generator().manual_seed(3)).ids
        for _ in range(2)
    ]
    assert torch.equal(*draws)
    chances = (ours(begin[:1])[0, 0] / 0.8).softmax(-1)
    found = draws[0][:, 1].bincount(minlength=VOCABULARY) / 4000
    torch.testing.assert_close(found.double(), chances, atol=0.03, rtol=0)
    coldest = generate(ours, begin[:1], END, temperature=1e-4).ids
    assert torch.equal(coldest, generate(ours, begin[:1], END).ids)


def test_a_full_text_is_given_back() -> None:
    ours = decoder(0, length=3)
    written = generate(ours, torch.tensor([[1, 2, 3]]), END, beams=2)
    assert written.ids.tolist() == [[1, 2, 3]]
