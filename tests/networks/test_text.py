"""The text tower: shapes, masks, unit vectors; its tokenizer on anything one can type."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import ModelError
from studio.networks.attention import Record
from studio.networks.text import TextConfig, TextFeatures, TextTower
from studio.networks.tokenizer import LENGTH, Tokenizer

TOKENIZER = Path(__file__).parents[2] / "assets/studio-256/text/tokenizer.json"
TINY = TextConfig(vocabulary=50, embedding=8, width=16, depth=2, heads=2, length=8, output=12)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(TOKENIZER)


def tower() -> TextTower:
    torch.manual_seed(0)
    return TextTower(TINY).eval().requires_grad_(False)


def test_size_of_the_shipped_tower() -> None:
    with torch.device("meta"):
        parameters = sum(p.numel() for p in TextTower(TextConfig()).parameters())
    assert 4.3e6 < parameters < 4.6e6


def test_features() -> None:
    ids, mask = torch.randint(50, (3, 6)), torch.ones(3, 6, dtype=torch.bool)
    features = tower()(ids, mask)
    assert features.tokens.shape == (3, 6, 16)
    assert features.pooled.shape == (3, 12)
    torch.testing.assert_close(features.pooled.norm(dim=1), torch.ones(3))


def test_padding_changes_nothing() -> None:
    ids = torch.randint(1, 50, (2, 4))
    mask = torch.ones(2, 4, dtype=torch.bool)
    short = tower()(ids, mask)
    padded_ids = torch.cat([ids, torch.full((2, 3), 7)], 1)
    padded_mask = torch.cat([mask, torch.zeros(2, 3, dtype=torch.bool)], 1)
    long = tower()(padded_ids, padded_mask)
    torch.testing.assert_close(long.pooled, short.pooled)
    torch.testing.assert_close(long.tokens[:, :4], short.tokens)


def test_layers_are_recorded() -> None:
    ids, mask, record = torch.randint(50, (2, 4)), torch.ones(2, 4, dtype=torch.bool), Record()
    network = tower()
    features = network(ids, mask, record)
    torch.testing.assert_close(features.pooled, network(ids, mask).pooled)
    assert [w.shape for w in record.weights] == 2 * [(2, 2, 4, 4)]
    torch.testing.assert_close(network.norm(record.states[-1]), features.tokens)


@pytest.mark.parametrize("sinusoidal", [False, True])
def test_order_matters(sinusoidal: bool) -> None:
    torch.manual_seed(0)
    network, mask = TextTower(replace(TINY, sinusoidal=sinusoidal)), torch.ones(1, 3).bool()
    assert ("positions" in network.state_dict()) is not sinusoidal
    forwards = network(torch.tensor([[1, 2, 3]]), mask).pooled
    backwards = network(torch.tensor([[3, 2, 1]]), mask).pooled
    assert (forwards - backwards).abs().max() > 1e-4


def test_joined_pads_to_the_longer() -> None:
    def features(batch: int, length: int) -> TextFeatures:
        mask = torch.ones(batch, length, dtype=torch.bool)
        return TextFeatures(torch.randn(batch, length, 4), mask, torch.randn(batch, 5))

    a, b = features(2, 3), features(1, 5)
    for first, second in ((a, b), (b, a)):
        both = first.joined(second)
        assert both.tokens.shape == (3, 5, 4)
        assert both.mask.sum() == 2 * 3 + 5
        assert not both.tokens[~both.mask].any()
        torch.testing.assert_close(both.pooled, torch.cat([first.pooled, second.pooled]))


@given(st.lists(st.text(st.characters(codec=None), max_size=60), min_size=1, max_size=4))
def test_any_unicode(tokenizer: Tokenizer, texts: list[str]) -> None:
    ids, mask = tokenizer(texts)
    assert ids.shape == mask.shape
    assert len(ids) == len(texts)
    assert 2 <= ids.shape[1] <= LENGTH
    assert mask[:, :2].all()
    assert int(ids.max()) < TextConfig().vocabulary


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "\ud800", "🧸" * 50, "x" * 10_000, "ok " * 10_000]
)
def test_odd_prompts(tokenizer: Tokenizer, text: str) -> None:
    ids, mask = tokenizer([text, "a teddy bear"])
    assert ids.shape[1] <= LENGTH
    assert tokenizer.length(text) == int(mask[0].sum())


def test_a_text_is_the_same_in_any_batch(tokenizer: Tokenizer) -> None:
    alone, mask = tokenizer(["a red apple"])
    beside, beside_mask = tokenizer(["a red apple", "two teddy bears next to a very old house"])
    assert alone[0].tolist() == beside[0][beside_mask[0]].tolist()
    assert mask.all()


@pytest.mark.parametrize("content", [None, "", "{}", "[1, 2", "\x00\x01"])
def test_damaged_tokenizer(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        Tokenizer(path)
