"""Where words act in other people's networks: their attention is heard, and nothing changes."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from studio.core.errors import UsageError
from studio.core.generating import Generate
from studio.core.prompts import plain
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.core.word_maps import MapWords, WordsMapped
from studio.engine.generate import generate
from studio.engine.word_maps import map_words
from studio.models import registry
from studio.models.checkpoint import Checkpoint, unheard
from studio.models.families.adapter import LIKENESS

pytest.importorskip("transformers")

from studio.models.families.language import LanguageAdapter
from studio.models.families.pixart import PixArt
from studio.models.families.sana import Sana
from studio.models.families.stable_diffusion import StableDiffusion
from studio.models.families.stable_diffusion_3 import StableDiffusion3
from studio.models.families.z_image import ZImage
from tests.models.families import flow_pipelines, pipelines
from tests.models.families.readers import READERS, sana

WIDE = Size(96, 64)
MAKERS = {
    "sd1": pipelines, "sdxl": pipelines, "flux-dev": flow_pipelines, "sd3": flow_pipelines,
    "chroma": flow_pipelines, "flux2-klein": flow_pipelines,
}  # fmt: skip
OTHERS = {name: READERS[name] for name in ("pixart-alpha", "qwen-image", "z-image", "lumina2")}
OTHERS |= {"sana": sana, "sana-1.5": partial(sana, qk_norm="rms_norm_across_heads")}


@pytest.fixture(scope="module", params=[*MAKERS, *OTHERS])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    name, folder = request.param, tmp_path_factory.mktemp("words") / request.param
    if name in OTHERS:
        pipelines.written(OTHERS[name](), folder)
    else:
        MAKERS[name].saved(name, folder)  # type: ignore[attr-defined]
    opened = registry.open_model(str(folder))
    assert isinstance(opened, Checkpoint)
    return opened


def settings_of(model: Checkpoint, prompt: str, steps: int = 2) -> Settings:
    sampler = model.info.defaults.sampler
    return Settings(prompt, model=str(model.info.path), sampler=sampler, steps=steps, size=WIDE)


def mapped(model: Checkpoint, settings: Settings, *words: str) -> WordsMapped:
    *_, last = map_words(model, MapWords(settings, words))
    assert isinstance(last, WordsMapped) and model.overheard is unheard
    return last


def test_every_word_has_a_map_a_step_and_the_picture_is_the_same(model: Checkpoint) -> None:
    weighs = not isinstance(model.adapter, LanguageAdapter)
    settings = settings_of(model, "a (red:1.2) bear" if weighs else " A red, bear")
    found = mapped(model, settings)
    a = "A" if weighs or not isinstance(model.adapter, Sana) else "a"
    assert [(w.text, w.start, w.end) for w in found.words] == (
        [("a", 0, 1), ("red", 3, 6), ("bear", 12, 16)]
        if weighs
        else [(a, 1, 2), ("red", 3, 6), ("bear", 8, 12)]
    )
    shares = [word.attention for word in found.words]
    assert all(share is not None and share.shape == shares[0].shape for share in shares)
    steps, height, width = shares[0].shape  # type: ignore[union-attr]
    assert (steps, width / height) == (2, 1.5) and height in (8, 16, 32)
    assert all((share > 0).all() for share in shares)  # type: ignore[union-attr]
    assert (sum(shares) < 1).all()  # type: ignore[operator,arg-type]
    assert list(found.times) == sorted(found.times, reverse=True) and 0 < found.times[-1] < 1
    *_, picture = generate(model, Generate(settings, preview_every=0))
    assert np.array_equal(found.image, picture.image)  # type: ignore[union-attr]


@torch.inference_mode()
def test_what_is_heard_is_the_attention_itself(
    model: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is when all attention that torch is asked for is written out, of the layers that hear
    the text."""
    x, t = torch.randn(1, *model.latent_shape(WIDE)), torch.tensor([0.5])
    condition, fused = model.condition(["a red bear"]), F.scaled_dot_product_attention
    (word,) = (word for word in model.adapter.words(plain("a red bear")) if word.text == "red")
    with model.adapter.heard(x, {}, 1) as heard:
        model.predict(x, t, condition, None)
    found = heard.attention(word.numbers, 0).flatten()
    text = keys = condition.tokens.shape[1]
    layers, first, count = list[Tensor](), 0, len(found)  # with which the text begins
    picture = slice(0, count)
    match model.adapter:
        case StableDiffusion() | PixArt() | Sana():
            picture = slice(None)
        case StableDiffusion3():
            first, keys = count, count + text
        case ZImage():  # both are filled up
            first = -(-count // 32) * 32
            keys = first + -(-text // 32) * 32
        case _:
            picture, keys = slice(text, None), text + count

    def written_out(
        query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, **_: Any
    ) -> Tensor:
        seen = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        if attn_mask is not None and attn_mask.dtype == torch.bool:
            seen = seen.masked_fill(~attn_mask, float("-inf"))
        elif attn_mask is not None:
            seen = seen + attn_mask
        if key.shape[2] == keys:
            shares = seen.softmax(-1)[0].mean(0)[picture]
            layers.append(shares[:, [first + number for number in word.numbers]].sum(-1))
        return fused(query, key, value, attn_mask)

    monkeypatch.setattr(F, "scaled_dot_product_attention", written_out)
    model.predict(x, t, condition, None)
    assert layers
    torch.testing.assert_close(found, torch.stack(layers).mean(0))


@torch.inference_mode()
def test_texts_of_other_lengths_beside_it_change_nothing(model: Checkpoint) -> None:
    """What fills up a shorter one is not heard, nor does it move the picture."""
    texts = "a red bear", "a red bear in the old castle of a king, asleep on a heap of apples"
    x, t = torch.randn(1, *model.latent_shape(WIDE)).repeat(2, 1, 1, 1), torch.full((2,), 0.5)
    (red,) = (word for word in model.adapter.words(plain(texts[0])) if word.text == "red")
    both = model.condition(texts)
    with model.adapter.heard(x, {}, 2) as beside:
        model.predict(x, t, both, None)
    for row, condition in enumerate(model.condition([text]) for text in texts):
        with model.adapter.heard(x[:1], {}, 1) as alone:
            model.predict(x[:1], t[:1], condition, None)
        found, expected = beside.attention(red.numbers, row), alone.attention(red.numbers, 0)
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-4)


def test_words_that_the_prompt_has_not(model: Checkpoint) -> None:
    settings = settings_of(model, "a bear")
    if LIKENESS not in model.adapter.maps:
        with pytest.raises(UsageError, match="no words that its prompt has not"):
            mapped(model, settings, "apple")
        assert all(word.concept is None for word in mapped(model, settings).words)
        return
    found = mapped(model, settings, "apple", "")
    assert found.finds_any and [word.text for word in found.words[2:]] == ["apple", ""]
    for word in found.words:
        assert word.concept is not None and np.abs(word.concept).max() <= 1 + 1e-5
        assert word.concept.std() > 0


def test_switches_and_joined_prompts(model: Checkpoint) -> None:
    found = mapped(model, settings_of(model, "[red:blue:0.5] bear AND a cat"))
    by_word = {word.text: word.attention for word in found.words}
    assert [word.text for word in found.words] == ["red", "blue", "bear", "a", "cat"]
    for word, there in (("red", [1, 0]), ("blue", [0, 1]), ("bear", [1, 1]), ("cat", [1, 1])):
        assert [int(step.any()) for step in by_word[word]] == there  # type: ignore[union-attr]
