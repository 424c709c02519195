"""Published folders, their weights elsewhere: which family they are, and their tokenizers."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.core.prompts import one_phrase
from studio.models.families import family_of
from studio.models.families.flow import published
from studio.models.families.t5 import weight_of
from studio.models.network_folder import read_document

CONFIGS = Path(__file__).resolve().parents[4] / "shared" / "configs"  # never committed
pytestmark = pytest.mark.skipif(not CONFIGS.is_dir(), reason="no real configurations here")


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("stable-diffusion-v1-5", "StableDiffusion"),
        ("stable-diffusion-2-1", "StableDiffusion"),
        ("stable-diffusion-xl-base-1.0", "StableDiffusion"),
        ("stable-diffusion-3-medium-diffusers", "StableDiffusion3"),
        ("FLUX.1-dev", "Flux"),
        ("FLUX.1-schnell", "Flux"),
        ("Chroma", "Chroma"),
    ],
)
def test_every_part_is_of_a_known_class(name: str, family: str) -> None:
    index = read_document(CONFIGS / name / "model_index.json")
    found = family_of(index)
    assert found is not None and found.__name__ == family
    for part, told in found.parts.items():
        if part in index or not told.optional:
            assert index[part] in [[told.library, kind] for kind in told.classes]


@pytest.mark.parametrize(
    ("name", "first"), [("FLUX.1-dev", 0.990), ("FLUX.1-schnell", 0.9677), ("Chroma", 0.9677)]
)
def test_their_grids(name: str, first: float) -> None:
    """After one of 31 steps at 1024 pixels: at FLUX.1 dev's mu of 1.15, 0.9896."""
    config = read_document(CONFIGS / name / "scheduler" / "scheduler_config.json")
    assert published(config, 4096)(31)[1] == pytest.approx(first, abs=5e-4)


def test_t5_s_own_tokenizer_weighs_words_and_not_the_space_before() -> None:
    transformers = pytest.importorskip("transformers")
    place = CONFIGS / "FLUX.1-dev" / "tokenizer_2"
    tokenizer = transformers.T5TokenizerFast.from_pretrained(place, local_files_only=True)
    phrase = one_phrase("a (red:1.4) bear")
    found = tokenizer(phrase.text, return_offsets_mapping=True)
    words = tokenizer.convert_ids_to_tokens(found.input_ids)
    weights = [weight_of(phrase, *span) for span in found["offset_mapping"]]
    assert dict(zip(words, weights, strict=True))["▁red"] == pytest.approx(1.4)
    assert sum(weight != 1.0 for weight in weights) == 1
