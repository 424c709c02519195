"""What the studio says of families whose files do not say it, against the published
configurations; and at full size, by names and shapes alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
import transformers
from accelerate import init_empty_weights
from torch import Tensor

from studio.core.errors import ModelError
from studio.models import registry
from studio.models.checkpoint import trained_as
from studio.models.families import family_of
from studio.models.families.flow import published as published_grid
from studio.models.formats.diffusers_autoencoder import architecture
from studio.models.kl_autoencoder import built
from studio.models.kl_layout import flat
from studio.models.probe import header
from studio.models.probe.probe import Answer, judge, probe
from studio.models.probe.rule import DENOISER, ENCODER
from studio.models.single_file import shelves
from studio.models.single_file.layout import Layout, layout_of
from studio.models.single_file.parts import located
from studio.models.single_file.tensors import empty, encoder_tensors, own_tensors
from studio.models.single_file.tokens import tokenizer
from studio.models.single_file.weights import Weights
from tests.models.probe import files
from tests.models.probe.stubs import STUBS
from tests.models.single_file.files import whole
from tests.models.single_file.originals import original
from tests.models.single_file.test_transformers import text_state

CONFIGS = Path(__file__).resolve().parents[4] / "shared" / "configs"
PUBLISHED = {"SD 1.x": "stable-diffusion-v1-5", "SD 2.x": "stable-diffusion-2-1",
             "SDXL": "stable-diffusion-xl-base-1.0", "SD 3": "stable-diffusion-3-medium-diffusers",
             "FLUX.1": "FLUX.1-dev", "FLUX.1 schnell": "FLUX.1-schnell",
             "Chroma": "Chroma"}  # fmt: skip
UNETS = ("SD 1.x", "SD 2.x", "SDXL")
FIRST = {"SD 1.x": "v1-5-pruned-emaonly", "SD 2.x": "v2-1_768-ema-pruned", "SDXL": "sd_xl_base_1.0",
         "SD 3": "sd3_medium", "FLUX.1": "flux1-dev", "FLUX.1 schnell": "flux1-schnell",
         "Chroma": "Chroma1-HD"}  # fmt: skip
#: Files of every family and variant that opens.
TRANSFORMERS = ("sd3_medium", "sd3.5_medium", "sd3.5_large_turbo", "flux1-dev", "flux1-schnell",
                "Chroma1-HD", "flux2-dev", "flux-2-klein-4b", "flux-2-klein-base-9b",
                "z_image_turbo_bf16", "lumina_2", "qwen_image_fp8_e4m3fn",
                "Sana_1600M_1024px", "PixArt-Sigma-XL-2-1024-MS", "PixArt-Sigma-XL-2-512-MS",
                "PixArt-XL-2-1024-MS")  # fmt: skip
#: What configurations say that is no part of the network, or not asked here.
BESIDES = {"_class_name", "_diffusers_version", "_name_or_path", "_use_default_values", "dtype",
           "architectures", "bos_token_id", "dropout", "transformers_version", "output_past",
           "decoder_start_token_id", "scale_decoder_outputs"}  # fmt: skip
pytestmark = pytest.mark.skipif(not CONFIGS.is_dir(), reason="no published configurations here")


@pytest.fixture(autouse=True)
def no_sines(monkeypatch: pytest.MonkeyPatch) -> None:
    """SD 3.5's places take a gigabyte and half a minute, and nobody looks at them here."""

    def shapeless(width: int, side: int, **_: object) -> Tensor:
        return torch.empty(side * side, width, device="meta")

    monkeypatch.setattr("diffusers.models.embeddings.get_2d_sincos_pos_embed", shapeless)


def answer(family: str) -> Answer:
    stub = next(each for each in STUBS if each.path.stem == FIRST[family])
    return judge(stub.header, stub.path)


def published(family: str, part: str, name: str = "config.json") -> dict[str, Any]:
    found = dict(json.loads((CONFIGS / PUBLISHED[family] / part / name).read_text()))
    if found.get("dense_act_fn") == "gelu_pytorch_tanh":  # the same function under two names
        found |= {"dense_act_fn": "gelu_new", "feed_forward_proj": "gated-gelu"}
    return found


def whole_config(library: str, kind: str, config: dict[str, Any]) -> dict[str, Any]:
    """With the package's own defaults."""
    if library == "diffusers":
        with init_empty_weights():
            found = dict(getattr(diffusers, kind).from_config(config).config)
    else:
        found = getattr(transformers, kind).config_class.from_dict(config).to_dict()
    known = {name: value for name, value in found.items() if name not in BESIDES}
    return json.loads(json.dumps({name: value or None for name, value in known.items()}))


@pytest.mark.parametrize("family", PUBLISHED)
def test_they_are_the_published_ones(family: str) -> None:
    layout = layout_of(Path("x.safetensors"), answer(family))
    index = published(family, "", "model_index.json")
    assert family_of(layout.index) is family_of(index)
    for name, part in layout.parts.items():
        if not (CONFIGS / PUBLISHED[family] / name / "config.json").is_file():
            continue  # Chroma's denoiser
        library, kind = layout.index[name]
        assert [library, kind] == index[name]
        ours = whole_config(library, kind, dict(layout.configs[name]))
        assert ours == whole_config(library, kind, published(family, name))
        if "pad" in part:
            words = name.replace("text_encoder", "tokenizer")
            told = transformers.CLIPTokenizer.from_pretrained(CONFIGS / PUBLISHED[family] / words)
            assert part["pad"] == told.pad_token
    path = Path("scheduler_config.json")
    theirs = published(family, "scheduler", path.name)
    assert trained_as(layout.scheduler, path) == trained_as(theirs, path)
    for tokens in (256, 4096):
        assert published_grid(layout.scheduler, tokens)(4) == published_grid(theirs, tokens)(4)
    assert layout.size == {"SD 1.x": 512, "SD 2.x": 768}.get(family, 1024)
    scale = {key: published(family, "vae").get(key) for key in ("scaling_factor", "shift_factor")}
    ours = {key: layout.latents.get(key) for key in scale}
    assert ours == scale | ({"scaling_factor": 0.18215} if family in UNETS[:2] else {})


def networks(family: str) -> Any:
    """A pipeline of the published configurations: shapes without numbers."""
    layout = layout_of(Path("x.safetensors"), answer(family))
    with init_empty_weights():
        made = {
            name: empty(layout.family.parts[name], part["class"], published(family, name), Path())
            for name, part in layout.parts.items()
        }
        made["vae"] = diffusers.AutoencoderKL.from_config(published(family, "vae"))
    return type("Pipeline", (), made)


def full_size(family: str, path: Path, dtype: str = "F16") -> Any:
    """A file of the family's real names and shapes, its numbers a hole; the pipeline it holds."""
    pipeline = networks(family)
    state = whole(pipeline, second=family == "SD 2.x")
    tensors = {name: header.Tensor(dtype, tuple(each.shape)) for name, each in state.items()}
    files.write(path, header.Header(tensors))
    return pipeline


def shapes(tensors: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def of(network: Any) -> dict[str, tuple[int, ...]]:
    return shapes(dict(network.named_parameters()))


@pytest.mark.parametrize("family", UNETS)
def test_every_tensor_of_a_full_size_file_finds_its_place(family: str, tmp_path: Path) -> None:
    path = tmp_path / f"{FIRST[family]}.safetensors"
    pipeline = full_size(family, path)
    found, weights = probe(path), Weights(path)
    assert (found.family, found.kind) == (family, "checkpoint")
    layout = layout_of(path, found)
    for name, part in layout.parts.items():
        network = empty(layout.family.parts[name], part["class"], layout.configs[name], path)
        assert of(network) == of(getattr(pipeline, name))
        if name == layout.family.asked:
            assert shapes(own_tensors(weights, network, part["class"])) == of(network)
        else:
            assert shapes(encoder_tensors(weights, network, part)) == of(network)
    stored = {name: tensor.shape or () for name, tensor in weights.header.tensors.items()}
    own, config, scaling = architecture(path, stored, None)
    expected = of(pipeline.vae)
    assert {name: flat(name, stored[own[name]]) for name in own} == expected
    assert of(built(path, config)) == expected
    assert scaling.scale == published(family, "vae").get("scaling_factor", 0.18215)
    info = registry.find(str(path))
    assert (info.format, info.size) == ("checkpoint-file", layout.size)
    missing = [p.choice for p in located(path, weights.names, layout, {}) if p.path is None]
    assert set(missing) <= {"tokenizer"}


def written(path: Path, state: Mapping[str, Tensor], dtype: str = "BF16") -> Path:
    """Names and shapes; the numbers are a hole."""
    tensors = {name: header.Tensor(dtype, tuple(each.shape)) for name, each in state.items()}
    return files.write(path, header.Header(tensors))


def layout_for(name: str) -> tuple[Answer, Layout]:
    """Of a file of the probe's table."""
    stub = next(each for each in STUBS if each.path.stem == name)
    told = judge(stub.header, stub.path)
    return told, layout_of(stub.path, told)


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_every_tensor_of_a_full_size_transformer_finds_its_place(name: str, tmp_path: Path) -> None:
    """And the probe knows its file for what it is."""
    told, layout = layout_for(name)
    asked = layout.family.asked
    kind = layout.parts[asked]["class"]
    network = empty(layout.family.parts[asked], kind, layout.configs[asked], tmp_path)
    path = written(tmp_path / f"{name}.safetensors", original(network))
    found = probe(path)
    assert (found.kind, found.family) == (DENOISER, told.family)
    assert found.variant == told.variant
    tensors = own_tensors(Weights(path), network, kind)
    wanted = dict(network.state_dict())
    assert shapes(tensors) == shapes({each: wanted[each] for each in tensors})
    assert not {each for each, _ in network.named_parameters()} - tensors.keys()


READERS = (
    ("sd3_medium", "text_encoder"), ("sd3_medium", "text_encoder_2"),
    ("flux1-dev", "text_encoder_2"), ("flux2-dev", "text_encoder"),
    ("flux-2-klein-4b", "text_encoder"), ("flux-2-klein-base-9b", "text_encoder"),
    ("qwen_image_fp8_e4m3fn", "text_encoder"), ("lumina_2", "text_encoder"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "part"), READERS)
def test_every_tensor_of_a_full_size_encoder_finds_its_place(
    name: str, part: str, tmp_path: Path
) -> None:
    """Of a language model's file with all its layers; the probe knows whose it is."""
    _, layout = layout_for(name)
    own, more, config = layout.family.parts[part], layout.parts[part], layout.configs[part]
    network = empty(own, more["class"], config, tmp_path, more.get("depth", 0))
    whole = empty(own, more["class"], config, tmp_path)
    path = written(tmp_path / f"{part}.safetensors", text_state(whole))
    assert (probe(path).kind, probe(path).family) == (ENCODER, more["alone"])
    assert shapes(encoder_tensors(Weights(path), network, more)) == of(network)


CASES = {
    "v2-1_512-ema-pruned": (512, "epsilon", False),
    "easyfluff_v11.2-vpred": (512, "v", False),
    "ponyDiffusionV6XL": (1024, "epsilon", False),
    "noobaiXLNAIXL_vPred10": (1024, "v", True),
    "renamed": (1024, "v", False),
}


@pytest.mark.parametrize("name", CASES)
def test_what_the_probe_prefills_is_what_it_is_trained_as(name: str) -> None:
    size, prediction, zero = CASES[name]
    stub = next(each for each in STUBS if each.path.stem == name)
    layout = layout_of(stub.path, judge(stub.header, stub.path))
    path, found = trained_as(layout.scheduler, stub.path)
    assert (layout.size, found.name) == (size, prediction)
    assert (path.alpha(path.ends[1]) < 1e-3) == zero


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("playground-v2.5-1024px-aesthetic.fp16", "predicts as EDM does; choose one that predicts"),
        ("cosxl", "predicts as EDM v does"),
        ("sd-v1-5-inpainting", "is for inpainting; choose the family's base model"),
        ("krea2", "is no model that is known here"),
        ("flux1-fill-dev", "is for Fill; choose the family's base model"),
        ("Sana_Sprint_1.6B", "is for Sprint; choose"),
        ("qwen_image_layered_bf16", "is for Layered; choose"),
        ("pixart-transformer", "Sigma, or Alpha of 512 px; choose the edition with its makers'"),
    ],
)
def test_what_cannot_be_done_is_refused(name: str, words: str) -> None:
    stub = next(each for each in STUBS if each.path.stem == name)
    with pytest.raises(ModelError, match=words) as error:
        layout_of(stub.path, judge(stub.header, stub.path))
    assert "\n" not in str(error.value)
    packed = replace(judge(stub.header, stub.path), family="SD 1.x", variant="", prefilled=())
    with pytest.raises(ModelError, match="is kept as nf4; choose its edition in fp16"):
        layout_of(stub.path, replace(packed, precision="nf4"))


def test_the_vocabulary_of_a_package_is_the_published_one(tmp_path: Path) -> None:
    """OpenAI's list goes on after the merges that CLIP uses."""
    import gzip

    folder = CONFIGS / PUBLISHED["SD 2.x"] / "tokenizer"
    merges = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()[1:]
    text = "\n".join(['"bpe_simple_vocab_16e6.txt#version: 0.2', *merges, "z zz</w>", "y yy</w>"])
    path = tmp_path / shelves.PACKED
    path.write_bytes(gzip.compress(text.encode()))
    layout: Layout = layout_of(Path("x.safetensors"), answer("SD 2.x"))
    part = layout.parts["text_encoder"]
    ours, copied = (tokenizer(place, layout, "tokenizer", part) for place in (path, folder))
    theirs = transformers.CLIPTokenizer.from_pretrained(folder)
    assert ours.get_vocab() == theirs.get_vocab()
    for text in ("a red bear", "wow! (2 Bären), 3D — naïve 日本", ""):
        given = {"padding": "max_length", "truncation": True, "max_length": 77}
        expected = theirs(text, **given).input_ids
        assert ours(text, **given).input_ids == copied(text, **given).input_ids == expected
    assert ours.model_max_length == 77


def test_full_size_numbers_go_where_they_belong(tmp_path: Path) -> None:
    """One tensor of SDXL's second encoder, whose query, key and value are one matrix."""
    path = tmp_path / "sd_xl_base_1.0.safetensors"
    full_size("SDXL", path)
    weights = Weights(path)
    name = "conditioner.embedders.1.model.transformer.resblocks.31.attn.in_proj_weight"
    tensor = weights.header.tensors[name]
    values = torch.arange(3 * 1280, dtype=torch.float16)[:, None].expand(-1, 1280).contiguous()
    with path.open("r+b") as file:
        file.seek(tensor.place)
        file.write(values.numpy().tobytes())
    layout = layout_of(path, probe(path))
    part = layout.parts["text_encoder_2"]
    own = layout.family.parts["text_encoder_2"]
    network = empty(own, part["class"], layout.configs["text_encoder_2"], path)
    found = encoder_tensors(weights, network, part)
    for number, letter in enumerate("qkv"):
        (key,) = [each for each in found if f"layers.31.self_attn.{letter}_proj.weight" in each]
        assert torch.equal(found[key].numbers(), values[1280 * number : 1280 * (number + 1)])


def test_t5_reads_as_published() -> None:
    layout: Layout = layout_of(Path("x.safetensors"), answer("FLUX.1"))
    folder = CONFIGS / PUBLISHED["FLUX.1"] / "tokenizer_2"
    ours = tokenizer(folder, layout, "tokenizer_2", layout.parts["text_encoder_2"])
    theirs = transformers.T5TokenizerFast.from_pretrained(folder)
    for text in ("a red bear", "2 Bären, 日本", ""):
        given = {"padding": "max_length", "max_length": 16}
        assert ours(text, **given).input_ids == theirs(text, **given).input_ids


def test_klein_reads_within_its_template_with_comfyuis_words(tmp_path: Path) -> None:
    """Which are Qwen2.5's: the four that Qwen3 has more get its numbers."""
    words = [*(f"w{n}" for n in range(151665 - 1)), "<|endoftext|>"]
    made = transformers.Qwen2Tokenizer(
        vocab={word: n for n, word in enumerate(words)}, merges=[], pad_token="<|endoftext|>"
    )
    assert len(made) == 151665
    made.save_pretrained(tmp_path)
    stub = next(each for each in STUBS if each.path.stem == "flux-2-klein-4b")
    layout = layout_of(Path("x.safetensors"), judge(stub.header, stub.path))
    ours = tokenizer(tmp_path, layout, "tokenizer", layout.parts["text_encoder"])
    asked = [{"role": "user", "content": "a bear"}]
    assert ours.apply_chat_template(asked, tokenize=False) == (
        "<|im_start|>user\na bear<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )
    assert ours.convert_tokens_to_ids(["<think>", "</think>"]) == [151667, 151668]
