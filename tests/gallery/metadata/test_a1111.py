"""A1111's parameters: chunks, EXIF comments, old and new spellings, what cannot be carried over."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from studio.core.errors import DataError
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.gallery import png
from studio.gallery.metadata import read
from studio.gallery.metadata.a1111 import SAMPLER_ID
from tests.gallery.metadata.examples import A1111, read_text, written

MODELS = ("studio-256",)


def test_everything_with_a_place_here_is_carried_over(tmp_path: Path) -> None:
    found = read(written(tmp_path / "a.png", parameters=A1111["1.10"]))
    assert found.source == "A1111"
    assert found.settings == Settings(
        "a portrait of a red fox, (detailed fur:1.2),\nsitting in the snow",
        negative="blurry, lowres\nwatermark",
        sampler="dpmpp-2m",
        schedule="karras",
        steps=25,
        guidance=6.5,
        seed=2914187532,
        size=Size(512, 768),
        clip_skip=2,
    )
    assert found.notes == (
        "LoRA 'foxStyle_v2' was left out.",
        "The model 'v1-5-pruned-emaonly' is not here; studio-256 takes its place.",
        "VAE, Hires upscale, Hires steps and Hires upscaler were left out.",
    )


def test_old_names_hold_the_schedule_and_variations_come_along() -> None:
    found = read_text(A1111["1.4"], MODELS)
    assert (found.settings.sampler, found.settings.schedule) == ("dpmpp-2m", "karras")
    assert (found.settings.variation, found.settings.variation_seed) == (0.2, 906100265)


def test_what_is_here_under_the_same_name_needs_no_note() -> None:
    found = read_text(A1111["img2img"].replace(", Denoising strength: 0.75", ""), MODELS)
    assert found.settings == Settings(
        "a teddy bear", sampler="euler-ancestral", guidance=7, seed=1, steps=20
    )
    assert not found.notes


def test_a_picture_to_start_from_is_missed() -> None:
    (note,) = read_text(A1111["img2img"], MODELS).notes
    assert note == "It started from another picture, at a strength of 0.75, which is not inside."


def test_the_nearest_sampler_is_named() -> None:
    found = read_text(A1111["2022"], MODELS)
    assert (found.settings.sampler, found.settings.schedule) == ("dpmpp-2m", "karras")
    assert "The sampler 'LMS Karras' is not here; DPM-Solver++ 2M is the nearest." in found.notes


def test_forge() -> None:
    found = read_text(A1111["forge"], MODELS)
    assert (found.settings.sampler, found.settings.schedule) == ("flow-euler", "trailing")
    assert found.settings.seed == 9007199254740993  # beyond what a float holds
    assert "Distilled CFG Scale and Module 1 were left out." in found.notes


def test_quoted_values_and_the_samplers_options() -> None:
    found = read_text(A1111["quoted"], ["odd, name: one"])
    assert found.settings.model == "odd, name: one"
    assert found.settings.options == (("s_churn", 0.0),)  # A1111's Heun has none
    assert found.notes == ("Hires prompt was left out.",)
    found = read_text("a\nSteps: 8, Sampler: Euler a, Eta: 0.5, Seed: 3", MODELS)
    assert found.settings.options == (("eta", 0.5),)


@pytest.mark.parametrize(
    ("values", "became", "note"),
    [
        ("Steps: 5000", {"steps": 1000}, "The steps 5000 became 1000."),
        ("Steps: 0", {"steps": 1}, "The steps 0 became 1."),
        ("Steps: 9, CFG scale: 45", {"guidance": 30.0}, "The guidance 45 became 30."),
        ("Steps: 9, CFG scale: inf", {"guidance": 4.0}, "The guidance inf is no number"),
        ("Steps: 9, Seed: -1", {"seed": 0}, "The seed -1 became 0."),
        ("Steps: 9, Seed: " + "9" * 300, {"seed": 2**63 - 1}, "The seed 999"),
        ("Steps: 9, Seed: " + "9" * 9000, {}, "The seed 999"),
        (
            "Steps: 9, Sampler: Tomorrow's",
            {"sampler": Settings("").sampler},
            "'Tomorrow's' is not here",
        ),
        ("Steps: 9, Schedule type: New", {"schedule": ""}, "The schedule 'New' is not here"),
        ("Steps: 9, Variation seed strength: 2", {"variation": 1.0}, "variation 2 became 1."),
        ("Steps: 9, Size: 256x256", {"size": Size.square(256)}, ""),
        ("Steps: 9, Size: 512x768", {"size": Size(512, 768)}, ""),
        ("Steps: 9, Size: 0x99999", {"size": Size(1, 65536)}, "The width 0 became 1."),
        ("Steps: 9, Size: 1x2x3", {"size": Size.square(256)}, ""),
    ],
)
def test_values_out_of_range_are_clamped_and_told(
    values: str, became: dict[str, object], note: str
) -> None:
    found = read_text(f"a\n{values}, Version: x", MODELS)
    for name, value in became.items():
        assert getattr(found.settings, name) == value
    assert any(note in each for each in found.notes) or not note


@pytest.mark.parametrize("coding", ["utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_exif_comments(tmp_path: Path, suffix: str, coding: str) -> None:
    exif = Image.Exif()
    text = A1111["img2img"].replace("teddy bear", "ourson 🧸 été")
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + text.encode(coding)
    path = tmp_path / f"a{suffix}"
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    assert read(path).settings.prompt == "a ourson 🧸 été"


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "zipped iTXt", "UTF-8 in tEXt"])
def test_every_kind_of_chunk(tmp_path: Path, kind: str) -> None:
    text = A1111["img2img"].replace("teddy", "très")
    info = PngImagePlugin.PngInfo()
    if "iTXt" in kind:
        info.add_itxt("parameters", text, zip="zipped" in kind)
    elif kind == "UTF-8 in tEXt":
        info.add(b"tEXt", b"parameters\0" + text.encode())
    else:
        info.add_text("parameters", text, zip=kind == "zTXt")
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png", pnginfo=info)
    assert read(tmp_path / "a.png").settings.prompt == "a très bear"


def test_our_own_line_brings_our_own_names_back() -> None:
    for sampler, schedule in (("flow-heun", ""), ("edm-heun", "uniform"), ("ddim", "karras")):
        settings = Settings("a\nb", negative="c", sampler=sampler, schedule=schedule, seed=5)
        found = read_text(png.parameters(settings), MODELS)
        assert found.source == "Latent Studio"
        assert found.settings == settings
        assert not found.notes


@pytest.mark.parametrize("place", ["Sampler", SAMPLER_ID])
def test_a_twin_of_an_older_version_is_found_under_its_one_name(place: str) -> None:
    found = read_text(
        f"a bear\nSteps: 9, {place}: flow-unipc, CFG scale: 4, Seed: 1, Size: 256x256", MODELS
    )
    assert (found.settings.sampler, found.notes) == ("unipc", ())


@pytest.mark.parametrize("text", ["", "a holiday", "Steps: many, Sampler: DDIM", '{"a": 1}'])
def test_other_texts_are_data_errors(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"a\.png"):
        read(written(tmp_path / "a.png", parameters=text))


def test_a_size_that_is_not_said_is_the_persons_own() -> None:
    assert "size" in read_text("a\nSteps: 9, Version: x", MODELS).missing
    assert "size" not in read_text("a\nSteps: 9, Size: 512x768, Version: x", MODELS).missing
