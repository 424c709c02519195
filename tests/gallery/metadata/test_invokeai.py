"""InvokeAI's metadata of versions 2 to 5."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.core.errors import DataError
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.gallery.metadata import read
from tests.gallery.metadata.examples import DREAM, INVOKEAI, OLD_INVOKEAI, written


def test_version_3(tmp_path: Path) -> None:
    found = read(written(tmp_path / "a.png", invokeai_metadata=INVOKEAI["3"]))
    assert found.source == "InvokeAI"
    assert found.settings == Settings(
        "landscape",
        negative="low quality",
        sampler="dpmpp-2m-sde",
        schedule="karras",
        steps=50,
        guidance=7.5,
        seed=356120443,
        size=Size(768, 432),
    )
    assert found.notes == (
        "LoRA 'more_details' was left out.",
        "The model 'amixx_3' is not here; studio-256 takes its place.",
        "vae was left out.",
    )


def test_version_5(tmp_path: Path) -> None:
    found = read(written(tmp_path / "a.png", invokeai_metadata=INVOKEAI["5"]))
    assert (found.settings.rule, found.settings.rule_options) == ("rescale", (("phi", 0.5),))
    assert found.settings.sampler == "edm-heun"
    assert "The negative style prompt 'oil painting' was left out." in found.notes
    assert "LoRA 'add-detail-xl' was left out." in found.notes
    assert any("'kdpm_2' is not here" in note for note in found.notes)


@pytest.mark.parametrize("chunks", [{"sd-metadata": OLD_INVOKEAI, "Dream": DREAM}])
def test_version_2(tmp_path: Path, chunks: dict[str, str]) -> None:
    found = read(written(tmp_path / "a.png", **chunks))
    assert found.settings == Settings(
        "a lonely robot",
        negative="blurry, text",
        sampler="dpmpp-2m",
        steps=50,
        guidance=7.5,
        seed=1618033988,
        size=Size.square(512),
        variation=0.3,
        variation_seed=77,
    )
    assert "perlin was left out." in found.notes


def test_dream_lines(tmp_path: Path) -> None:
    found = read(written(tmp_path / "a.png", Dream=DREAM))
    assert found.settings == Settings(
        'a red "fox"',
        negative="blurry, text",
        sampler="euler-ancestral",
        steps=50,
        guidance=7.5,
        seed=3357757885,
        size=Size(512, 768),
    )
    assert "-G was left out." in found.notes
    found = read(written(tmp_path / "a.png", Dream="a fox -s20 -S 4 -V 5:0.1,6:0.2"))
    assert (found.settings.prompt, found.settings.steps, found.settings.seed) == ("a fox", 20, 4)
    assert (found.settings.variation_seed, found.settings.variation) == (5, 0.1)
    assert "Of 2 variations only the first is here." in found.notes


@pytest.mark.parametrize(
    "chunks",
    [
        {"invokeai_metadata": "{}"},
        {"invokeai_metadata": "nothing"},
        {"sd-metadata": json.dumps({"image": 3})},
        {"Dream": "only words"},
        {"Dream": ""},
    ],
)
def test_damage_is_a_data_error(tmp_path: Path, chunks: dict[str, str]) -> None:
    with pytest.raises(DataError, match=r"a\.png"):
        read(written(tmp_path / "a.png", **chunks))
