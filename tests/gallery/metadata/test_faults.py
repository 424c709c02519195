"""Pictures that other studios, converters and web pages left, and that were once read wrongly."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from studio.core.errors import DataError
from studio.gallery import png
from studio.gallery.history.index import History
from studio.gallery.history.thumbnails import Thumbnails
from studio.gallery.metadata import read
from studio.gallery.metadata.texts import user_comment
from studio.pictures.reading import read_picture
from tests.gallery.metadata.examples import A1111, read_text, written

DATA = Path(__file__).parent / "data"
MODELS = ("studio-256",)


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        (
            "own-text-after-pixels.png",
            "Latent Studio",
            {"prompt": "a teddy bear", "sampler": "flow-heun", "steps": 20, "seed": 7},
        ),
        ("comfyui-string-concatenate.png", "ComfyUI", {"prompt": "a green pear", "seed": 77}),
        (
            "comfyui-unsaved-sampler-first.png",
            "ComfyUI",
            {"prompt": "a green pear", "seed": 77, "steps": 31, "guidance": 6.5},
        ),
        (
            "single-line.png",
            "A1111",
            {
                "prompt": "a green pear on a table, soft light.",
                "negative": "blurry, dark.",
                "steps": 24,
                "guidance": 5.5,
                "seed": 424242,
                "schedule": "karras",
            },
        ),
        (
            "unicode-utf8.jpg",
            "A1111",
            {"prompt": "a green pear", "negative": "blurry", "seed": 424242},
        ),
        (
            "a1111-newline-in-value.png",
            "A1111",
            {"options": (), "variation": 0.0, "sampler": "euler-ancestral", "seed": 424242},
        ),
        (
            "sdnext-pipes.png",
            "A1111",
            {
                "prompt": "a pear",
                "negative": "bad",
                "steps": 25,
                "seed": 1879,
                "sampler": "euler-ancestral",
                "guidance": 7.0,
            },
        ),
        (
            "swarmui-json.png",
            "SwarmUI",
            {"prompt": "a pear", "negative": "bad", "seed": 5, "steps": 25, "guidance": 4.0},
        ),
        (
            "swarmui-sampler-schedule.png",
            "A1111",
            {"prompt": "a pear", "sampler": "dpmpp-2m-sde", "schedule": "leading", "steps": 30},
        ),
        (
            "fooocus-json.png",
            "Fooocus",
            {
                "prompt": "a pear",
                "negative": "bad",
                "seed": 5,
                "steps": 30,
                "sampler": "dpmpp-2m-sde",
                "schedule": "karras",
            },
        ),
        (
            "easydiffusion.png",
            "Easy Diffusion",
            {
                "prompt": "a pear on a table",
                "negative": "bad",
                "seed": 5,
                "steps": 25,
                "guidance": 7.5,
                "sampler": "euler-ancestral",
            },
        ),
        (
            "novelai.png",
            "NovelAI",
            {
                "prompt": "a pear",
                "negative": "bad",
                "seed": 5,
                "steps": 28,
                "guidance": 11.0,
                "sampler": "flow-euler",
            },
        ),
        ("stealth.png", "A1111", {"prompt": "a pear", "seed": 1, "steps": 20, "guidance": 7.0}),
        ("big-ztxt.png", "A1111", {"prompt": "a green pear", "steps": 24, "seed": 424242}),
    ],
)
def test_settings_come_back(name: str, source: str, expected: dict[str, object]) -> None:
    found = read(DATA / name, MODELS)
    assert found.source == source
    assert {each: getattr(found.settings, each) for each in expected} == expected
    assert not found.missing & set(expected)


def test_what_was_not_found_is_named_and_not_made_up() -> None:
    found = read(DATA / "comfyui-seed-from-unknown-node.png", MODELS)
    assert found.settings.prompt == "a green pear"
    assert found.missing == {"seed", "steps", "guidance"}
    for note in (
        "The seed comes from 'CR Seed', which is not known here; yours is kept.",
        "The steps come from 'SimpleMath+', which is not known here; yours are kept.",
        "The guidance comes from 'CR Float Slider', which is not known here; yours is kept.",
    ):
        assert note in found.notes


def test_history_takes_a_picture_whose_settings_lie_after_its_pixels(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    shutil.copy(DATA / "own-text-after-pixels.png", folder / "a.png")
    assert png.read_settings(folder / "a.png").prompt == "a teddy bear"
    history = History(tmp_path / "history.sqlite", folder)
    item = history.add(folder / "a.png")
    history.close()
    assert (item.settings.prompt, item.settings.seed) == ("a teddy bear", 7)


@pytest.mark.parametrize("name", ["big-ztxt.png", "big-icc.png"])
def test_a_long_text_or_profile_does_not_spoil_the_picture(tmp_path: Path, name: str) -> None:
    found = read_picture(DATA / name)
    assert found.pixels.shape == (8, 8, 3)
    wanted = ("Its colour profile was left out: it is larger than 1 MB.",)
    assert found.notes == (wanted if "icc" in name else ())
    assert Thumbnails(tmp_path).jpeg(DATA / name, 1, 8)


def test_a_picture_without_settings_says_nothing_of_its_profile() -> None:
    with pytest.raises(DataError, match=r"^big-icc\.png has no settings inside"):
        read(DATA / "big-icc.png")


def test_a_text_that_is_too_long_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'parameters' was left out"):
        read(written(tmp_path / "a.png", parameters="a" * 2**23 + A1111["2022"]))


@pytest.mark.parametrize("suffix", [".avif", ".webp", ".jpg"])
def test_comments_of_every_kind_of_file(tmp_path: Path, suffix: str) -> None:
    if suffix == ".avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    exif = Image.Exif()
    exif[0x0131] = "webui"  # Pillow writes no AVIF with a comment alone
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + A1111["1.4"].encode("utf-16-be")
    path = tmp_path / f"a{suffix}"
    Image.new("RGB", (16, 16)).save(path, exif=exif)
    assert read(path).settings.seed == 3889555578


@pytest.mark.parametrize("coding", ["utf-8", "utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("text", ["a été 🧸", "猫\nSteps: 3", "a"])
def test_unicode_comments(text: str, coding: str) -> None:
    assert user_comment(b"UNICODE\0" + text.encode(coding)) == text


def hidden(text: bytes, head: bytes, channels: int) -> Image.Image:
    """A picture with a text in its lowest bits, as the stealth extension writes it."""
    content = head + (8 * len(text)).to_bytes(4, "big") + text
    pixels = np.random.default_rng(1).integers(0, 256, (40, 60, channels), np.uint8)
    bits = pixels[..., 3:] if channels == 4 else pixels
    columns = np.ascontiguousarray(bits.swapaxes(0, 1)).reshape(-1)
    written = np.unpackbits(np.frombuffer(content, np.uint8))
    columns[: len(written)] = columns[: len(written)] & 0xFE | written
    bits[:] = columns.reshape(60, 40, -1).swapaxes(0, 1)
    return Image.fromarray(pixels)


@pytest.mark.parametrize(("head", "channels"), [(b"stealth_pnginfo", 4), (b"stealth_rgbinfo", 3)])
def test_texts_hidden_in_the_pixels(tmp_path: Path, head: bytes, channels: int) -> None:
    hidden(A1111["2022"].encode(), head, channels).save(tmp_path / "a.png")
    assert read(tmp_path / "a.png").settings.seed == 76682
    inside = b'{"Software": "NovelAI", "Comment": "{\\"prompt\\": \\"a fox\\", \\"seed\\": 3}"}'
    hidden(inside, head, channels).save(tmp_path / "b.png")
    found = read(tmp_path / "b.png")
    assert (found.source, found.settings.prompt, found.settings.seed) == ("NovelAI", "a fox", 3)


def test_hidden_texts_that_lie_about_their_length_are_none(tmp_path: Path) -> None:
    for text, head in ((b"", b"stealth_pngcomp"), (b"\x1f\x8b\0", b"stealth_pngcomp")):
        picture = hidden(text, head, 4)
        picture.save(tmp_path / "a.png")
        with pytest.raises(DataError, match="no settings inside"):
            read(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ('Template: "a "big" ball, Eta: 0.7", Version: v1', {}),
        ("Template: a {red|blue}\nball, Eta: 0.7, Variation seed strength: 0.9", {}),
        ("Version: v1\nTemplate: a ball, Eta: 0.7\nNegative Template: b, Eta: 0.9", {}),
        ('Template: "a\nball, Eta: 0.7", Eta: 0.5', {"options": (("eta", 0.5),)}),
        ('Template: "never closed, Eta: 0.5', {"options": (("eta", 0.5),)}),
        ('Template: "a\\\\", Eta: 0.5', {"options": (("eta", 0.5),)}),
    ],
)
def test_nothing_leaks_out_of_a_value(line: str, values: dict[str, object]) -> None:
    text = f"a\nSteps: 9, Sampler: Euler a, CFG scale: 4, Seed: 1, {line}"
    settings = read_text(text, MODELS).settings
    assert (settings.sampler, settings.seed, settings.variation) == ("euler-ancestral", 1, 0.0)
    assert settings.options == values.get("options", ())


@pytest.mark.parametrize(
    "strange", ["a BREAK b", "a {{cat}}", "embedding:bad-v1", "a (cat)++", "a (cat)1.2", "[a|b]"]
)
def test_syntax_that_is_not_ours_leaves_a_note(strange: str) -> None:
    text = f"{strange}\nSteps: 9, Sampler: Euler a, CFG scale: 4, Seed: 1"
    assert any("not known here" in note for note in read_text(text, MODELS).notes)
    plain = read_text(
        text.replace(strange, "a (small:1.2) [a:b:0.5] AND [[red]] BREAKFAST"), MODELS
    )
    assert not plain.notes


def test_a_prompt_may_begin_as_json_does() -> None:
    text = "{red|blue} ball\nSteps: 9, Sampler: Euler a, CFG scale: 4, Seed: 1"
    assert read_text(text, MODELS).settings.prompt == "{red|blue} ball"


def test_json_of_nobody_known_and_plain_prompts_are_named_for_what_they_are(
    tmp_path: Path,
) -> None:
    with pytest.raises(DataError, match="JSON of a studio that is not known"):
        read(written(tmp_path / "a.png", parameters='{"a": 1}'))
    with pytest.raises(DataError, match="plain words"):
        read(written(tmp_path / "a.png", prompt="a pear"))
