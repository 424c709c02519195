"""SD 3, FLUX.1, FLUX.2 and Chroma: the pictures are those of diffusers' own pipelines from the same
noise."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from tests.models.families.pipelines import refused_in_a_line

pytest.importorskip("transformers")

from diffusers import FlowMatchHeunDiscreteScheduler

from studio.core.errors import ModelError, UsageError
from studio.core.generating import Generate
from studio.core.guided import EMBEDDED, NOT_AT_ALL, TWO_CALLS
from studio.core.prompts import one_phrase, plain
from studio.core.settings import Defaults, Settings
from studio.core.sizes import Size
from studio.diffusion import samplers
from studio.diffusion.noise import NoiseStream
from studio.diffusion.schedules import Shifted, Uniform, shift_for_tokens
from studio.engine.worker import Worker, run_now
from studio.models import registry
from studio.models.checkpoint import Checkpoint
from studio.models.families.t5 import weight_of
from studio.models.plan import Plan
from tests.models.families.flow_pipelines import PIPELINES, saved

STEPS, SIDE = 4, 64
SQUARE = Size.square(SIDE)
NOISE = torch.randn(1, 4, SIDE // 2, SIDE // 2, generator=torch.Generator().manual_seed(3))
WORDS = "a red bear"


class Heun(FlowMatchHeunDiscreteScheduler):  # type: ignore[misc]
    """On its own grid, whatever a pipeline asks for: theirs takes none."""

    def set_timesteps(
        self, num: int = STEPS, device: Any = None, sigmas: Any = None, mu: Any = None
    ) -> None:
        super().set_timesteps(STEPS, device)


@dataclass
class Opened:
    name: str
    pipeline: Any
    model: Checkpoint

    def settings(self, **more: Any) -> Settings:
        given = {"sampler": "flow-euler", "steps": STEPS, "size": SQUARE, **more}
        return Settings(WORDS, model=str(self.model.info.path), **given)

    def theirs(self, settings: Settings, form: str = "latent") -> Any:
        """Their pictures, or latents in our shape."""
        packs = not self.name.startswith("sd3")
        latents = NOISE.clone() if not packs else F.pixel_unshuffle(NOISE, 2)
        if packs and "flux2" not in self.name:
            latents = latents.flatten(2).transpose(1, 2)
        found = self.pipeline(
            prompt=settings.prompt, guidance_scale=settings.guidance, latents=latents,
            num_inference_steps=settings.steps, height=SIDE, width=SIDE, output_type=form,
            **self._more(settings),
        ).images  # fmt: skip
        if form != "latent" or not packs:
            return found
        if "klein" in self.name:  # theirs are ready for the autoencoder
            return self.model.autoencoder.normalised(found)
        return F.pixel_shuffle(found.transpose(1, 2).unflatten(2, (SIDE // 4, SIDE // 4)), 2)

    def _more(self, settings: Settings) -> dict[str, Any]:
        if self.name == "flux-schnell":
            return {"max_sequence_length": 256}  # as its card has it
        if not settings.negative:
            return {}
        if "klein" not in self.name:
            return {"negative_prompt": settings.negative}
        return {"negative_prompt_embeds": self.pipeline.encode_prompt(settings.negative)[0]}

    def ours(self, settings: Settings) -> Tensor:
        """On the grid that theirs has just used: that of SD 3 ends shifted twice."""
        times = tuple(dict.fromkeys(float(sigma) for sigma in self.pipeline.scheduler.sigmas))
        denoiser = Plan.of(settings).on(self.model).guided(self.model)
        states = samplers.find(settings.sampler).sample(
            denoiser, NOISE, settings.steps, NoiseStream((0,)), lambda steps: times
        )
        with torch.inference_mode():
            return list(states)[-1].x


@pytest.fixture(scope="module", params=PIPELINES)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return open_one(request.param, tmp_path_factory.mktemp("pipelines"))


def open_one(name: str, folder: Path) -> Opened:
    pipeline = saved(name, folder / name)
    if name == "chroma":  # theirs adds 1 to what is not masked, which masks nothing
        masked = pipeline._prepare_attention_mask

        def boolean(**given: Any) -> Tensor | None:
            found = masked(**given)
            return None if found is None else found.bool()

        pipeline._prepare_attention_mask = boolean
    model = registry.open_model(str(folder / name))
    assert isinstance(model, Checkpoint)
    return Opened(name, pipeline, model)


def error(ours: Tensor, theirs: Tensor) -> float:
    assert torch.isfinite(theirs).all()
    return float((ours - theirs).abs().max() / theirs.abs().max())


@pytest.mark.parametrize("guidance", [1.0, 5.0])
def test_latents_are_those_of_diffusers(opened: Opened, guidance: float) -> None:
    settings = opened.settings(guidance=guidance)
    expected = opened.theirs(settings)
    assert error(opened.ours(settings), expected) < 1e-5
    if guidance == 1.0:
        other = opened.theirs(replace(settings, prompt="xylophone"))
        assert error(other, expected) > 1e-4, "the text changes too little to be tested"


def test_negative_prompts_are_those_of_diffusers_or_refused(opened: Opened) -> None:
    settings = opened.settings(guidance=5.0, negative="blue")
    if opened.model.guidance != TWO_CALLS:
        with pytest.raises(UsageError, match="knows no negative prompt"):
            Plan.of(settings).on(opened.model).guided(opened.model)
        return
    expected = opened.theirs(settings)
    assert error(opened.ours(settings), expected) < 1e-5
    assert error(opened.theirs(replace(settings, negative="")), expected) > 1e-5


def test_latents_by_heun_are_those_of_diffusers(opened: Opened) -> None:
    settings = opened.settings(guidance=4.0, sampler="flow-heun")
    usual, opened.pipeline.scheduler = opened.pipeline.scheduler, Heun(shift=3.0)
    try:
        expected = opened.theirs(settings)
        assert error(opened.ours(settings), expected) < 1e-5
    finally:
        opened.pipeline.scheduler = usual


def test_pictures_are_those_of_diffusers(opened: Opened) -> None:
    settings = opened.settings(guidance=3.0)
    expected = opened.theirs(settings, "np")
    found = opened.model.decode(opened.ours(settings))
    assert np.abs(found / 255.0 - expected).max() <= 1e-3 + 0.5 / 255


def test_its_own_grid_is_the_published_one(opened: Opened) -> None:
    settings = opened.settings()
    opened.theirs(settings)
    times = Plan.of(settings).on(opened.model).times
    if opened.name.startswith("sd3"):  # theirs shifts the grid's end twice
        assert times == Shifted(Uniform(), 3.0)(STEPS)
    else:
        theirs = [float(sigma) for sigma in opened.pipeline.scheduler.sigmas]
        assert times == pytest.approx(theirs, abs=1e-6)
    named = Plan.of(replace(settings, schedule="uniform")).on(opened.model)
    assert named.times == Uniform()(STEPS)


def test_flux_shifts_by_the_picture_s_tokens(tmp_path: Path) -> None:
    flux = open_one("flux-dev", tmp_path)
    model, config = flux.model, {"use_dynamic_shifting": True}
    for side, tokens in ((64, 1024), (128, 4096)):
        grid = model.adapter.schedule(side, side, config)
        assert grid is not None
        assert grid(8) == pytest.approx(Shifted(Uniform(), shift_for_tokens(tokens))(8))
    with pytest.raises(ModelError, match="scheduler_config"):
        model.adapter.schedule(64, 64, {"shift": "much"})


GUIDED = {
    "sd3": TWO_CALLS, "sd3-without-t5": TWO_CALLS, "chroma": TWO_CALLS,
    "flux2-klein-base": TWO_CALLS, "flux-dev": EMBEDDED, "flux2-dev": EMBEDDED,
    "flux-schnell": NOT_AT_ALL, "flux2-klein": NOT_AT_ALL,
}  # fmt: skip


@torch.inference_mode()
def test_guidance_is_by_two_calls_by_a_number_or_inside(opened: Opened) -> None:
    model = opened.model
    assert model.guidance == GUIDED[opened.name]
    if model.guidance == TWO_CALLS:
        return
    condition = model.condition([WORDS])
    usual, told, more = (model.denoiser(condition, w)(NOISE, 0.5, 0.5).x0
                         for w in (None, model.info.defaults.guidance, 9.0))  # fmt: skip
    assert torch.equal(usual, told)
    assert torch.equal(usual, more) == (model.guidance == NOT_AT_ALL)


DEFAULTS = {
    "sd3": Defaults("flow-euler", 28, 7.0), "sd3-without-t5": Defaults("flow-euler", 28, 7.0),
    "flux-dev": Defaults("flow-euler", 28, 3.5), "flux-schnell": Defaults("flow-euler", 4, 1.0),
    "chroma": Defaults("flow-euler", 40, 3.0), "flux2-dev": Defaults("flow-euler", 28, 4.0),
    "flux2-klein": Defaults("flow-euler", 4, 1.0),
    "flux2-klein-base": Defaults("flow-euler", 50, 4.0),
}  # fmt: skip


def test_what_is_listed_is_known_without_opening(opened: Opened) -> None:
    info = registry.find(str(opened.model.info.path))
    networks = [part for part in opened.pipeline.components.values()
                if isinstance(part, torch.nn.Module)]  # fmt: skip
    stored = {
        tensor.data_ptr(): tensor for part in networks for tensor in part.state_dict().values()
    }
    assert info.parameters == sum(tensor.numel() for tensor in stored.values())
    assert (info.kind, info.defaults) == ("generator", DEFAULTS[opened.name])
    assert info.size == (SIDE if opened.name.startswith("sd3") else 256)


def test_weights_change_the_words_and_one_changes_nothing(opened: Opened) -> None:
    plain, one, more = (
        opened.model.condition([text]) for text in ("a bear", "a (bear:1)", "a (bear:2)")
    )
    assert torch.equal(plain.tokens, one.tokens)
    if opened.name == "sd3-without-t5":
        assert not torch.allclose(plain.tokens, more.tokens)
        return
    first = 77 if opened.name == "sd3" else 0  # CLIP's, all of which keep their mean
    changed = (plain.tokens != more.tokens)[0, first:].any(-1)
    assert 0 < changed.sum() <= len("bear")  # a token, or a letter each
    assert torch.allclose(more.tokens[0, first:][changed], 2 * plain.tokens[0, first:][changed])


def test_the_space_before_a_word_is_not_weighed() -> None:
    phrase = one_phrase("a (red:1.4) bear")
    for first, end, weight in ((0, 1, 1.0), (1, 5, 1.4), (2, 5, 1.4), (5, 10, 1.0), (-6, 1, 1.0),
                               (0, 0, 1.0), (20, 30, 1.0)):  # fmt: skip
        assert weight_of(phrase, first, end) == pytest.approx(weight)


LIMITS = {"sd3": 256, "sd3-without-t5": 75, "flux-dev": 512, "flux-schnell": 256, "chroma": 512}


def test_what_is_not_read_of_a_long_prompt_is_said(opened: Opened) -> None:
    assert opened.model.unread("bear") == ""
    long = "bear " * 600
    rest = opened.model.unread(long)
    assert rest and long.endswith(rest)
    counted = opened.model.counted(plain(long))
    assert long[counted.cut[0][0] :].strip() == rest.strip()  # a space may be the next word's
    assert counted.cut[-1][1] >= len(long) - 1
    assert counted.limit < counted.count and not counted.begins
    if opened.name in LIMITS:  # the others talk before the prompt
        assert counted.limit == LIMITS[opened.name]


def test_a_prompt_goes_the_whole_way(opened: Opened) -> None:
    """Through the worker, by every family of samplers, with weights in the prompt."""
    settings = replace(opened.settings(steps=2, seed=5), prompt="a (red:1.4) bear")
    worker = Worker("cpu")
    for sampler in ("flow-euler", "dpmpp-2m", "ddpm"):
        (picture,) = run_now(Generate(replace(settings, sampler=sampler)), worker)
        assert picture.image.shape == (SIDE, SIDE, 3) and picture.image.std() > 0


def test_pictures_go_in_and_come_out(opened: Opened) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3), np.uint8)
    x = torch.tensor(picture).permute(0, 3, 1, 2) / 127.5 - 1
    vae = opened.pipeline.vae
    with torch.inference_mode():
        expected = vae.encode(x).latent_dist.mean
        if "flux2" in opened.name:
            flat = F.pixel_unshuffle(expected, 2)
            std = (vae.bn.running_var + vae.config.batch_norm_eps).sqrt()
            whitened = (flat - vae.bn.running_mean[:, None, None]) / std[:, None, None]
            expected = F.pixel_shuffle(whitened, 2)
        else:
            expected = (expected - vae.config.shift_factor) * vae.config.scaling_factor
    latents = opened.model.encode(picture)
    assert torch.allclose(latents, expected, atol=1e-5)
    autoencoder = opened.model.autoencoder
    again = autoencoder.normalised(autoencoder.denormalised(latents))
    assert torch.allclose(again, latents, atol=1e-5)
    assert opened.model.preview(expected).shape == (1, SIDE // 2, SIDE // 2, 3)


def test_flux_2s_autoencoder_alone_is_whitened_by_its_own_statistics(tmp_path: Path) -> None:
    """From a folder, and from a file that has no configuration."""
    opened = open_one("flux2-klein", tmp_path)
    folder = opened.model.info.path / "vae"
    file = tmp_path / "flux2-vae.safetensors"
    shutil.copy(folder / "diffusion_pytorch_model.safetensors", file)
    latents = torch.randn(1, 4, 7, 9)  # Reconstruct takes any size
    expected = opened.model.autoencoder.normalised(latents)
    found = registry.open_autoencoder(str(folder))
    assert torch.equal(found.normalised(latents), expected)
    assert torch.allclose(found.denormalised(expected), latents, atol=1e-5)
    assert "statistics" in str(registry.find(str(file)).trained["scaling"])
    tensors = load_file(file)
    for said, variance in (("make no sense", -1.0), ("lacks the statistics", None)):
        tensors["bn.running_var"] = torch.full((16,), variance or 1.0)
        if variance is None:
            del tensors["bn.running_var"]
        save_file(tensors, folder / "diffusion_pytorch_model.safetensors", {"format": "pt"})
        with pytest.raises(ModelError, match=said):
            registry.open_autoencoder(str(folder))


def test_chroma_in_a_folder_that_names_flux_is_chroma(tmp_path: Path) -> None:
    opened = open_one("chroma", tmp_path)
    path = opened.model.info.path / "model_index.json"
    path.write_text(path.read_text().replace("ChromaPipeline", "FluxPipeline"))
    model = registry.open_model(str(opened.model.info.path))
    assert model.guidance == TWO_CALLS and model.info.defaults == DEFAULTS["chroma"]


def test_chroma_s_texts_of_several_lengths_are_masked_together(tmp_path: Path) -> None:
    opened = open_one("chroma", tmp_path)
    model, texts = opened.model, ["bear", "a red bear of many words"]
    noise = NOISE.repeat(2, 1, 1, 1)
    with torch.inference_mode():
        both = model.denoiser(model.condition(texts))(noise, 0.4, 0.6).x0
        for index, text in enumerate(texts):
            alone = model.denoiser(model.condition([text]))(NOISE, 0.4, 0.6).x0
            assert torch.allclose(both[index : index + 1], alone, atol=1e-5)


def test_in_half_precision_too(tmp_path: Path) -> None:
    opened = open_one("flux-dev", tmp_path)
    half = registry.open_model(str(opened.model.info.path), precision="bfloat16")
    found = [
        model.denoiser(model.condition([WORDS]), 3.5)(NOISE, 0.5, 0.5).x0
        for model in (opened.model, half)
    ]
    assert 0 < error(found[1], found[0]) < 0.05


def test_more_than_sd_3_has_places_for_is_refused(tmp_path: Path) -> None:
    model = open_one("sd3", tmp_path).model
    denoiser = model.denoiser(model.condition([WORDS]))
    with pytest.raises(UsageError, match="beyond 128 pixels"):
        denoiser(torch.zeros(1, 4, 80, 80), 0.5, 0.5)


def spoilt(folder: Path, how: str) -> None:
    match how:
        case "no transformer":
            shutil.rmtree(folder / "transformer")
        case "no T5":
            shutil.rmtree(folder / "text_encoder_2")
        case "cut short":
            path = folder / "transformer" / "diffusion_pytorch_model.safetensors"
            path.write_bytes(path.read_bytes()[:-100])
        case "one missing":
            path = folder / "transformer" / "diffusion_pytorch_model.safetensors"
            tensors = load_file(path)
            del tensors["x_embedder.weight"]
            save_file(tensors, path, {"format": "pt"})
        case "no tokenizer":
            (folder / "tokenizer_2" / "tokenizer.json").write_text("{}")
        case "a strange class":
            path = folder / "model_index.json"
            path.write_text(path.read_text().replace("T5EncoderModel", "UMT5EncoderModel"))
        case "no configuration":
            (folder / "transformer" / "config.json").unlink()


@pytest.mark.parametrize(
    "how",
    ["no transformer", "no T5", "cut short", "one missing", "no tokenizer", "a strange class",
     "no configuration"],
)  # fmt: skip
def test_what_is_damaged_is_said_in_a_line(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "flux"
    saved("flux-dev", folder)
    spoilt(folder, how)
    refused_in_a_line(folder)
