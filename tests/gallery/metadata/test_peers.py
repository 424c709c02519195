"""The pictures that another reader of such settings is tested with; skipped without network."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from studio.core.errors import DataError
from studio.gallery.metadata import Found, read
from tests.gallery.metadata.peers import fetch

DATA = Path(__file__).parent / "data"
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
    assert noisy.missing == {"seed", "size"}
    night = read(pictures / "parsers/ComfyUI/night_evening_day_morning_cropped.png").settings
    for part in ("(daytime:1.2) sky", "(night:1.3)", "(evening:1.2)", "morning sky", "landscape"):
        assert part in night.prompt


#: Of our test pictures, those in which sd-parsers 0.6 finds nothing or cannot open them.
ONLY_HERE = {
    "big-ztxt.png": "A1111",
    "comfyui-seed-from-unknown-node.png": "ComfyUI",
    "comfyui-string-concatenate.png": "ComfyUI",
    "comfyui-unsaved-sampler-first.png": "ComfyUI",
    "easydiffusion.png": "Easy Diffusion",
    "fooocus-json.png": "Fooocus",
    "sdnext-pipes.png": "A1111",
    "swarmui-json.png": "SwarmUI",
    "unicode-utf8.jpg": "A1111",
}


def theirs(path: Path) -> list[dict[str, object]]:
    """What sd-parsers reads of each sampler, under our names; nothing where it fails."""
    package = pytest.importorskip("sd_parsers")
    manager = package.ParserManager(eagerness=package.Eagerness.EAGER)
    found = None
    with suppress(ValueError):  # Pillow's, of large texts
        found = manager.parse(path)
    samplers = []
    for each in found.samplers if found else ():
        names = {"seed": "seed", "noise_seed": "seed", "steps": "steps", "cfg_scale": "guidance"}
        said = {names[n]: float(v) for n, v in each.parameters.items() if n in names}
        prompts = {"prompt": each.prompts, "negative": each.negative_prompts}
        texts = {name: [prompt.value for prompt in many] for name, many in prompts.items() if many}
        samplers.append(said | texts)
    return samplers


def agrees(found: Found, their: dict[str, object]) -> bool:
    """Whether nothing of theirs is otherwise here, or is missing here without a word."""
    for name, value in their.items():
        ours = getattr(found.settings, name)
        if isinstance(value, list):
            same = all(" ".join(text.split()) in " ".join(ours.split()) for text in value)
        else:
            same = float(ours) == value or name in found.missing
        if not same:
            return False
    return True


def test_what_sd_parsers_reads_of_its_own_pictures_is_the_same_here(pictures: Path) -> None:
    for name in EXPECTED:
        assert any(agrees(read(pictures / name), each) for each in theirs(pictures / name)), name


def test_what_sd_parsers_reads_of_our_pictures_is_the_same_here_and_less() -> None:
    for path in sorted(DATA.iterdir()):
        if samplers := theirs(path):
            assert any(agrees(read(path), each) for each in samplers), path.name
        elif path.name in ONLY_HERE:
            assert read(path).source == ONLY_HERE[path.name]
        else:
            assert path.name in ("big-icc.png", "own-text-after-pixels.png")


def test_those_without_settings_say_so(pictures: Path) -> None:
    seen = {path.relative_to(pictures).as_posix() for path in pictures.rglob("*.[pj][np]g")}
    assert seen > set(EXPECTED)
    for name in sorted(seen - set(EXPECTED)):
        with pytest.raises(DataError, match=r"no settings inside|cannot be read"):
            read(pictures / name)
