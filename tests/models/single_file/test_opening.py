"""Single files make what their folders make: whole, in parts, in every precision they come in."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderTiny
from safetensors.torch import load_file, save_file
from torch import Tensor

from studio.core.errors import Cancelled, ModelError, UsageError
from studio.core.generating import Generate
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.diffusion import samplers
from studio.diffusion.noise import NoiseStream
from studio.engine.worker import Worker, run_now
from studio.models import registry
from studio.models.checkpoint import Checkpoint
from studio.models.plan import Plan
from tests.models.families.pipelines import PIPELINES, vae
from tests.models.single_file.files import (
    clip_state,
    edited,
    open_clip_state,
    prefixed,
    unet_state,
    written,
)
from tests.models.test_diffusers_autoencoder import as_checkpoint

pytest.importorskip("transformers")
SIDE = 64
SQUARE = Size.square(SIDE)
NOISE = torch.randn(1, 4, SIDE // 2, SIDE // 2, generator=torch.Generator().manual_seed(3))
SCALES = ("scale_weight", "weight_scale")
UNET = "model.diffusion_model."
Written = tuple[Any, Path, Path]


@pytest.fixture(scope="module", params=PIPELINES)
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(request.param, tmp_path_factory.mktemp("kept"))


@pytest.fixture
def sd1(tmp_path: Path) -> Written:
    return written("sd1", tmp_path)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever asks a hub fails; nobody's own models are found."""

    def forbidden(*given: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")


def opened(path: Path | str, precision: str = "float32") -> Checkpoint:
    model = registry.open_model(str(path), precision=precision)
    assert isinstance(model, Checkpoint)
    return model


def latents(model: Checkpoint, guidance: float = 5.0) -> Tensor:
    settings = Settings("a red bear", "blue", steps=4, guidance=guidance, size=SQUARE)
    plan = Plan.of(settings).on(model)
    states = samplers.find("ddim").sample(
        plan.guided(model), NOISE, 4, NoiseStream((0,)), plan.schedule
    )
    with torch.inference_mode():
        return list(states)[-1].x


def distance(found: Tensor, expected: Tensor) -> float:
    assert torch.isfinite(expected).all()
    return ((found - expected).abs().max() / expected.abs().max()).item()


def resaved(path: Path, change: Callable[[str, Tensor], dict[str, Tensor]]) -> None:
    state: dict[str, Tensor] = {}
    for name, tensor in load_file(path).items():
        state |= change(name, tensor)
    save_file(state, path, {"format": "pt"})


def test_latents_are_those_of_the_folder(kept: Written) -> None:
    """With the path and prediction that its scheduler says, and the same pictures."""
    _, folder, file = kept
    expected, model = opened(folder), opened(file)
    for guidance in (1.0, 5.0):
        assert distance(latents(model, guidance), latents(expected, guidance)) < 1e-5
    assert model.path == expected.path and model.prediction is expected.prediction
    x = latents(model)
    assert np.abs(model.decode(x).astype(int) - expected.decode(x)).max() <= 1
    assert (model.info.kind, model.info.format) == ("generator", "checkpoint-file")
    assert model.sizes.own == SQUARE


def test_it_is_a_model_like_any_other(kept: Written) -> None:
    """Through the worker."""
    file = str(kept[2])
    (picture,) = run_now(
        Generate(Settings("a bear", model=file, steps=2, size=SQUARE)), Worker("cpu")
    )
    assert picture.image.shape == (SIDE, SIDE, 3) and picture.image.std() > 0


def test_its_autoencoder_opens_for_reconstruct(sd1: Written) -> None:
    inside = AutoencoderKL(block_out_channels=[32, 64], down_block_types=["DownEncoderBlock2D"] * 2,
                           up_block_types=["UpDecoderBlock2D"] * 2).eval()  # fmt: skip
    state = {n: t for n, t in load_file(sd1[2]).items() if not n.startswith("first_stage_model.")}
    own = prefixed("first_stage_model.", as_checkpoint(inside.state_dict(), 2))
    save_file(state | own, sd1[2], {"format": "pt"})
    alone, x = registry.open_autoencoder(str(sd1[2])), torch.rand(1, 3, 16, 16)
    with torch.inference_mode():
        assert torch.allclose(alone.encode(x).mean, inside.encode(x).latent_dist.mean, atol=1e-5)


def test_configurations_beside_a_file_are_no_model(sd1: Written) -> None:
    assert registry.find(str(sd1[2])).format == "checkpoint-file"
    with pytest.raises(ModelError, match="is missing"):
        registry.find(str(sd1[2].with_suffix("")))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_halves_open_in_their_own_precision_and_in_full(tmp_path: Path, kind: torch.dtype) -> None:
    _, _, file = written("sd1", tmp_path, kind)
    name = str(kind).removeprefix("torch.")
    exact, model = opened(file), opened(file, name)
    assert {p.dtype for p in model.adapter.denoiser.parameters()} == {kind}
    expected = load_file(file)[UNET + "input_blocks.0.0.weight"]
    assert torch.equal(exact.adapter.denoiser.conv_in.weight, expected.float())
    resaved(file, lambda name, tensor: {name: tensor.float()})
    assert torch.equal(latents(opened(file)), latents(exact))


def scaled(
    dialect: str, rows: bool, prefix: str = UNET
) -> Callable[[str, Tensor], dict[str, Tensor]]:
    """The matrices below `prefix` in fp8, as ComfyUI keeps them."""

    def change(name: str, tensor: Tensor) -> dict[str, Tensor]:
        if not name.startswith(prefix) or tensor.ndim != 2:
            return {name: tensor}
        if not dialect:
            return {name: tensor.to(torch.float8_e4m3fn)}
        most = tensor.abs().amax(1, keepdim=True) if rows else tensor.abs().max()
        scale, stem = most / 448, name.removesuffix("weight")
        more = {
            stem + ("scale_input" if dialect == "scale_weight" else "input_scale"): scale.clone()
        }
        if dialect == "weight_scale":
            more[stem + "comfy_quant"] = torch.zeros(20, dtype=torch.uint8)
        return {name: (tensor / scale).to(torch.float8_e4m3fn), stem + dialect: scale, **more}

    return change


def unscaled(path: Path) -> dict[str, Tensor]:
    """The same weights as numbers in full."""
    state, found = load_file(path), {}
    for name, tensor in state.items():
        if not name.endswith(("_scale", "scale_weight", "scale_input", "comfy_quant")):
            stem = name.removesuffix("weight")
            scales = [state[stem + end] for end in SCALES if stem + end in state]
            found[name] = tensor.float() * scales[0] if scales else tensor.float()
    return found


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("dialect", ["", "scale_weight", "weight_scale"])
def test_fp8_is_what_its_scales_make_of_it(sd1: Written, dialect: str, rows: bool) -> None:
    _, _, file = sd1
    before = latents(opened(file))
    resaved(file, scaled(dialect, rows))
    model = opened(file)
    found = latents(model)
    assert 0 < distance(found, before) < 0.2  # near, and not by chance the same
    save_file(unscaled(file), file, {"format": "pt"})
    assert torch.equal(latents(opened(file)), found)


def test_scales_that_are_not_known_are_refused(sd1: Written) -> None:
    def change(name: str, tensor: Tensor) -> dict[str, Tensor]:
        if not name.endswith("attn2.to_q.weight"):
            return {name: tensor}
        blocks = torch.ones(tensor.shape[0], tensor.shape[1] // 16)
        return {name: tensor.to(torch.float8_e4m3fn), f"{name}_scale": blocks}

    resaved(sd1[2], change)
    with pytest.raises(ModelError, match=r"scales .* in a way that is not known here; choose"):
        opened(sd1[2])


def as_gguf(state: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Writes it, matrices in Q8_0 and the rest in fp16; what it stands for."""
    writer, twin = gguf.GGUFWriter(path, "sd1"), {}
    for name, tensor in state.items():
        array = tensor.float().numpy()
        fits = array.ndim == 2 and array.shape[1] % 32 == 0
        kind = gguf.GGMLQuantizationType.Q8_0 if fits else gguf.GGMLQuantizationType.F16
        data = gguf.quants.quantize(array, kind)
        writer.add_tensor(name, data, raw_dtype=kind)
        twin[name] = torch.from_numpy(
            gguf.quants.dequantize(data, kind).reshape(array.shape).copy()
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return twin


def test_gguf_denoisers_take_the_rest_from_files_of_their_own(sd1: Written) -> None:
    """And agree with what they stand for."""
    pipeline, folder, file = sd1
    path = file.with_suffix(".gguf")
    twin = as_gguf(unet_state(pipeline.unet), path)
    file.unlink()
    save_file(clip_state(pipeline.text_encoder), folder / "clip.safetensors")
    chosen = f"|clip_l={folder / 'clip.safetensors'}|vae={folder / 'vae'}"
    found = latents(opened(f"{path}{chosen}"))
    path.unlink()
    save_file(prefixed(UNET, twin), file)
    assert torch.equal(latents(opened(f"{file}{chosen}")), found)
    assert 0 < distance(found, latents(opened(folder))) < 0.1


def test_parts_in_files_of_their_own(kept: Written, tmp_path: Path) -> None:
    """A denoiser in either layout, encoders as transformers and OpenCLIP keep them."""
    pipeline, folder, file = kept
    expected, place = latents(opened(folder)), tmp_path / "parts"
    place.mkdir()
    shutil.copytree(file.with_suffix(""), place / "model")
    save_file(open_clip_state(pipeline.text_encoder), place / "first.safetensors")
    chosen = f"|clip_l={place / 'first.safetensors'}|vae={folder / 'vae'}"
    if hasattr(pipeline, "text_encoder_2"):
        save_file(clip_state(pipeline.text_encoder_2), place / "second.safetensors")
        chosen += f"|clip_g={place / 'second.safetensors'}"
    for state in (pipeline.unet.state_dict(), unet_state(pipeline.unet)):
        save_file({n: t.contiguous() for n, t in state.items()}, place / "model.safetensors")
        model = opened(f"{place / 'model.safetensors'}{chosen}")
        assert distance(latents(model), expected) < 1e-5


@pytest.mark.parametrize("which", ["folder", "file"])
def test_another_autoencoder_takes_the_place_of_the_own(sd1: Written, which: str) -> None:
    _, folder, file = sd1
    model, other = folder if which == "folder" else file, folder.parent / "other"
    torch.manual_seed(9)
    replacement = vae().eval()
    replacement.save_pretrained(other)
    replaced, x = opened(f"{model}|vae={other}"), latents(opened(model))
    assert torch.equal(latents(replaced), x)
    with torch.inference_mode():
        expected = replacement.decode(x / replacement.config.scaling_factor).sample
    found = torch.tensor(replaced.decode(x)).permute(0, 3, 1, 2) / 127.5 - 1
    assert torch.allclose(found, expected.clamp(-1, 1), atol=1.01 / 127.5)
    tiny = AutoencoderTiny(encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4)
    tiny.save_pretrained(other)
    assert opened(f"{model}|vae={other}").decode(x).shape == (1, 256, 256, 3)
    vae(channels=16).save_pretrained(other)
    with pytest.raises(ModelError, match="has 16 latent channels, the denoiser 4; choose"):
        opened(f"{model}|vae={other}")


def test_choices_that_there_are_not(sd1: Written) -> None:
    for name, words in (
        (f"{sd1[2]}|vea=x", "there is no part 'vea'; did you mean 'vae'"),
        (f"{sd1[1]}|clip_l=x", "there is no choice for a folder 'clip_l'"),
        (f"{sd1[2]}|vae=x|vae=y", "vae is chosen twice"),
        ("studio-256|vae=x", "keeps its own parts"),
    ):
        with pytest.raises(UsageError, match=words):
            registry.open_model(name)
    with pytest.raises(ModelError, match="chosen as clip_l, is not there"):
        opened(f"{sd1[2]}|clip_l=/nowhere.safetensors")


def test_ckpt_goes_through_the_restricted_unpickler(sd1: Written) -> None:
    _, folder, file = sd1
    state = {"state_dict": load_file(file), "global_step": 7}
    path = file.with_suffix(".ckpt")
    file.unlink()
    torch.save(state, path)
    assert distance(latents(opened(path)), latents(opened(folder))) < 1e-5
    torch.save(state | {"callbacks": socket.socket}, path)
    with pytest.raises(ModelError, match=r"refused: it is damaged or holds more than weights"):
        opened(path)


def test_loading_obeys_cancel_within_a_part(sd1: Written) -> None:
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked > 30:
            raise Cancelled

    with pytest.raises(Cancelled):
        registry.open_model(str(sd1[2]), check=check)


def spoilt(file: Path, how: str) -> None:
    match how:
        case "cut short":
            file.write_bytes(file.read_bytes()[:-100])
        case "empty":
            file.write_bytes(b"")
        case "not a number":
            resaved(file, lambda n, t: {n: t * torch.nan if n.endswith("out.2.bias") else t})
        case "another shape":
            resaved(file, lambda n, t: {n: t[:1] if n.endswith("out.2.bias") else t})
        case "strange betas" | "no scheduler":
            path = file.with_suffix("") / "scheduler" / "scheduler_config.json"
            edited(path, beta_schedule="wavy") if "betas" in how else path.unlink()
        case "a strange class":
            edited(file.with_suffix("") / "model_index.json", text_encoder=["os", "system"])
        case "an impossible configuration":
            edited(file.with_suffix("") / "unet" / "config.json", block_out_channels=[7])
        case "whole numbers":
            resaved(file, lambda n, t: {n: t.to(torch.int8) if n.endswith("to_q.weight") else t})
        case part:
            resaved(file, lambda n, t: {} if part.removeprefix("no ") in n else {n: t})


@pytest.mark.parametrize(
    "how",
    ["cut short", "empty", "not a number", "another shape", "strange betas", "no scheduler",
     "a strange class", "an impossible configuration", "whole numbers", "no out.2.weight",
     "no mlp.fc1.bias", "no decoder.conv_in", "no encoder.conv_in", "no middle_block",
     "no diffusion_model", "no cond_stage_model", "no first_stage_model"],
)  # fmt: skip
def test_what_is_damaged_is_said_in_a_line(sd1: Written, how: str) -> None:
    spoilt(sd1[2], how)
    with pytest.raises(ModelError) as error:
        opened(sd1[2])
    assert str(sd1[2].with_suffix("")) in str(error.value) and "\n" not in str(error.value)
    assert len(str(error.value)) < 700
