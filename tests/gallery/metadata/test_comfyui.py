"""ComfyUI's graphs: samplers of every kind, links through other nodes, circles."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from studio.core.errors import DataError
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.gallery.metadata import Found, read
from tests.gallery.metadata.examples import A1111, ADVANCED, COMFYUI, FLUX, KSAMPLER, written


def found_in(tmp_path: Path, graph: dict[str, Any]) -> Found:
    return read(written(tmp_path / "a.png", prompt=json.dumps(graph)))


def test_ksampler(tmp_path: Path) -> None:
    assert "NaN" in COMFYUI["ksampler"]
    found = found_in(tmp_path, KSAMPLER)
    assert found.source == "ComfyUI"
    assert found.settings == Settings(
        "beautiful scenery nature glass bottle landscape",
        negative="text, watermark",
        sampler="dpmpp-2m",
        schedule="karras",
        steps=30,
        guidance=8.0,
        seed=156680208700286,
        size=Size.square(512),
    )
    assert found.notes == (
        "LoRA 'add_detail.safetensors' was left out.",
        "The model 'v1-5-pruned-emaonly' is not here; studio-256 takes its place.",
    )


def test_the_first_of_several_samplers_with_texts_combined(tmp_path: Path) -> None:
    found = found_in(tmp_path, ADVANCED)
    assert found.settings == Settings(
        "evening sunset, a glass bottle",
        negative="text, watermark",
        sampler="flow-euler",
        schedule="trailing",
        steps=25,
        guidance=8.0,
        seed=721897303308196,
        size=Size.square(1024),
    )
    assert found.notes[0] == "Only the first of 2 samplers is here."
    assert "The schedule 'normal' is not here; Trailing is the nearest." in found.notes
    assert any("sd_xl_base_1.0" in note for note in found.notes)


def test_custom_samplers(tmp_path: Path) -> None:
    found = found_in(tmp_path, FLUX)
    assert found.settings == Settings(
        "a fennec",
        sampler="flow-euler",
        schedule="trailing",
        steps=20,
        guidance=2.5,
        seed=219670278747233,
        size=Size.square(1024),
        shift=3.0,
    )
    assert "The model's own guidance 3.5 was left out." in found.notes


def test_control_nets_pass_each_prompt_through(tmp_path: Path) -> None:
    graph = copy.deepcopy(KSAMPLER)
    both = {"positive": ["6", 0], "negative": ["7", 0], "strength": 1.0, "image": ["99", 0]}
    graph["20"] = {"class_type": "ControlNetApplyAdvanced", "inputs": both}
    graph["3"]["inputs"] |= {"positive": ["20", 0], "negative": ["20", 1]}
    settings = found_in(tmp_path, graph).settings
    assert settings.prompt.startswith("beautiful")
    assert settings.negative == "text, watermark"


def test_cfg_plus_plus_rescaling_and_options(tmp_path: Path) -> None:
    graph = copy.deepcopy(KSAMPLER)
    graph["3"]["inputs"] |= {"sampler_name": "euler_ancestral_cfg_pp", "cfg": 0.8}
    settings = found_in(tmp_path, graph).settings
    assert (settings.sampler, settings.rule) == ("euler-ancestral", "cfg++")
    assert (settings.guidance, settings.rule_options) == (0.8, (("full", 1.0),))
    graph = copy.deepcopy(FLUX)
    graph["30"] = {
        "class_type": "RescaleCFG",
        "inputs": {"multiplier": 0.5, "model": ["12", 0]},
    }
    graph["16"] = {"class_type": "SamplerEulerAncestral", "inputs": {"eta": 0.3, "s_noise": 1.0}}
    settings = found_in(tmp_path, graph).settings
    assert (settings.rule, settings.rule_options) == ("rescale", (("phi", 0.5),))
    assert (settings.sampler, settings.options) == ("euler-ancestral", (("eta", 0.3),))


STRINGS = "StringFunction|pysssss"
THROUGH: list[tuple[str, dict[str, Any], str | None]] = [
    ("StringConcatenate", {"string_a": "a", "string_b": "fox", "delimiter": ", "}, "a, fox"),
    ("Text Concatenate", {"text_b": "b", "text_a": ["50", 0], "delimiter": "\\n"}, "a text\nb"),
    ("Concat", {f"text{i}": str(i) for i in (10, 2, 1)} | {"separator": "-"}, "1-2-10"),
    ("JoinWords", {"suffix": "end", "prefix": "start", "text": "middle"}, "start middle end"),
    (STRINGS, {"action": "append", "tidy_tags": "yes", "text_a": "a", "text_b": "b"}, "a, b"),
    (STRINGS, {"action": "replace", "tidy_tags": "yes", "text_a": "a", "text_b": "b"}, None),
    ("ShowText|pysssss", {"text": ["50", 0], "text_0": "an old one"}, "a text"),
    ("ImpactWildcardProcessor", {"wildcard_text": "{a|b}", "populated_text": "b"}, "b"),
    ("Unheard Of", {"text": "a fox", "sides": 6}, "a fox"),
    ("Reroute", {"": ["50", 0]}, "a text"),
    ("Reroute", {"": ["51", 0]}, None),
    ("Text Switch", {"text_a": "one", "text_b": "two", "input": 2}, None),
    ("Oracle", {"question": "what?"}, None),
]


@pytest.mark.parametrize(("kind", "inputs", "prompt"), THROUGH)
def test_texts_that_come_through_other_nodes(
    tmp_path: Path, kind: str, inputs: dict[str, Any], prompt: str | None
) -> None:
    graph = copy.deepcopy(KSAMPLER)
    graph["6"]["inputs"]["text"] = ["40", 0]
    graph["40"] = {"class_type": kind, "inputs": inputs}
    graph["50"] = {"class_type": "PrimitiveString", "inputs": {"value": "a text"}}
    found = found_in(tmp_path, graph)
    assert found.settings.prompt == (prompt or "")
    assert ("prompt" in found.missing) == (prompt is None)
    assert any(kind in note for note in found.notes) == (prompt is None)


def test_reroutes_are_followed(tmp_path: Path) -> None:
    graph = copy.deepcopy(KSAMPLER)
    ways = {"seed": ["60", 0], "positive": ["6", 0], "model": ["10", 0], "latent_image": ["5", 0]}
    graph["60"] = {"class_type": "PrimitiveInt", "inputs": {"value": 77}}
    for number, (name, link) in enumerate(ways.items()):
        graph[f"r{number}"] = {"class_type": "Reroute", "inputs": {"": link}}
        graph["3"]["inputs"][name] = [f"r{number}", 0]
    found = found_in(tmp_path, graph)
    assert (found.settings.prompt[:9], found.settings.seed) == ("beautiful", 77)
    assert not found.missing and any("v1-5-pruned" in note for note in found.notes)


def test_what_changes_a_text_and_parts_that_are_lost_are_told(tmp_path: Path) -> None:
    graph = copy.deepcopy(KSAMPLER)
    graph["6"]["inputs"]["text"] = ["40", 0]
    graph["7"]["inputs"]["text"] = ["41", 0]
    graph["40"] = {"class_type": "StringReplace", "inputs": {"string": "a fox", "find": "fox"}}
    parts = {"text_a": "blurry", "text_b": ["42", 0], "delimiter": ", "}
    graph["41"] = {"class_type": "Concat", "inputs": parts}
    graph["42"] = {"class_type": "Oracle", "inputs": {}}
    found = found_in(tmp_path, graph)
    assert (found.settings.prompt, found.settings.negative) == ("a fox", "blurry")
    assert "The prompt passed through 'StringReplace' and may be another." in found.notes
    assert "A part of the negative prompt comes from 'Oracle', not known here." in found.notes


def test_whatever_else_guided_it_is_named(tmp_path: Path) -> None:
    graph = copy.deepcopy(KSAMPLER)
    both = {"positive": ["6", 0], "negative": ["7", 0], "strength": 1.0}
    graph["20"] = {"class_type": "ControlNetApplyAdvanced", "inputs": both}
    graph["21"] = {"class_type": "IPAdapterAdvanced", "inputs": {"model": ["10", 0], "weight": 1}}
    graph["3"]["inputs"] |= {"positive": ["20", 0], "negative": ["20", 1], "model": ["21", 0]}
    notes = found_in(tmp_path, graph).notes
    assert "ControlNetApplyAdvanced and IPAdapterAdvanced were left out." in notes


def test_the_sampler_is_that_of_what_was_saved_not_shown(tmp_path: Path) -> None:
    graph = {"0": copy.deepcopy(KSAMPLER["3"])} | copy.deepcopy(KSAMPLER)
    graph["0"]["inputs"] |= {"seed": 5}
    graph["1"] = {"class_type": "VAEDecode", "inputs": {"samples": ["0", 0]}}
    graph = {"2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}} | graph
    assert found_in(tmp_path, graph).settings.seed == KSAMPLER["3"]["inputs"]["seed"]
    del graph["9"]
    assert found_in(tmp_path, graph).settings.seed == 5


def test_circles_end(tmp_path: Path) -> None:
    graph = copy.deepcopy(KSAMPLER)
    graph["6"]["inputs"]["text"] = ["6", 0]
    graph["7"] = {"class_type": "ConditioningCombine", "inputs": {"conditioning_1": ["7", 0]}}
    graph["10"]["inputs"]["model"] = ["10", 0]
    graph["3"]["inputs"]["latent_image"] = ["3", 0]
    graph["3"]["inputs"]["steps"] = ["3", 0]
    settings = found_in(tmp_path, graph).settings
    assert (settings.prompt, settings.negative, settings.steps) == ("", "", Settings("").steps)


def test_long_ways_and_long_prompts_end(tmp_path: Path) -> None:
    graph = {
        str(i): {
            "class_type": "KSampler",
            "inputs": {"positive": ["0", 0], "latent_image": [str(i + 1), 0]},
        }
        for i in range(5000)
    }
    graph["4999"]["inputs"] = {"positive": ["t", 0], "seed": 8}
    graph["t"] = {"class_type": "CLIPTextEncode", "inputs": {"text": "a" * 30_000}}
    found = found_in(tmp_path, graph)
    assert (found.settings.seed, len(found.settings.prompt)) == (8, 20_000)
    assert "The prompt was cut after 20000 characters." in found.notes


def test_webp_carries_it_in_exif(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0110] = "prompt:" + COMFYUI["flux"]
    exif[0x010F] = "workflow:{}"
    Image.new("RGB", (8, 8)).save(tmp_path / "a.webp", exif=exif)
    assert read(tmp_path / "a.webp").settings.prompt == "a fennec"


def test_a1111_lines_count_more_than_the_graph(tmp_path: Path) -> None:
    path = written(tmp_path / "a.png", prompt=COMFYUI["flux"], parameters=A1111["img2img"])
    assert read(path).source == "A1111"
    path = written(tmp_path / "a.png", prompt=COMFYUI["flux"], parameters="a holiday")
    found = read(path)
    assert found.source == "ComfyUI"
    assert found.notes[0] == "Its parameters have no line that begins with Steps."


@pytest.mark.parametrize(
    "chunks",
    [
        {"workflow": json.dumps({"nodes": [], "links": [], "version": 0.4})},
        {"prompt": "a plain prompt"},
        {"prompt": "[1, 2]"},
        {"prompt": "{}"},
        {"prompt": json.dumps({"3": {"class_type": "SaveImage", "inputs": {}}})},
        {"prompt": "[" * 100_000},
        {"prompt": '{"a":' * 100_000},
        {"prompt": '{"a":' + "9" * 10_000 + "}"},
    ],
)
def test_what_is_no_graph_is_a_data_error(tmp_path: Path, chunks: dict[str, str]) -> None:
    with pytest.raises(DataError, match=r"a\.png"):
        read(written(tmp_path / "a.png", **chunks))


def test_a_workflow_alone_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="save the picture anew"):
        read(written(tmp_path / "a.png", workflow="{}"))
