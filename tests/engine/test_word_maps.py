"""Where words act: of a tiny model, whose maps mean nothing but whose sums must be right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from studio.core.errors import UsageError
from studio.core.generating import Generate
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.core.word_maps import MapWords, WordsMapped
from studio.engine.generate import generate
from studio.engine.hearing import attention_map, concept_map
from studio.engine.word_maps import map_words
from studio.models.latent_diffusion import LatentDiffusion
from studio.models.registry import open_model
from studio.networks.attention import Record
from tests import tiny
from tests.engine.fake import FakeModel

STEPS = 4
BASE = Settings("a red bear", model="tiny", steps=STEPS, size=tiny.SIZE, seed=3)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LatentDiffusion:
    folder = tiny.bundle(tmp_path_factory.mktemp("models") / "tiny")
    found = open_model(str(folder))
    assert isinstance(found, LatentDiffusion)
    return found


def mapped(model: LatentDiffusion, settings: Settings, *words: str) -> WordsMapped:
    *_, last = map_words(model, MapWords(settings, words))
    assert isinstance(last, WordsMapped)
    assert model.recorded is None
    return last


@pytest.mark.parametrize("sampler", ["dpmpp-2m", "flow-heun", "ddpm"])
def test_every_word_has_a_map_a_step(model: LatentDiffusion, sampler: str) -> None:
    settings = replace(BASE, sampler=sampler)
    found = mapped(model, settings, "apple", "bear")
    assert [(w.text, w.start, w.end) for w in found.words] == [
        ("a", 0, 1), ("red", 2, 5), ("bear", 6, 10), ("apple", -1, -1), ("bear", -1, -1),
    ]  # fmt: skip
    side = tiny.DENOISER.side // tiny.DENOISER.patch
    for word in found.words:
        assert word.concept.shape == (STEPS, side, side)
        assert word.concept.dtype == np.float32
        assert np.abs(word.concept).max() <= 1 + 1e-5
    shares = [word.attention for word in found.words[:3]]
    assert all(share is not None and (share > 0).all() for share in shares)
    assert (sum(shares) < 1).all()  # type: ignore[operator,arg-type]  # the ends get the rest
    assert all(word.attention is None for word in found.words[3:])
    assert list(found.times) == sorted(found.times, reverse=True)
    *_, picture = generate(model, Generate(settings, preview_every=0))
    assert np.array_equal(found.image, picture.image)  # type: ignore[union-attr]


def test_a_word_that_is_not_there_yet_gets_nothing(model: LatentDiffusion) -> None:
    found = mapped(model, replace(BASE, prompt="[red:blue:0.5] bear"))
    by_word = {word.text: word.attention for word in found.words}
    for word, there in (("red", [1, 1, 0, 0]), ("blue", [0, 0, 1, 1]), ("bear", [1] * 4)):
        assert [int(step.any()) for step in by_word[word]] == there  # type: ignore[union-attr]


def test_the_words_of_joined_prompts_are_told_apart(model: LatentDiffusion) -> None:
    found = mapped(model, replace(BASE, prompt="red bear AND blue bear :2"))
    assert [word.text for word in found.words] == ["red", "bear", "blue", "bear"]
    bears = [word.attention for word in found.words if word.text == "bear"]
    assert not np.array_equal(*bears)  # type: ignore[arg-type]


@pytest.mark.parametrize("prompt", ["", "!!", "\x00\x1b(", "bear " * 100])
def test_odd_prompts_have_maps_too(model: LatentDiffusion, prompt: str) -> None:
    found = mapped(model, replace(BASE, prompt=prompt, steps=1), "")
    assert found.words[-1].text == ""
    assert all(np.isfinite(word.concept).all() for word in found.words)


def test_no_guidance_or_another_model_has_no_maps() -> None:
    with pytest.raises(UsageError, match="guidance 0"):
        MapWords(replace(BASE, guidance=0.0)).check()
    with pytest.raises(UsageError, match="cannot tell"):
        next(map_words(FakeModel(), MapWords(replace(BASE, size=Size.square(8)))))  # type: ignore[arg-type]


def test_the_maps_are_the_papers_means() -> None:
    shares = torch.rand(2, 3, 4, 6).softmax(-1)  # (B, heads, places, tokens)
    heard = torch.randn(2, 4, 5)
    record = Record(cross=[shares, shares.flip(1)], heard=[heard, heard])
    expected = (shares[1, :, :, 2] + shares[1, :, :, 3]).mean(0)
    torch.testing.assert_close(attention_map(record, (2, 3), 1), expected)
    here = heard[0] - heard[0].mean(0)
    word, mean = torch.randn(2, 5)
    cosine = here @ (word - mean) / (here.norm(dim=1) * (word - mean).norm())
    torch.testing.assert_close(concept_map(record, [word] * 2, [mean] * 2, 0), cosine)
