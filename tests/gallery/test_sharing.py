"""Settings as text: A1111's line, and a command that the real command line reads back."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as tries
from hypothesis import strategies as st
from PIL import Image

from studio.cli.program import build_parser
from studio.cli.verbs import generate
from studio.core.addons import EMBEDDING, LORA, AddOn
from studio.core.generating import digest
from studio.core.settings import (
    MAX_CLASSIFIER,
    MAX_CLIP_SKIP,
    MAX_GUIDANCE,
    MAX_SEED,
    MAX_STEPS,
    SHIFTS,
    Settings,
)
from studio.core.sizes import Size
from studio.core.specs import Option, Options, Parameter
from studio.diffusion import guidance, samplers, schedules
from studio.gallery import png
from studio.gallery.sharing import command, parameters

PROGRAM = ["python3", "main.py"]
printable = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60).filter(
    lambda text: text != "--"
)  # what a command line can hold


def again(line: str) -> Settings:
    """The settings that the real command line understands."""
    words = shlex.split(line)
    assert words[:2] == PROGRAM
    (request,) = generate.requests_from(build_parser().parse_args(words[2:]))
    return request.settings


def chosen(draw: st.DrawFn, known: tuple[Parameter, ...]) -> Options:
    """Some of these options, not at their default."""
    values: dict[str, Option] = {}
    for parameter in known:
        value: Option
        if parameter.choices:
            value = draw(st.sampled_from(parameter.choices))
        elif isinstance(parameter.default, bool):
            value = draw(st.booleans())
        elif isinstance(parameter.default, int):
            value = draw(st.integers(int(parameter.low), int(parameter.high)))
        else:
            value = draw(st.floats(parameter.low, parameter.high))
        if value != parameter.default and draw(st.booleans()):
            values[parameter.name] = value
    return tuple(sorted(values.items()))


@st.composite
def settings_the_command_line_can_say(draw: st.DrawFn) -> Settings:
    sampler = draw(st.sampled_from([s for s in samplers.all_samplers() if not s.needs]))
    mixing = [spec for spec in guidance.all_rules() if guidance.find(spec.name).make is not None]
    rule = draw(st.sampled_from(mixing))
    classifier = draw(printable)
    return Settings(
        draw(printable),
        negative=draw(printable),
        model=draw(printable),
        sampler=sampler.name,
        steps=draw(st.just(sampler.default_steps) | st.integers(1, MAX_STEPS)),
        guidance=draw(st.floats(0, MAX_GUIDANCE)),
        guidance_interval=draw(st.tuples(st.floats(0, 0.5), st.floats(0.5, 1, exclude_min=True))),
        seed=draw(st.integers(0, MAX_SEED)),
        size=draw(st.builds(Size, st.integers(0, 4096), st.integers(0, 4096))),
        options=chosen(draw, sampler.parameters),
        schedule=draw(st.sampled_from(["", *schedules.SCHEDULES])),
        shift=draw(st.floats(*SHIFTS)),
        rule=rule.name,
        rule_options=chosen(draw, rule.parameters),
        classifier=classifier,
        classifier_scale=draw(st.floats(0, MAX_CLASSIFIER)) if classifier else 0.0,
        variation=draw(st.floats(0, 1)),
        variation_seed=draw(st.integers(0, MAX_SEED)),
        clip_skip=draw(st.integers(1, MAX_CLIP_SKIP)),
        cache=draw(st.floats(0, 1)),
    )


@given(settings=settings_the_command_line_can_say())
@example(settings=Settings("a bear", sampler="turbo", steps=4))  # it leaves little to be said
@tries(max_examples=300)
def test_commands_come_back(settings: Settings) -> None:
    assert again(command(settings)) == settings


@pytest.mark.parametrize(
    "prompt",
    ["", "-", "-- ", "--seed", "-5", "a b", "it's", "$HOME `ls` \\ !", "a\nb", "--\n'\"", "é🧸"],
)
def test_awkward_prompts_come_back(prompt: str) -> None:
    settings = Settings(prompt, negative=prompt, model=f"{prompt}/x", seed=3)
    assert again(command(settings)) == settings


def test_only_what_differs_is_said() -> None:
    assert command(Settings("a teddy bear", seed=7)) == (
        "python3 main.py generate 'a teddy bear' --seed 7"
    )
    said = command(
        Settings(
            "x", sampler="edm-heun", steps=20, options=(("s_churn", 0.0),), size=Size.square(64)
        )
    )
    assert said.endswith("x --seed 0 --sampler edm-heun --size 64 --option s_churn=0.0")
    assert command(Settings("x", size=Size(768, 512))).endswith("--seed 0 --size 768x512")


def test_what_no_command_line_can_hold_is_replaced() -> None:
    assert again(command(Settings("a\0b \ud83e"))).prompt == "a b ?"
    assert again(command(Settings("--", negative="--"))) == replace(
        Settings("--", negative="-- "), seed=0
    )


@pytest.mark.parametrize("strength", [0.25, 0.6, 1.0])
@pytest.mark.parametrize("masked", [False, True])
def test_pictures_to_start_from(tmp_path: Path, strength: float, masked: bool) -> None:
    picture = np.arange(8 * 6 * 3, dtype=np.uint8).reshape(8, 6, 3)
    mask = np.tile(np.array([0, 255], np.uint8), (8, 3))
    for pixels in (picture, mask):
        Image.fromarray(pixels).save(tmp_path / f"{digest(pixels)}.png")
    settings = Settings("a", source=digest(picture), strength=strength)
    if masked:
        settings = replace(settings, mask=digest(mask))
    assert again(command(settings, tmp_path)) == settings
    assert command(settings) == "python3 main.py generate a --seed 0"


def test_the_line_for_other_studios() -> None:
    settings = Settings(
        "a bear", negative="blur", sampler="dpmpp-2m", steps=20, schedule="karras", variation=0.25,
        seed=4, clip_skip=2,
    )  # fmt: skip
    assert parameters(settings) == (
        "a bear\nNegative prompt: blur\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras,"
        " CFG scale: 4.0, Seed: 4, Size: 256x256, Model: studio-256, Variation seed: 0,"
        " Variation seed strength: 0.25, Clip skip: 2, Sampler id: dpmpp-2m, Schedule id: karras,"
        " Version: Latent Studio"
    )
    assert 'Model: "a, b: \\"c\\""' in parameters(replace(settings, model='a, b: "c"'))


def test_loras_and_embeddings_are_said_in_every_way(tmp_path: Path) -> None:
    """As our command, which a drive's letter does not confuse, and as A1111 tells them."""
    addons = (
        AddOn("C:\\loras\\old ink.safetensors", "0123456789abcdef", 0.5, LORA),
        AddOn("/somewhere/soft.safetensors", "fedcba9876543210", kind=EMBEDDING),
    )
    settings = Settings("a soft bear", addons=addons)
    words = shlex.split(command(settings))
    given = ("--lora", "C:\\loras\\old ink.safetensors:0.5", "--embedding", addons[1].file)
    assert tuple(words[-4:]) == given
    lines = parameters(settings).split("\n")
    assert lines[0] == "a soft bear <lora:old ink:0.5>"
    assert 'Lora hashes: "old ink: 0123456789abcdef"' in lines[-1]
    png.write(path := tmp_path / "a.png", np.zeros((8, 8, 3), np.uint8), settings)
    assert png.read_settings(path) == settings
