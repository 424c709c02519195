"""Other people's transformers that read T5, Gemma or Qwen: the pictures are those of diffusers' own
pipelines from the same noise, wherever their guidance is the plain one."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

from studio.core.errors import ModelError, UsageError
from studio.core.generating import Generate
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.diffusion import samplers
from studio.diffusion.noise import NoiseStream
from studio.diffusion.paths import DiscreteDDPM, rf_time
from studio.diffusion.schedules import Leading, Schedule
from studio.engine.worker import Worker, run_now
from studio.models import registry
from studio.models.checkpoint import Checkpoint
from studio.models.plan import Plan
from tests.models.families.pipelines import BETAS, refused_in_a_line, written
from tests.models.families.readers import READERS

STEPS, SIDE = 5, 64
SQUARE = Size.square(SIDE)
HEIGHT, WIDTH = 96, 64  # of what is compared with diffusers
NOISE = torch.randn(1, 4, HEIGHT // 2, WIDTH // 2, generator=torch.Generator().manual_seed(3))
WITHOUT_WEIGHTS = ("sana", "qwen-image", "z-image", "lumina2")
Opened = tuple[str, Any, Checkpoint]


def opened_from(name: str, folder: Path) -> tuple[Any, Checkpoint]:
    pipeline = written(READERS[name](), folder)
    model = registry.open_model(str(folder))
    assert isinstance(model, Checkpoint)
    return pipeline, model


@pytest.fixture(scope="module", params=READERS)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder = tmp_path_factory.mktemp("readers") / request.param
    return request.param, *opened_from(request.param, folder)


def grid(model: Checkpoint) -> Schedule:
    """That of the folder; for PixArt's chain DDIM's, which ends at its first index."""
    if own := model.adapter.schedule(HEIGHT // 2, WIDTH // 2, model.scheduler):
        return own
    assert isinstance(model.path, DiscreteDDPM)
    chain = model.path
    times = Leading(chain)(STEPS)
    return lambda steps: (*times[:-1], rf_time(chain.lambda_from_t(0.0)))


def ours(model: Checkpoint, settings: Settings) -> Tensor:
    states = samplers.find("ddim").sample(
        Plan.of(settings).guided(model), NOISE, STEPS, NoiseStream((0,)), grid(model)
    )
    with torch.inference_mode():
        return list(states)[-1].x


def theirs(name: str, pipeline: Any, settings: Settings, form: str = "latent") -> Any:
    """With the scale in the family's own words, and what it adds to the plain guidance left out."""
    given: dict[str, Any] = {
        "prompt": settings.prompt, "negative_prompt": settings.negative, "latents": NOISE.clone(),
        "num_inference_steps": STEPS, "guidance_scale": settings.guidance, "height": HEIGHT,
        "width": WIDTH, "output_type": form,
    }  # fmt: skip
    match name:
        case "pixart-alpha" | "pixart-sigma":
            pipeline.scheduler = diffusers.DDIMScheduler(
                clip_sample=False, set_alpha_to_one=False, **{**BETAS, "beta_schedule": "linear"}
                | {"beta_start": 1e-4, "beta_end": 0.02}
            )  # fmt: skip
            given |= {"use_resolution_binning": False}
        case "sana":  # its own scheduler tells the network whole numbers of time
            pipeline.scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0)
            even = [0.999 * (1 - k / STEPS) for k in range(STEPS)]
            first = 3 * even[0] / (1 + 2 * even[0])  # which it takes for noise alone
            given |= {"use_resolution_binning": False, "sigmas": even, "latents": first * NOISE}
        case "qwen-image":
            packed = pixel_unshuffle(NOISE, 2).flatten(2).transpose(1, 2)
            given |= {"true_cfg_scale": given.pop("guidance_scale"), "latents": packed}
        case "z-image":
            given |= {"guidance_scale": settings.guidance - 1}
        case "lumina2":
            given |= {"cfg_normalization": False}
    found = pipeline(**given).images
    if name == "qwen-image" and form == "latent":
        patches = found.transpose(1, 2).unflatten(2, (HEIGHT // 4, WIDTH // 4))
        return pixel_shuffle(patches, 2)
    return found


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Qwen-Image's pipeline always puts the length of its prediction back; here it does not."""
    real = torch.norm  # asked by position elsewhere
    monkeypatch.setattr(torch, "norm", lambda x, *a, **k: real(x, *a, **k) if a else torch.ones(()))


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(("guidance", "negative"), [(1.0, ""), (5.0, ""), (5.0, "blue")])
def test_latents_are_those_of_diffusers(opened: Opened, guidance: float, negative: str) -> None:
    name, pipeline, model = opened
    settings = Settings(
        "a Red bear",
        negative,
        sampler="ddim",
        steps=STEPS,
        guidance=guidance,
        size=SQUARE,
    )
    expected = theirs(name, pipeline, settings)
    assert torch.isfinite(expected).all()
    error = (ours(model, settings) - expected).abs().max() / expected.abs().max()
    assert error < 1e-5


def test_guidance_and_the_negative_prompt_count(opened: Opened) -> None:
    _, _, model = opened
    usual = Settings("a red bear", sampler="ddim", steps=STEPS, guidance=5.0, size=SQUARE)
    changed = [replace(usual, guidance=1.0), replace(usual, negative="blue"),
               replace(usual, prompt="a blue cat")]  # fmt: skip
    first = ours(model, usual)
    for settings in changed:
        assert (ours(model, settings) - first).abs().max() > 1e-3


@pytest.mark.usefixtures("plain")
def test_pictures_are_those_of_diffusers(opened: Opened) -> None:
    name, pipeline, model = opened
    settings = Settings("a red bear", sampler="ddim", steps=STEPS, guidance=3.0, size=SQUARE)
    expected = theirs(name, pipeline, settings, "np")
    found = model.decode(ours(model, settings))
    assert np.abs(found / 255.0 - expected).max() <= 1e-3 + 0.5 / 255


def test_what_is_listed_is_known_without_opening(opened: Opened) -> None:
    name, pipeline, model = opened
    info = registry.find(str(model.info.path))
    networks = (pipeline.transformer, pipeline.text_encoder, pipeline.vae)
    assert info.parameters == sum(network.num_parameters() for network in networks)
    assert (info.kind, info.format) == ("generator", "checkpoint")
    assert str(info.trained["family"]).replace(" ", "-").casefold() in (name, name[:6], "lumina-2")


def test_a_prompt_goes_the_whole_way(opened: Opened) -> None:
    """Through the worker, in its own time grid and in a named one."""
    _, _, model = opened
    settings = Settings("a bear", "blue", model=str(model.info.path), steps=3, size=SQUARE, seed=5)
    worker = Worker("cpu")
    for sampler, schedule in (("dpmpp-2m", ""), ("ddpm", ""), ("flow-heun", "karras")):
        asked = replace(settings, sampler=sampler, schedule=schedule)
        (picture,) = run_now(Generate(asked), worker)
        assert picture.image.shape == (SIDE, SIDE, 3) and picture.image.std() > 0


def test_half_precision_is_near(opened: Opened) -> None:
    _, _, model = opened
    half = registry.open_model(str(model.info.path), precision="bfloat16")
    assert isinstance(half, Checkpoint)
    settings = Settings("a red bear", sampler="ddim", steps=STEPS, guidance=2.0, size=SQUARE)
    expected, found = ours(model, settings), ours(half, settings)
    assert (found - expected).abs().mean() < 0.1 * expected.abs().mean()
    assert half.decode(found).shape == (1, HEIGHT, WIDTH, 3)


def test_the_time_grid_is_the_published_one(opened: Opened) -> None:
    name, _, model = opened
    own = model.own_schedule(SQUARE)
    if name.startswith("pixart"):
        assert own is None
        return
    assert own is not None
    flow = diffusers.FlowMatchEulerDiscreteScheduler
    kind = diffusers.DPMSolverMultistepScheduler if name == "sana" else flow
    scheduler = kind.from_pretrained(model.info.path / "scheduler")
    if name == "sana":
        scheduler.set_timesteps(STEPS)
    else:
        tokens = (SIDE // 4) ** 2
        mu = 0.5 + (0.9 - 0.5) * (tokens - 256) / (8192 - 256)
        scheduler.set_timesteps(sigmas=np.linspace(1, 1 / STEPS, STEPS), mu=mu)
    assert own(STEPS) == pytest.approx(scheduler.sigmas.tolist(), abs=1e-6)


def test_a_shift_that_makes_no_sense_is_said(tmp_path: Path) -> None:
    _, model = opened_from("qwen-image", tmp_path / "qwen")
    for wrong in ({"max_shift": "much"}, {"max_image_seq_len": 256}, {"shift_terminal": []}):
        model.scheduler = {"use_dynamic_shifting": True, "shift_terminal": 0.02, **wrong}
        if wrong == {"shift_terminal": []}:
            assert model.own_schedule(SQUARE)
        else:
            with pytest.raises(ModelError, match="scheduler_config"):
                model.own_schedule(SQUARE)


def test_weights_change_the_words_or_are_refused(opened: Opened) -> None:
    name, _, model = opened
    if name in WITHOUT_WEIGHTS:
        with pytest.raises(UsageError, match="no weights of words"):
            model.condition(["a (bear:2)"])
        return
    plain, one, more = (model.condition([text]) for text in ("a bear", "a (bear:1)", "a (bear:2)"))
    assert torch.equal(plain.tokens, one.tokens)
    factors = (more.tokens / plain.tokens).mean(-1)[0]
    assert factors.tolist() == pytest.approx([1, 1, 2, 2, 2, 2, 2, 1], rel=1e-4)


def test_what_is_not_read_of_a_long_prompt_is_said(opened: Opened) -> None:
    """The features do not change with it, and do with the word before."""
    _, _, model = opened
    assert model.unread("bear") == ""
    text = "bear " * 150
    rest = model.unread(text)
    assert text.endswith(rest) and 0 < len(rest) < len(text)
    read = text[: len(text) - len(rest)]
    whole = model.condition([text]).tokens
    assert torch.equal(model.condition([read + "x" * len(rest)]).tokens[:, :-1], whole[:, :-1])
    assert model.condition([read[:-60]]).tokens.shape[1] < whole.shape[1]


def test_pictures_go_in_and_come_out(opened: Opened) -> None:
    name, pipeline, model = opened
    picture = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3), np.uint8)
    x, vae = torch.tensor(picture).permute(0, 3, 1, 2) / 127.5 - 1, pipeline.vae
    with torch.inference_mode():
        match name:
            case "sana":
                expected = vae.encode(x).latent * vae.config.scaling_factor
            case "qwen-image":
                mean, std = (torch.tensor(vae.config[f"latents_{k}"]) for k in ("mean", "std"))
                found = vae.encode(x[:, :, None]).latent_dist.mean[:, :, 0]
                expected = (found - mean[:, None, None]) / std[:, None, None]
            case _:
                shift = vae.config.shift_factor or 0.0
                expected = vae.encode(x).latent_dist.mean - shift
                expected = expected * vae.config.scaling_factor
    assert torch.allclose(model.encode(picture), expected, atol=1e-5)
    assert model.preview(expected).shape == (1, SIDE // 2, SIDE // 2, 3)
    alone = registry.open_autoencoder(str(model.info.path))
    assert (alone.downsampling, alone.latent_channels) == (2, 4)
    assert alone.variational == (name != "sana")


def test_a_sigma_under_its_older_class_is_the_same(tmp_path: Path) -> None:
    """As it is published: its index and its configuration say Transformer2DModel."""
    _, model = opened_from("pixart-sigma", tmp_path / "sigma")
    for file in ("model_index.json", "transformer/config.json"):
        path = tmp_path / "sigma" / file
        path.write_text(path.read_text().replace("PixArtTransformer2D", "Transformer2D"))
    settings = Settings("a bear", sampler="ddim", steps=STEPS, size=SQUARE)
    older = registry.open_model(str(tmp_path / "sigma"))
    assert isinstance(older, Checkpoint)
    assert torch.equal(ours(older, settings), ours(model, settings))
    assert older.info.trained["family"] == "PixArt"


def test_files_in_half_precision_open_in_pieces_too(tmp_path: Path) -> None:
    """As Sana's are published: under the name of a precision, the text encoder in pieces."""
    pipeline, model = opened_from("sana", tmp_path / "sana")
    expected = model.condition(["bear"]).tokens
    shutil.rmtree(tmp_path / "sana")
    pipeline.to(torch.bfloat16).save_pretrained(tmp_path / "sana", variant="bf16")
    texts = tmp_path / "sana" / "text_encoder"
    shutil.rmtree(texts)
    pipeline.text_encoder.save_pretrained(texts, variant="bf16", max_shard_size="40KB")
    assert len(list(texts.glob("model.bf16-*.safetensors"))) > 1
    half = registry.open_model(str(tmp_path / "sana"))
    assert torch.allclose(half.condition(["bear"]).tokens, expected, atol=0.1)


def edited(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def spoilt(folder: Path, how: str) -> None:
    vae = folder / "vae" / "diffusion_pytorch_model.safetensors"
    match how:
        case "no transformer":
            shutil.rmtree(folder / "transformer")
        case "no tokenizer":
            shutil.rmtree(folder / "tokenizer")
        case "no autoencoder":
            shutil.rmtree(folder / "vae")
        case "one missing of the autoencoder":
            tensors = load_file(vae)
            del tensors[max(tensors, key=lambda name: tensors[name].numel())]
            save_file(tensors, vae, {"format": "pt"})
        case "a cut autoencoder":
            vae.write_bytes(vae.read_bytes()[:-100])
        case "a strange autoencoder":
            edited(folder / "vae" / "config.json", base_dim="x", encoder_block_out_channels=[0, 3])
        case "an endless autoencoder":
            edited(folder / "vae" / "config.json", num_res_blocks=10**9, dim_mult=[1] * 99,
                   encoder_layers_per_block=[10**9])  # fmt: skip
        case "strange statistics":
            edited(folder / "vae" / "config.json", latents_mean=[1, 2], latents_std=[1, 2])


DAMAGES = ["no transformer", "no tokenizer", "no autoencoder", "one missing of the autoencoder",
           "a cut autoencoder", "a strange autoencoder", "an endless autoencoder",
           "strange statistics"]  # fmt: skip


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("name", ["sana", "qwen-image"])
def test_what_is_damaged_is_said_in_a_line(tmp_path: Path, name: str, how: str) -> None:
    folder = tmp_path / name
    written(READERS[name](), folder)
    spoilt(folder, how)
    refused_in_a_line(folder)
