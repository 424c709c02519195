"""TAESD's files: pairs, single files, damaged and hostile ones, and FLUX.2's real one."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from studio.core.errors import ModelError
from studio.models import registry, tiling
from studio.models.registry import find, open_autoencoder
from studio.networks.tiny_autoencoder import TinyAutoencoder, TinyAutoencoderConfig

TAEF2 = Path(__file__).resolve().parents[3] / "shared" / "taef2"
SMALL = TinyAutoencoderConfig(
    latent_channels=4, width=8, encoder_blocks=(1, 1, 2), decoder_blocks=(2, 1, 1)
)
POOLED = TinyAutoencoderConfig(32, 8, (1, 3, 3, 3), (3, 3, 3, 1), pooling=True)


def network(config: TinyAutoencoderConfig = SMALL) -> TinyAutoencoder:
    torch.manual_seed(0)
    return TinyAutoencoder(config).eval().requires_grad_(False)


def write_pair(
    folder: Path, model: TinyAutoencoder, stem: str = "taesd", ending: str = ".pth"
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for half in ("encoder", "decoder"):
        write(folder / f"{stem}_{half}{ending}", model.get_submodule(half).state_dict())


def write(path: Path, state: Mapping[str, Tensor]) -> None:
    if path.suffix == ".safetensors":
        save_file(dict(state), path)
    else:
        torch.save(dict(state), path)


def pictures(side: int = 16) -> Tensor:
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("config", [SMALL, POOLED, TinyAutoencoderConfig(16, 8)])
@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_a_pair_opens_from_its_folder_and_either_file(
    config: TinyAutoencoderConfig, ending: str, tmp_path: Path
) -> None:
    model = network(config)
    write_pair(tmp_path / "taef1", model, "taef1", ending)
    for name in ("", f"taef1_encoder{ending}", f"taef1_decoder{ending}"):
        path = tmp_path / "taef1" / name
        assert find(str(path)).name == "taef1"
        assert find(str(path)).parameters == sum(p.numel() for p in model.parameters())
        opened = open_autoencoder(str(path))
        assert opened.downsampling == config.downsampling
        assert opened.latent_channels == config.latent_channels
        assert not opened.variational
        mean = opened.encode(pictures()).mean
        assert torch.equal(mean, model.encode(pictures()).mean)
        assert torch.equal(opened.decode(mean), model.decode(mean))


@pytest.mark.parametrize("prefix", ["", "taesd_", "first_stage_model.", "vae.taesd_"])
@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_both_halves_in_one_file(prefix: str, ending: str, tmp_path: Path) -> None:
    model = network()
    state = {f"{prefix}{name}": tensor for name, tensor in model.state_dict().items()}
    write(tmp_path / f"small{ending}", state | {"other": torch.zeros(3)})
    opened = open_autoencoder(str(tmp_path / f"small{ending}"))
    assert torch.equal(opened.encode(pictures()).mean, model.encode(pictures()).mean)
    assert find(str(tmp_path / f"small{ending}")).name == "small"


def test_pictures_are_from_0_to_1_inside() -> None:
    model, x = network(), pictures()
    assert torch.equal(model.encode(x).mean, model.encoder(x / 2 + 0.5))
    latents = model.encode(x).mean
    assert torch.equal(model.decode(latents), model.decoder(latents) * 2 - 1)
    assert torch.equal(model.normalised(latents), latents)
    assert torch.equal(model.encode(x).sample(), latents) or torch.allclose(
        model.encode(x).sample(), latents, atol=1e-4
    )


def test_latents_far_out_are_squeezed() -> None:
    model = network()
    far = torch.full((1, 4, 2, 2), 1e4)
    assert torch.allclose(model.decode(far), model.decode(far * 10))
    assert torch.equal(model.decoder[0](far), torch.full_like(far, 3.0))


def test_the_branch_sees_the_whole_picture() -> None:
    model = network(POOLED)
    x = pictures(64)[:1]
    changed = x.clone()
    changed[..., 0, 0] += 1.0
    moved = (model.encode(changed).mean - model.encode(x).mean).abs()
    assert moved[..., -1, -1].max() > 0  # far beyond what the convolutions reach
    config = TinyAutoencoderConfig(4, 8, (1, 0, 0, 0), (0, 0, 0, 1))
    plain = network(config)
    assert (plain.encode(changed).mean - plain.encode(x).mean)[..., -1, -1].abs().max() == 0


def test_what_is_wrong_with_a_file_is_said_in_one_sentence(tmp_path: Path) -> None:
    def complaint(path: Path) -> str:
        with pytest.raises(ModelError) as caught:
            open_autoencoder(str(path))
        words = str(caught.value)
        assert "\n" not in words and words.endswith(".") and str(tmp_path) in words
        return words

    model = network()
    write_pair(tmp_path, model)
    encoder, decoder = tmp_path / "taesd_encoder.pth", tmp_path / "taesd_decoder.pth"
    whole = decoder.read_bytes()
    decoder.unlink()
    assert "belong together" in complaint(encoder)
    decoder.write_bytes(whole[: len(whole) // 2])
    assert "damaged or incomplete" in complaint(encoder)
    decoder.write_bytes(b"no model")
    assert "damaged or incomplete" in complaint(encoder)
    state = model.decoder.state_dict()
    write(decoder, state | {"1.bias": torch.full((8,), torch.nan)})
    assert "not numbers" in complaint(decoder)
    write(decoder, state | {"1.bias": torch.zeros(9)})
    assert "layout" in complaint(decoder)
    write(decoder, state | {"extra": torch.zeros(9)})
    assert "layout" in complaint(decoder)
    write(decoder, {"1.weight": torch.zeros(1).expand(1000, 1000, 1000, 1000)})
    assert "too large" in complaint(decoder)
    write(decoder, {"1.weight": torch.zeros(3, device="meta")})
    assert "more than weights" in complaint(decoder)
    write(decoder, {"1.weight": torch.zeros(3).to_sparse()})
    assert "more than weights" in complaint(decoder)
    torch.save([torch.zeros(3)], decoder)
    assert "more than weights" in complaint(decoder)
    torch.save({"1.weight": "words"}, decoder)
    assert "more than weights" in complaint(decoder)
    write(decoder, model.encoder.state_dict())
    assert "layout" in complaint(decoder)


def test_parameters_with_gradients_are_weights_too(tmp_path: Path) -> None:
    model = network().requires_grad_(True)
    for half in ("encoder", "decoder"):
        state = dict(model.get_submodule(half).named_parameters())
        torch.save(state, tmp_path / f"own_{half}.pth")
    opened = open_autoencoder(str(tmp_path), precision="bfloat16")
    assert not any(p.requires_grad for p in opened.parameters())
    assert opened.encode(pictures()).mean.dtype == torch.float32


def test_files_of_pytorch_before_1_6(tmp_path: Path) -> None:
    model = network()
    for half in ("encoder", "decoder"):
        path = tmp_path / f"old_{half}.pth"
        state = model.get_submodule(half).state_dict()
        torch.save(state, path, _use_new_zipfile_serialization=False)
    opened = open_autoencoder(str(tmp_path))
    assert torch.equal(opened.encode(pictures()).mean, model.encode(pictures()).mean)
    assert registry.find(str(tmp_path)).parameters > 0


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
def test_any_damage_is_a_model_error(ending: str, tmp_path: Path) -> None:
    write_pair(tmp_path, network(), ending=ending)
    path = tmp_path / f"taesd_decoder{ending}"
    whole, random = path.read_bytes(), Random(0)
    for _ in range(20):
        damaged = bytearray(whole)
        for _ in range(20):  # most of what matters is at the start, or at a zip's end
            side = random.choice((0, len(whole) - 400))
            damaged[side + random.randrange(400)] = random.randrange(256)
        path.write_bytes(damaged[: random.choice((len(whole), random.randrange(len(whole))))])
        with suppress(ModelError):  # or what was hit did not matter
            open_autoencoder(str(path))


class Hostile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_hostile_pickle_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    write_pair(tmp_path, network())
    torch.save({"1.weight": Hostile(tmp_path / "ran")}, tmp_path / "taesd_decoder.pth")
    with pytest.raises(ModelError, match="refused"):
        open_autoencoder(str(tmp_path / "taesd_decoder.pth"))
    (tmp_path / "taesd_decoder.pth").write_bytes(pickle.dumps(Hostile(tmp_path / "ran")))
    with pytest.raises(ModelError):
        open_autoencoder(str(tmp_path / "taesd_decoder.pth"))
    assert not (tmp_path / "ran").exists()


def test_the_users_folder_lists_pairs_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ASSETS", tmp_path / "assets")
    monkeypatch.setattr(registry, "user_folder", lambda: tmp_path / "user")
    folder = tmp_path / "user" / "autoencoders"
    write_pair(folder, network(), "loose")
    write_pair(folder / "one", network(), "taef1")
    write_pair(folder / "several", network(), "taesd")
    write_pair(folder / "several", network(), "taesdxl")
    write_pair(tmp_path / "user", network(), "outside", ".safetensors")
    listed = [info.name for info in registry.list_autoencoders()]
    assert listed == ["outside", "loose", "one", "several/taesd", "several/taesdxl"]
    assert open_autoencoder("several/taesdxl").latent_channels == 4
    with pytest.raises(ModelError, match="choose one inside it: taesd_decoder"):
        open_autoencoder(str(folder / "several"))


@pytest.mark.skipif(not TAEF2.is_dir(), reason="../shared/taef2 is not on this machine")
def test_flux_2s_reaches_30_db_on_photographs() -> None:
    data = pytest.importorskip("skimage.data")
    model = open_autoencoder(str(TAEF2))
    assert (model.latent_channels, model.downsampling) == (32, 8)
    figures = []
    for photograph in (data.astronaut(), data.chelsea()):
        picture = torch.from_numpy(photograph.copy()).permute(2, 0, 1)[None].float()
        latents = tiling.encode(model, picture / 127.5 - 1).mean
        assert 0.7 < latents.std() < 1.1
        decoded = tiling.decode(model, latents, size=photograph.shape[:2])
        error = ((decoded.clamp(-1, 1) + 1) * 127.5).round() - picture
        figures.append(10 * torch.log10(255**2 / (error**2).mean()).item())
    assert sum(figures) / len(figures) >= 30.0
