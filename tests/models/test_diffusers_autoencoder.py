"""diffusers' autoencoders and checkpoints: the same latents and pictures as diffusers itself."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from studio.core.errors import ModelError
from studio.models import registry
from studio.models.registry import find, open_autoencoder

diffusers = pytest.importorskip("diffusers")

WEIGHTS = "diffusion_pytorch_model.safetensors"


def kl(**settings: object):  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    plain = {
        "block_out_channels": (32, 64),
        "down_block_types": ("DownEncoderBlock2D",) * 2,
        "up_block_types": ("UpDecoderBlock2D",) * 2,
    }
    return diffusers.AutoencoderKL(**(plain | settings)).eval().requires_grad_(False)


def tiny(**settings: object):  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    widths = {"encoder_block_out_channels": (8,) * 4, "decoder_block_out_channels": (8,) * 4}
    return diffusers.AutoencoderTiny(**(widths | settings)).eval().requires_grad_(False)


def pictures() -> Tensor:
    return torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1


def as_checkpoint(state: dict[str, Tensor], levels: int) -> dict[str, Tensor]:
    """diffusers' names -> those of Stable Diffusion's own code, attention as convolutions."""
    out = {}
    for name, tensor in state.items():
        if ".attentions." in name and name.endswith("weight") and tensor.ndim == 2:
            tensor = tensor[..., None, None].contiguous()
        name = re.sub(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2", name)
        name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
        for level in range(levels):
            ours = levels - 1 - level
            name = name.replace(f"up_blocks.{level}.resnets", f"up.{ours}.block")
            name = name.replace(f"up_blocks.{level}.upsamplers.0", f"up.{ours}.upsample")
        name = name.replace("mid_block.resnets.0", "mid.block_1")
        name = name.replace("mid_block.resnets.1", "mid.block_2")
        name = name.replace("mid_block.attentions.0.group_norm", "mid.attn_1.norm")
        name = re.sub(r"mid_block\.attentions\.0\.to_([qkv])", r"mid.attn_1.\1", name)
        name = name.replace("mid_block.attentions.0.to_out.0", "mid.attn_1.proj_out")
        name = name.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
        out[name] = tensor
    return out


def assert_same(path: Path | str, reference) -> None:  # type: ignore[no-untyped-def]
    ours, x = open_autoencoder(str(path)), pictures()
    posterior = ours.encode(x)
    expected = reference.encode(x).latent_dist
    assert torch.allclose(posterior.mean, expected.mean, atol=1e-5)
    assert torch.allclose(posterior.log_variance, expected.logvar, atol=1e-5)
    decoded = reference.decode(expected.mean).sample
    assert torch.allclose(ours.decode(expected.mean), decoded, atol=1e-5)
    assert ours.variational and ours.latent_channels == expected.mean.shape[1]
    assert ours.downsampling == 16 // expected.mean.shape[-1]


@pytest.mark.parametrize("variant", [None, "fp16"])
def test_a_folder_gives_what_diffusers_gives(variant: str | None, tmp_path: Path) -> None:
    reference = kl(scaling_factor=0.5, shift_factor=0.25, layers_per_block=2)
    reference.save_pretrained(tmp_path / "mine", variant=variant)
    assert_same(tmp_path / "mine", reference)
    info = find(str(tmp_path / "mine"))
    assert info.kind == "autoencoder" and info.trained["scaling"] == "0.5, shift 0.25"
    assert info.parameters == sum(p.numel() for p in reference.parameters())
    ours, z = open_autoencoder(str(tmp_path / "mine")), torch.randn(1, 4, 2, 2)
    assert torch.allclose(ours.normalised(z), (z - 0.25) * 0.5)
    assert torch.allclose(ours.denormalised(ours.normalised(z)), z, atol=1e-6)


def test_a_pipelines_folder_means_its_vae(tmp_path: Path) -> None:
    reference = kl(use_quant_conv=False, use_post_quant_conv=False, latent_channels=16)
    reference.save_pretrained(tmp_path / "pipe" / "vae")
    assert_same(tmp_path / "pipe", reference)
    assert_same(tmp_path / "pipe" / "vae" / WEIGHTS, reference)


def test_statistics_of_each_channel_are_honoured(tmp_path: Path) -> None:
    mean, std = [0.1, 0.2, 0.3, 0.4], [1.0, 2.0, 3.0, 4.0]
    kl(latents_mean=mean, latents_std=std, scaling_factor=0.5).save_pretrained(tmp_path)
    z = torch.randn(2, 4, 3, 3)
    columns = (torch.tensor(v)[:, None, None] for v in (mean, std))
    center, spread = columns
    assert torch.allclose(
        open_autoencoder(str(tmp_path)).normalised(z), (z - center) * 0.5 / spread
    )


@pytest.mark.parametrize("prefix", ["", "first_stage_model.", "vae."])
@pytest.mark.parametrize("original", [False, True])
def test_single_files_and_whole_checkpoints(prefix: str, original: bool, tmp_path: Path) -> None:
    reference = kl(layers_per_block=2, block_out_channels=(32, 64), latent_channels=4)
    state = reference.state_dict()
    state = as_checkpoint(state, 2) if original else state
    neighbours = {"model.diffusion_model.in.weight": torch.zeros(3), "loss.logvar": torch.zeros(1)}
    save_file({prefix + k: v for k, v in state.items()} | neighbours, tmp_path / "one.safetensors")
    assert_same(tmp_path / "one.safetensors", reference)
    info = find(str(tmp_path / "one.safetensors"))
    assert info.name == "one" and info.parameters == sum(p.numel() for p in reference.parameters())
    assert "0.18215, assumed of 4 channels" in str(info.trained["scaling"])


@pytest.mark.parametrize(
    ("name", "neighbour", "channels", "scale", "shift"),
    [
        ("ae", "x", 16, 0.3611, 0.1159),
        ("sd3_vae", "x", 16, 1.5305, 0.0609),
        ("whole", "model.diffusion_model.joint_blocks.0.x", 16, 1.5305, 0.0609),
        ("sdxl_vae", "x", 4, 0.13025, 0.0),
        ("whole", "conditioner.embedders.0.x", 4, 0.13025, 0.0),
        ("odd", "x", 8, 1.0, 0.0),
    ],
)
def test_scale_and_shift_that_a_file_does_not_say(
    name: str, neighbour: str, channels: int, scale: float, shift: float, tmp_path: Path
) -> None:
    reference = kl(latent_channels=channels, use_quant_conv=False, use_post_quant_conv=False)
    path = tmp_path / f"{name}.safetensors"
    save_file(reference.state_dict() | {neighbour: torch.zeros(1)}, path)
    z = torch.randn(1, channels, 2, 2)
    assert torch.allclose(open_autoencoder(str(path)).normalised(z), (z - shift) * scale)
    assert str(find(str(path)).trained["scaling"])


def test_old_names_of_attention(tmp_path: Path) -> None:
    reference = kl()
    reference.save_pretrained(tmp_path)
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    state = kl().state_dict()
    for new, name in old.items():
        state = {k.replace(f".{new}.", f".{name}."): v for k, v in state.items()}
    save_file(state, tmp_path / WEIGHTS)
    assert_same(tmp_path, reference)


def test_a_tiny_one_needs_no_diffusers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = tiny(scaling_factor=2.0, shift_factor=0.5)
    reference.save_pretrained(tmp_path / "tiny")
    x = pictures()
    expected = reference.encode(x).latents
    decoded = reference.decode(expected).sample
    monkeypatch.setitem(sys.modules, "diffusers.models.autoencoders.autoencoder_kl", None)
    ours = open_autoencoder(str(tmp_path / "tiny"))
    assert torch.allclose(ours.encode(x).mean, expected, atol=1e-5)
    assert torch.allclose(ours.decode(expected), decoded, atol=1e-5)
    assert torch.allclose(ours.normalised(expected), (expected - 0.5) * 2.0)
    (tmp_path / "tiny" / WEIGHTS).rename(tmp_path / "alone.safetensors")
    alone = open_autoencoder(str(tmp_path / "alone.safetensors"))
    assert torch.allclose(alone.decode(expected), decoded, atol=1e-5)


def test_without_diffusers_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kl().save_pretrained(tmp_path)
    monkeypatch.setitem(sys.modules, "diffusers.models.autoencoders.autoencoder_kl", None)
    assert find(str(tmp_path)).kind == "autoencoder"
    with pytest.raises(ModelError, match=r"pip install 'latent-studio\[checkpoints\]'"):
        open_autoencoder(str(tmp_path))


def test_listing_finds_folders_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ASSETS", tmp_path / "assets")
    monkeypatch.setattr(registry, "user_folder", lambda: tmp_path / "user")
    kl().save_pretrained(tmp_path / "assets" / "autoencoders" / "first")
    kl().save_pretrained(tmp_path / "user" / "pipe" / "vae")
    folder = tmp_path / "user" / "autoencoders"
    tiny().save_pretrained(folder / "small")
    save_file(kl().state_dict(), folder / "alone.safetensors")
    (folder / "cut.safetensors").write_bytes((folder / "alone.safetensors").read_bytes()[:-9])
    (folder / "words.txt").write_text("no model")
    names = [info.name for info in registry.list_autoencoders()]
    assert names == ["first", "pipe", "alone", "small"]


def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path) -> None:
    def complaint(path: Path = tmp_path) -> str:
        with pytest.raises(ModelError) as caught:
            open_autoencoder(str(path))
        words = str(caught.value)
        assert "\n" not in words and words.endswith(".") and str(tmp_path) in words
        return words

    def configured(**changes: object) -> None:
        (tmp_path / "config.json").write_text(json.dumps(document | changes))

    kl().save_pretrained(tmp_path)
    document = json.loads((tmp_path / "config.json").read_text())
    state = kl().state_dict()
    for changes in (
        {"block_out_channels": [33, 64]},
        {"block_out_channels": [10**9, 64]},
        {"block_out_channels": [32] * 99},
        {"block_out_channels": 7},
        {"layers_per_block": "many"},
        {"act_fn": "none such"},
        {"latent_channels": 5},
        {"down_block_types": ["AttnDownEncoderBlock2D"]},
        {"scaling_factor": 0},
        {"scaling_factor": float("nan")},
        {"latents_mean": [1.0], "latents_std": [1.0, 2.0]},
        {"latents_mean": [1.0, 2.0], "latents_std": [1.0, 2.0]},
    ):
        configured(**changes)
        complaint()
    configured()
    data = (tmp_path / WEIGHTS).read_bytes()
    (tmp_path / WEIGHTS).write_bytes(data[:-100])
    assert "incomplete" in complaint()
    (tmp_path / WEIGHTS).write_bytes(b"\xff" * 100)
    assert "damaged" in complaint()
    save_file(state | {"quant_conv.bias": torch.full((8,), torch.inf)}, tmp_path / WEIGHTS)
    assert "not numbers" in complaint()
    save_file(state | {"quant_conv.bias": torch.zeros(9)}, tmp_path / WEIGHTS)
    assert "quant_conv.bias" in complaint()
    (tmp_path / WEIGHTS).rename(tmp_path / "diffusion_pytorch_model.bin")
    assert "is a pickle" in complaint()
