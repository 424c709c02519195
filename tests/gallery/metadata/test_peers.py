"""The pictures that another reader of such settings is tested with; skipped without network."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from studio.core.errors import DataError
from studio.gallery.metadata import read
from tests.gallery.metadata.peers import fetch

DUCK = {
    "prompt": "photo of a duck",
    "negative": "monochrome",
    "sampler": "unipc",
    "steps": 15,
    "guidance": 5.0,
    "seed": 235284042,
}
ROBED = {"steps": 50, "guidance": 5.0, "seed": 2980747362, "sampler": "dpmpp-2m"}
EXPECTED: dict[str, tuple[str, dict[str, object]]] = {
    "parsers/AUTOMATIC1111/automatic1111_cropped.png": ("A1111", DUCK),
    "parsers/AUTOMATIC1111/automatic1111_cropped.jpg": ("A1111", DUCK),
    "bad_images/text_after_idat.png": ("A1111", DUCK),
    "parsers/AUTOMATIC1111/automatic1111_stealth.png": (
        "A1111",
        {"prompt": "a circle", "negative": "a square", "steps": 20, "seed": 2015833630}
        | {"guidance": 7.0, "sampler": "flow-euler"},
    ),
    "parsers/ComfyUI/img2img_cropped.png": (
        "ComfyUI",
        {"seed": 280823642470253, "steps": 20, "guidance": 8.0, "sampler": "dpmpp-2m"}
        | {"prompt": "photograph of victorian woman with wings, sky clouds, meadow grass"}
        | {"negative": "watermark, text"},
    ),
    "parsers/ComfyUI/night_evening_day_morning_cropped.png": (
        "ComfyUI",
        {"seed": 335608130539327, "steps": 13, "guidance": 8.5, "sampler": "dpmpp-2m-sde"},
    ),
    "parsers/ComfyUI/unclip_2pass_cropped.png": (
        "ComfyUI",
        {"seed": 1106257833005336, "steps": 26, "guidance": 8.0, "sampler": "unipc"},
    ),
    "parsers/ComfyUI/noisy_latents_3_subjects_cropped.png": (  # its noise is of four samplers
        "ComfyUI",
        {"steps": 16, "guidance": 6.5, "sampler": "unipc", "schedule": "trailing"},
    ),
    "parsers/Fooocus/fooocus1_cropped.png": (
        "Fooocus",
        {"prompt": "a smiling goldfish", "negative": "", "steps": 30, "guidance": 4.0}
        | {"seed": 6952411511246973023, "sampler": "dpmpp-2m-sde", "schedule": "karras"},
    ),
    "parsers/InvokeAI/invokeai_dream1.png": ("InvokeAI", ROBED),
    "parsers/InvokeAI/invokeai_sdmeta1.png": ("InvokeAI", ROBED),
    "parsers/InvokeAI/invokeai_imeta1.png": (
        "InvokeAI",
        {"seed": 3293022630, "steps": 35, "guidance": 8.0, "sampler": "flow-euler"},
    ),
    "parsers/NovelAI/novelai1_cropped.png": (
        "NovelAI",
        {"prompt": "masterpiece, best quality,  cat, space, icon", "steps": 50, "guidance": 10.0}
        | {"seed": 2253955223, "sampler": "euler-ancestral"},
    ),
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return fetch(tmp_path_factory.mktemp("peers"))
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"the pictures cannot be fetched: {type(error).__name__}")


def test_all_that_hold_settings_are_restored(pictures: Path) -> None:
    assert len(EXPECTED) == 13
    wrong = {}
    for name, (source, expected) in EXPECTED.items():
        found = read(pictures / name)
        seen = {each: getattr(found.settings, each) for each in expected}
        if (found.source, seen) != (source, expected) or found.missing & set(expected):
            wrong[name] = found
    assert not wrong
    noisy = read(pictures / "parsers/ComfyUI/noisy_latents_3_subjects_cropped.png")
    assert noisy.missing == {"seed"}
    night = read(pictures / "parsers/ComfyUI/night_evening_day_morning_cropped.png").settings
    for part in ("(daytime:1.2) sky", "(night:1.3)", "(evening:1.2)", "morning sky", "landscape"):
        assert part in night.prompt


def test_those_without_settings_say_so(pictures: Path) -> None:
    seen = {path.relative_to(pictures).as_posix() for path in pictures.rglob("*.[pj][np]g")}
    assert seen > set(EXPECTED)
    for name in sorted(seen - set(EXPECTED)):
        with pytest.raises(DataError, match=r"no settings inside|cannot be read"):
            read(pictures / name)
