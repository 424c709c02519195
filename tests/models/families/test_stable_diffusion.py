"""Other people's U-Nets: the pictures are those of diffusers' own pipelines from the same noise."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from studio.core import prompts
from studio.core.errors import UsageError
from studio.core.generating import Generate, Inputs
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.diffusion import samplers
from studio.diffusion.noise import NoiseStream
from studio.diffusion.paths import DiscreteDDPM, rf_time
from studio.diffusion.schedules import Leading, Schedule, Trailing
from studio.engine.worker import Worker, run_now
from studio.models import registry
from studio.models.checkpoint import Checkpoint
from studio.models.plan import Plan
from tests.models.families.pipelines import PIPELINES, refused_in_a_line, saved

pytest.importorskip("transformers")
STEPS, SIDE = 5, 64  # a divisor of 1000: their trailing grid is off by one otherwise
SQUARE = Size.square(SIDE)
#: These U-Nets halve latents once, and those of the last do not halve evenly.
SIZES = (SQUARE, Size(96, 64), Size(64, 96), Size(98, 66))
Opened = tuple[Any, Checkpoint]


@pytest.fixture(scope="module", params=PIPELINES)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder = tmp_path_factory.mktemp("pipelines") / request.param
    pipeline = saved(request.param, folder)
    pipeline.check_inputs = lambda *_, **__: None  # it refuses sides that 8 does not divide
    model = registry.open_model(str(folder))
    assert isinstance(model, Checkpoint)
    return pipeline, model


def noise(size: Size) -> Tensor:
    shape = 1, 4, size.height // 2, size.width // 2
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


def grid(pipeline: Any, model: Checkpoint) -> Schedule:
    """Theirs, which ends at the first index, set_alpha_to_one being off."""
    assert isinstance(model.path, DiscreteDDPM)
    trailing = pipeline.scheduler.config.timestep_spacing == "trailing"
    times = (Trailing(model.path) if trailing else Leading(model.path, 1))(STEPS)
    return lambda steps: (*times[:-1], rf_time(model.path.lambda_from_t(0.0)))


def ours(pipeline: Any, model: Checkpoint, settings: Settings) -> Tensor:
    denoiser = Plan.of(settings).guided(model)
    states = samplers.find("ddim").sample(
        denoiser, noise(settings.size), settings.steps, NoiseStream((0,)), grid(pipeline, model)
    )
    with torch.inference_mode():
        return list(states)[-1].x


def theirs(pipeline: Any, settings: Settings, form: str = "latent") -> Any:
    given = {
        "prompt": settings.prompt,
        "negative_prompt": settings.negative or None,
        "guidance_scale": settings.guidance,
        "num_inference_steps": settings.steps,
        "latents": noise(settings.size),
        "height": settings.size.height,
        "width": settings.size.width,
    }
    return pipeline(**given, output_type=form).images


@pytest.mark.parametrize(
    ("guidance", "negative", "size"),
    [(1.0, "", SQUARE), (5.0, "", SQUARE), *((5.0, "blue", size) for size in SIZES)],
    ids=str,
)
def test_latents_are_those_of_diffusers(
    opened: Opened, guidance: float, negative: str, size: Size
) -> None:
    settings = Settings(
        "a red bear", negative, sampler="ddim", steps=STEPS, guidance=guidance, size=size
    )
    pipeline, model = opened
    expected = theirs(pipeline, settings)
    assert torch.isfinite(expected).all()
    error = (ours(pipeline, model, settings) - expected).abs().max() / expected.abs().max()
    assert error < 1e-5


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_pictures_are_those_of_diffusers(opened: Opened, size: Size) -> None:
    pipeline, model = opened
    settings = Settings("a red bear", sampler="ddim", steps=STEPS, guidance=3.0, size=size)
    expected = theirs(pipeline, settings, "np")
    found = model.decode(ours(pipeline, model, settings))
    assert np.abs(found / 255.0 - expected).max() <= 1e-3 + 0.5 / 255


def test_what_is_listed_is_known_without_opening(opened: Opened) -> None:
    pipeline, model = opened
    info = registry.find(str(model.info.path))
    networks = [pipeline.unet, pipeline.text_encoder, getattr(pipeline, "text_encoder_2", None)]
    counted = sum(network.num_parameters() for network in networks if network)
    assert info.parameters == counted + pipeline.vae.num_parameters()
    assert (info.kind, info.format, info.size) == ("generator", "checkpoint", SIDE)
    assert model.prediction.name == pipeline.scheduler.config.prediction_type.removesuffix(
        "_prediction"
    )


def test_a_prompt_goes_the_whole_way(opened: Opened) -> None:
    """Through the worker, with every family of samplers, weights in the prompt and a negative."""
    _, model = opened
    settings = Settings(
        "a (red:1.4) bear", "blue", model=str(model.info.path), steps=3, size=Size(96, 64), seed=5
    )
    worker = Worker("cpu")
    for sampler in ("dpmpp-2m", "ddpm", "sde-euler", "flow-heun"):
        (picture,) = run_now(Generate(replace(settings, sampler=sampler)), worker)
        assert picture.image.shape == (64, 96, 3) and picture.image.std() > 0


def test_no_step_is_beyond_the_noise_it_was_trained_with(opened: Opened) -> None:
    _, model = opened
    for name in ("dpmpp-2m", "ddpm", "flow-heun"):
        plan = Plan.of(Settings("a bear", sampler=name, steps=9))
        times = plan.on(model).times
        assert times[0] == pytest.approx(min(plan.times[0], model.noisiest)) and times[-1] == 0
        assert len(times) == len(plan.times) and sorted(times, reverse=True) == list(times)
        from_half = Plan.of(replace(plan.settings, source="0" * 64, strength=0.5)).on(model)
        assert from_half.times[0] == 0.5


def test_weights_change_the_words_and_one_changes_nothing(opened: Opened) -> None:
    _, model = opened
    plain, one, more = (model.condition([text]) for text in ("a bear", "a (bear:1)", "a (bear:2)"))
    assert torch.equal(plain.tokens, one.tokens)
    assert not torch.allclose(plain.tokens, more.tokens)
    assert more.tokens.mean().item() == pytest.approx(plain.tokens.mean().item(), rel=1e-4)


FIRST, SECOND = "bear " * 18 + "red", "bear in a castle"  # 74 tokens, and no room for a bear's four


def test_a_long_prompt_is_read_in_chunks_as_it_is_counted(opened: Opened) -> None:
    _, model = opened
    whole = model.counted(prompts.plain(f"{FIRST} {SECOND}"))
    assert (whole.count, whole.limit, whole.cut) == (74 + 13, 150, ())
    assert [(each.text, each.start) for each in whole.begins] == [("bear", len(FIRST) + 1)]
    full = model.counted(prompts.plain(f"{FIRST} a"))
    assert (full.count, full.limit, full.begins) == (75, 75, ())
    assert model.condition([f"{FIRST} a"]).tokens.shape[1] == 77
    endless = model.counted(prompts.plain("a " + "b" * 160))  # no word is ever so long
    assert [each.start for each in endless.begins] == [2, 77, 152]
    assert model.unread("bear " * 400) == ""


def read_by(pipeline: Any, text: str, **more: Any) -> tuple[Tensor, Tensor | None]:
    """The states of a text, and its vector where the pipeline asks for one."""
    found = pipeline.encode_prompt(
        prompt=text,
        device="cpu",
        num_images_per_prompt=1,
        do_classifier_free_guidance=False,
        **more,
    )
    return found[0], found[2] if len(found) > 2 else None


def drawn_by(pipeline: Any, wanted: Any, avoided: Any) -> Tensor:
    """Latents from states and vectors of both prompts, at guidance 5."""
    given = {"prompt_embeds": wanted[0], "negative_prompt_embeds": avoided[0]}
    if wanted[1] is not None:
        given |= {"pooled_prompt_embeds": wanted[1], "negative_pooled_prompt_embeds": avoided[1]}
    found: Tensor = pipeline(
        **given, guidance_scale=5.0, num_inference_steps=STEPS, latents=noise(SQUARE),
        height=SIDE, width=SIDE, output_type="latent",
    ).images  # fmt: skip
    return found


def differ(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


GUIDED = Settings("a red bear", "blue", sampler="ddim", steps=STEPS, guidance=5.0, size=SQUARE)


def test_latents_of_a_long_prompt_are_those_of_diffusers(opened: Opened) -> None:
    """Given the chunks' states side by side, those of the shorter prompt with an empty one."""
    pipeline, model = opened
    first, second, blue, empty = (read_by(pipeline, t) for t in (FIRST, SECOND, "blue", ""))
    expected = drawn_by(
        pipeline,
        (torch.cat([first[0], second[0]], 1), first[1]),
        (torch.cat([blue[0], empty[0]], 1), blue[1]),
    )
    settings = replace(GUIDED, prompt=f"{FIRST} {SECOND}")
    assert differ(ours(pipeline, model, settings), expected) < 1e-5


@pytest.mark.parametrize("more", [1, 2])
def test_latents_with_clip_skip_are_those_of_diffusers(opened: Opened, more: int) -> None:
    """Which counts the layers that are left out, XL's one not among them, and leaves none out of a
    negative prompt, unless it is asked for its states."""
    pipeline, model = opened
    xl = hasattr(pipeline, "text_encoder_2")
    skipped = replace(GUIDED, clip_skip=more + (2 if xl else 1))
    if skipped.clip_skip > 3:
        with pytest.raises(UsageError, match="clip skip must be 1 to 3"):
            ours(pipeline, model, skipped)
        return
    if not hasattr(encoder := pipeline.text_encoder, "text_model"):  # where 0.42 looks for its norm
        object.__setattr__(encoder, "text_model", encoder)
    both = (read_by(pipeline, text, clip_skip=more) for text in (GUIDED.prompt, GUIDED.negative))
    found = ours(pipeline, model, skipped)
    assert differ(found, drawn_by(pipeline, *both)) < 1e-5
    plain, second = (ours(pipeline, model, replace(GUIDED, clip_skip=n)) for n in (1, 2))
    assert not torch.allclose(plain, found) and torch.equal(second, plain) == xl


def test_words_of_every_chunk_can_be_weighed(opened: Opened) -> None:
    _, model = opened
    texts = (f"{FIRST} bear in a {castle}" for castle in ("castle", "(castle:1.5)"))
    plain, more = (model.condition([text]).tokens for text in texts)
    assert torch.equal(plain[:, :77], more[:, :77])
    assert not torch.allclose(plain[:, 77:], more[:, 77:])
    between = model.mixed([model.condition([text]) for text in ("", FIRST + SECOND)], [0.5, 0.5])
    assert between.tokens.shape[1] == 154 and between.mask.all()


def test_pictures_go_in_and_come_out(opened: Opened) -> None:
    """Encoding is the autoencoder's own mean, normalised; Reconstruct opens the same network."""
    pipeline, model = opened
    picture = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3), np.uint8)
    x = torch.tensor(picture).permute(0, 3, 1, 2) / 127.5 - 1
    with torch.inference_mode():
        expected = pipeline.vae.encode(x).latent_dist.mean * pipeline.vae.config.scaling_factor
    assert torch.allclose(model.encode(picture), expected, atol=1e-5)
    alone = registry.open_autoencoder(str(model.info.path))
    assert alone.latent_channels == 4
    assert model.preview(expected).shape == (1, SIDE // 2, SIDE // 2, 3)


@pytest.mark.parametrize("size", [Size(0, 64), Size(64, 65), Size(8192, 64), Size(32, 32)], ids=str)
def test_sizes_that_cannot_be_are_refused(opened: Opened, size: Size) -> None:
    with pytest.raises(UsageError, match=r"makes no pictures of .* pixels; try"):
        opened[1].latent_shape(size)


def spoilt(folder: Path, how: str) -> None:
    match how:
        case "no unet":
            shutil.rmtree(folder / "unet")
        case "no weights":
            (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
        case "cut short":
            path = folder / "unet" / "diffusion_pytorch_model.safetensors"
            path.write_bytes(path.read_bytes()[:-100])
        case "one missing" | "one missing of the text":
            part = "text_encoder/model" if "text" in how else "unet/diffusion_pytorch_model"
            path = folder / f"{part}.safetensors"
            tensors = load_file(path)
            del tensors[max(tensors, key=lambda name: tensors[name].numel())]
            save_file(tensors, path, {"format": "pt"})
        case "a pickle":
            path = folder / "text_encoder" / "model.safetensors"
            path.rename(path.with_name("pytorch_model.bin"))
        case "a strange class":
            path = folder / "model_index.json"
            path.write_text(path.read_text().replace("UNet2DConditionModel", "os"))
        case "strange betas":
            path = folder / "scheduler" / "scheduler_config.json"
            path.write_text(path.read_text().replace("scaled_linear", "wavy"))
        case "no scheduler":
            shutil.rmtree(folder / "scheduler")


@pytest.mark.parametrize(
    "how",
    ["no unet", "no weights", "cut short", "a pickle", "a strange class", "strange betas",
     "no scheduler", "one missing", "one missing of the text"],
)  # fmt: skip
def test_what_is_damaged_is_said_in_a_line(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "sd1"
    saved("sd1", folder)
    spoilt(folder, how)
    refused_in_a_line(folder)


def test_text_encoders_under_the_older_names_are_the_same(tmp_path: Path) -> None:
    """Published ones have `text_model.` before each name; transformers 5 writes none."""
    folder = tmp_path / "sd1"
    saved("sd1", folder)
    words = "a red bear"
    expected = registry.open_model(str(folder)).condition([words]).tokens
    path = folder / "text_encoder" / "model.safetensors"
    tensors = {f"text_model.{n.removeprefix('text_model.')}": t for n, t in load_file(path).items()}
    save_file(tensors, path, {"format": "pt"})
    assert torch.equal(registry.open_model(str(folder)).condition([words]).tokens, expected)


def test_half_precision_files_open_where_there_are_no_others(tmp_path: Path) -> None:
    folder = tmp_path / "sd1"
    pipeline = saved("sd1", folder)
    expected = registry.open_model(str(folder)).condition(["bear"]).tokens
    shutil.rmtree(folder)
    pipeline.to(torch.float16).save_pretrained(folder, variant="fp16")
    model = registry.open_model(str(folder))
    assert torch.allclose(model.condition(["bear"]).tokens, expected, atol=1e-2)


def test_a_picture_that_is_not_square_is_repainted_in_its_shape(opened: Opened) -> None:
    """Its middle, in the shape of the settings; what the mask spares stays as it was."""
    _, model = opened
    photo = np.random.default_rng(1).integers(0, 256, (64, 128, 3), np.uint8)
    mask = np.zeros(photo.shape[:2], np.uint8)
    mask[:, :64] = 255
    settings = Settings("a bear", model=str(model.info.path), steps=2, size=Size(96, 64))
    inputs = Inputs(photo, mask)
    (picture,) = run_now(Generate(inputs.named(settings), inputs=inputs), Worker("cpu"))
    assert picture.image.shape == (64, 96, 3)
    assert np.array_equal(picture.image[:, 52:], photo[:, 68:112])  # beyond 2 % of 96 pixels
    assert not np.array_equal(picture.image[:, :40], photo[:, 16:56])
