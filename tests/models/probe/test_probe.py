"""What a file is, from its header: over all families, kinds and dialects."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from studio.core.errors import ModelError, UsageError
from studio.models.probe.header import Header
from studio.models.probe.probe import Answer, judge, probe
from tests.cli.conftest import Run, run
from tests.models.probe import files
from tests.models.probe.stubs import STUBS, Stub

__all__ = ["run"]
ROOT = Path(__file__).parents[3]
CONFIGS = ROOT.parent / "shared" / "configs"  # real ones, never committed


def line(answer: Answer) -> str:
    precision = ", ".join(filter(None, (answer.precision, answer.scales)))
    filled = "; ".join(f"{each.topic}: {each.value}" for each in answer.prefilled)
    return " | ".join(
        (answer.kind, answer.family, answer.variant, precision, answer.layout, filled)
    )


def squeezed(text: str) -> str:
    return "|".join(cell.strip() for cell in text.split("|"))


@pytest.mark.parametrize("stub", STUBS, ids=lambda stub: stub.name)
def test_stub(stub: Stub) -> None:
    answer = judge(stub.header, stub.path)
    assert squeezed(line(answer)) == squeezed(stub.answer), answer.reasons
    assert answer.reasons
    assert (answer.confidence == "certain") == (answer.family != "unknown")


def test_there_are_enough() -> None:
    assert len(STUBS) >= 60 and len({stub.name for stub in STUBS}) == len(STUBS)


def test_the_page_is_of_these_stubs() -> None:
    text = (ROOT / "docs" / "checkpoints.md").read_text(encoding="utf-8")
    section = text.partition("## What the probe says")[2]
    rows = [row for row in section.splitlines() if row.startswith("| ")][2:]
    assert len(rows) == len(STUBS)
    for row, stub in zip(rows, STUBS, strict=True):
        said = row.removeprefix("| ").removesuffix(" |").split(" | ")
        cells = [cell.strip() for cell in stub.answer.split("|")]
        assert [cell.strip() for cell in said[:-1]] == [stub.name, *cells]


@pytest.mark.parametrize("dtype", ["F8_E8M0", "F8_E<4M3", "I8", "F99", ""])
def test_numbers_of_no_known_kind_are_called_what_they_are(dtype: str) -> None:
    stub = next(stub for stub in STUBS if stub.name == "t5xxl_fp16.safetensors")
    tensors = {name: each._replace(dtype=dtype) for name, each in stub.header.tensors.items()}
    answer = judge(replace(stub.header, tensors=tensors), stub.path)
    assert answer.family == "T5-XXL"
    assert answer.precision == {"I8": "int8", "": "unknown"}.get(dtype, dtype)


def test_overridden() -> None:
    stub = next(stub for stub in STUBS if stub.name == "sd_xl_base_1.0.safetensors")
    answer = judge(stub.header, stub.path).overridden("prediction", "v")
    (prediction,) = (each for each in answer.prefilled if each.topic == "prediction")
    assert (prediction.value, prediction.source) == ("v", "chosen by you")
    assert answer.overridden("family", "SD 2.x").family == "SD 2.x"
    with pytest.raises(UsageError):
        answer.overridden("colour", "red")


def test_two_families_in_one_are_neither() -> None:
    """`flux1-dev` and `sd3` in one section: as many keys fit either."""
    both = Stub("x.safetensors", "", "conv.weight=1")
    sd3 = next(stub for stub in STUBS if stub.name == "sd3.5_large_turbo.safetensors")
    z_image = next(stub for stub in STUBS if stub.name == "krea2.safetensors")
    words = sd3.words.replace("model.diffusion_model.", "") + " " + z_image.words
    answer = judge(replace(both, words=words).header, both.path)
    assert answer.family == "unknown" and "could be Krea 2 or SD 3" in answer.reasons[0]


@pytest.mark.skipif(not CONFIGS.is_dir(), reason="no real configurations here")
@pytest.mark.parametrize(
    ("name", "family", "variant", "prediction"),
    [
        ("stable-diffusion-v1-5", "SD 1.x", "base", "epsilon"),
        ("stable-diffusion-2-1", "SD 2.x", "base", "v"),
        ("stable-diffusion-xl-base-1.0", "SDXL", "base", "epsilon"),
        ("stable-diffusion-3-medium-diffusers", "SD 3", "3 medium", None),
        ("FLUX.1-dev", "FLUX.1", "dev", None),
        ("FLUX.1-schnell", "FLUX.1", "schnell", None),
        ("Chroma", "Chroma", "", None),
    ],
)
def test_real_folders(name: str, family: str, variant: str, prediction: str | None) -> None:
    """Their weights are elsewhere; Chroma's names FLUX's pipeline."""
    answer = probe(CONFIGS / name)
    assert (answer.kind, answer.family, answer.variant) == ("checkpoint", family, variant)
    filled = {each.topic: each.value for each in answer.prefilled}
    assert filled.get("prediction") == prediction


@pytest.mark.skipif(not CONFIGS.is_dir(), reason="no real configurations here")
def test_real_indices_without_their_shards() -> None:
    """Names alone: what they tell is likely, and no variant that only a shape tells is named."""
    index = "diffusion_pytorch_model.safetensors.index.json"
    answer = probe(CONFIGS / "FLUX.1-dev" / "transformer" / index)
    assert (answer.kind, answer.family, answer.variant) == ("denoiser", "FLUX.1", "")
    text = probe(CONFIGS / "Chroma" / "text_encoder" / "model.safetensors.index.json")
    assert (text.kind, text.family) == ("text encoder", "T5-XXL")
    assert answer.confidence == text.confidence == "likely"


def folder(path: Path, stub_name: str, cross: int) -> Path:
    """A diffusers folder with one U-Net in two shards."""
    stub = next(stub for stub in STUBS if stub.name == stub_name)
    (path / "unet").mkdir(parents=True)
    index = {
        "_class_name": "StableDiffusionPipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
    }
    (path / "model_index.json").write_text(json.dumps(index))
    config = {"cross_attention_dim": cross, "in_channels": 4}
    (path / "unet" / "config.json").write_text(json.dumps(config))
    names = list(stub.header.tensors)
    where = {}
    for number, part in enumerate((names[:2], names[2:])):
        shard = f"model-{number}.safetensors"
        header = Header({name: stub.header.tensors[name] for name in part})
        files.write(path / "unet" / shard, header)
        where |= dict.fromkeys(part, shard)
    (path / "unet" / "m.safetensors.index.json").write_text(json.dumps({"weight_map": where}))
    return path


UNET = "diffusion_pytorch_model.fp16.safetensors"


def test_a_folder_with_shards(tmp_path: Path) -> None:
    answer = probe(folder(tmp_path / "x", UNET, 768))
    assert (answer.kind, answer.family, answer.precision) == ("checkpoint", "SD 1.x", "fp16")
    unet = probe(tmp_path / "x" / "unet")
    assert (unet.kind, unet.family, unet.layout) == ("denoiser", "SD 1.x", "diffusers")


def test_a_folder_that_contradicts_itself_is_unknown(tmp_path: Path) -> None:
    answer = probe(folder(tmp_path / "x", UNET, 1024))
    assert answer.family == "unknown" and "SD 2.x" in answer.reasons[0]


def test_what_cannot_be_told(tmp_path: Path) -> None:
    assert probe(tmp_path).family == "unknown"
    (tmp_path / "a.ckpt").write_bytes(b"x")
    assert "PyTorch" in probe(tmp_path / "a.ckpt").reasons[0]
    (tmp_path / "model_index.json").write_text('{"_class_name": "NewPipeline", "unet": null}')
    assert "NewPipeline" in probe(tmp_path).reasons[0]
    (tmp_path / "model_index.json").write_text("[]")
    with pytest.raises(ModelError, match=r"model_index\.json"):
        probe(tmp_path)


def test_on_the_command_line(run: Run, tmp_path: Path) -> None:
    stub = next(stub for stub in STUBS if stub.name.startswith("noobai"))
    path = files.write(tmp_path / stub.name, stub.header)
    told = run("models", "--probe", path, "--json").document["probe"]
    assert (told["family"], told["kind"], told["confidence"]) == ("SDXL", "checkpoint", "certain")
    text = run("models", "--probe", path).out
    assert "prediction: v (the key v_pred)" in text and "lineage: NoobAI" in text
    path.write_bytes(b"GGUF")
    assert "is damaged or incomplete" in run("models", "--probe", path).error
    assert "none.safetensors" in run("models", "--probe", tmp_path / "none.safetensors").error
