"""Transformers' single files make what their folders make: denoiser, encoders and autoencoder in a
file each or in one, in either layout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

pytest.importorskip("transformers")

from diffusers import AutoencoderKLQwenImage

from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.diffusion import samplers
from studio.diffusion.noise import NoiseStream
from studio.models import registry
from studio.models.checkpoint import Checkpoint
from studio.models.plan import Plan
from tests.models.families.flow_pipelines import PIPELINES
from tests.models.families.pipelines import written
from tests.models.families.readers import READERS
from tests.models.single_file.files import State, clip_state, configured, prefixed
from tests.models.single_file.originals import narrowed, original, renamed
from tests.models.single_file.test_opening import SCALES, as_gguf, resaved, scaled, unscaled
from tests.models.test_diffusers_autoencoder import as_checkpoint

SIDE = 64
SQUARE = Size.square(SIDE)
#: What the parts' files are chosen by, and what stands before their names in a whole file.
CHOICES = {
    "sd3": ("clip_l", "clip_g", "t5_xxl"), "sd3-without-t5": ("clip_l", "clip_g"),
    "flux-dev": ("clip_l", "t5_xxl"), "flux-schnell": ("clip_l", "t5_xxl"),
    "chroma": ("t5_xxl",), "flux2-dev": ("mistral_small_3",), "flux2-klein": ("qwen3_4b",),
    "z-image": ("qwen3_4b",),
    "qwen-image": ("qwen2_5_vl_7b",), "lumina2": ("gemma_2_2b",), "sana": ("gemma_2_2b",),
    "pixart-alpha": ("t5_xxl",), "pixart-sigma": ("t5_xxl",),
}  # fmt: skip
WHOLE = ("sd3-without-t5", "flux-schnell", "lumina2")  # how these are tested: all in one file
INSIDE = {"clip_l": "clip_l", "clip_g": "clip_g", "t5_xxl": "t5xxl", "gemma_2_2b": "gemma2_2b"}
NARROW = {
    "FluxTransformer2DModel": {3072: 32},
    "ChromaTransformer2DModel": {3072: 32},
    "Lumina2Transformer2DModel": {2304: 32, 768: 16},
}


@dataclass(frozen=True)
class Kept:
    name: str
    pipeline: Any
    folder: Path

    @property
    def place(self) -> Path:
        return self.folder.parent / "parts"

    def encoders(self) -> dict[str, State]:
        """By choice, as ComfyUI's users keep them."""
        found = {}
        for n, choice in enumerate(CHOICES[self.name]):
            encoder = getattr(self.pipeline, f"text_encoder_{n + 1}" if n else "text_encoder")
            found[choice] = text_state(encoder)
        return found

    def autoencoder(self) -> State:
        vae = self.pipeline.vae
        if type(vae).__name__ == "AutoencoderDC":
            return dict(vae.state_dict())
        if type(vae).__name__ == "AutoencoderKLQwenImage":
            return original(vae)
        return as_checkpoint(vae.state_dict(), len(vae.config.block_out_channels))

    def file(self, name: str, state: State, kind: torch.dtype = torch.float32) -> Path:
        """With the configurations beside it, as a denoiser's."""
        self.place.mkdir(exist_ok=True)
        configured(self.folder, self.place / name)
        path = self.place / f"{name}.safetensors"
        save_file({n: t.to(kind).contiguous() for n, t in state.items()}, path)
        return path

    def part(self, name: str, state: State) -> Path:
        self.place.mkdir(exist_ok=True)
        path = self.place / f"{name}.safetensors"
        save_file({n: t.contiguous() for n, t in state.items()}, path)
        return path

    def chosen(self) -> str:
        parts = {choice: self.part(choice, state) for choice, state in self.encoders().items()}
        parts["vae"] = self.part("ae", self.autoencoder())
        return "".join(f"|{choice}={path}" for choice, path in parts.items())


def text_state(encoder: Any) -> State:
    """As published: tied tensors once, language models under `model.`, CLIP under `text_model.`."""
    kind, state = type(encoder).__name__, dict(encoder.state_dict())
    if kind.startswith("CLIP"):
        return clip_state(encoder)
    if kind.startswith("T5"):
        return {n: t for n, t in state.items() if n != "encoder.embed_tokens.weight"}
    if kind.endswith("Model"):
        return prefixed("model.", state)
    state.pop("lm_head.weight", None)
    plain = {n.replace("model.language_model.", "model."): t for n, t in state.items()}
    return {n.removeprefix("model.") if "visual" in n else n: t for n, t in plain.items()}


def made(name: str, folder: Path) -> Kept:
    pipeline = PIPELINES[name](folder / "parts") if name in PIPELINES else READERS[name]()
    if name == "qwen-image":  # whose converter knows one depth
        pipeline.vae = AutoencoderKLQwenImage(
            base_dim=4, z_dim=4, latents_mean=[0.1] * 4, latents_std=[0.5] * 4
        )
    if name.startswith("sd3"):  # its first projection is none
        projection = pipeline.text_encoder.text_projection.weight
        projection.data.copy_(torch.eye(len(projection)))
    return Kept(name, written(pipeline, folder / name), folder / name)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, widths in NARROW.items():
        narrowed(monkeypatch, kind, widths)


def opened(name: Path | str) -> Checkpoint:
    model = registry.open_model(str(name))
    assert isinstance(model, Checkpoint)
    return model


def latents(model: Checkpoint, guidance: float = 4.0) -> Tensor:
    """On the schedule that is the model's own."""
    settings = Settings("a red bear", steps=3, guidance=guidance, sampler="flow-euler", size=SQUARE)
    shape = model.latent_shape(SQUARE)
    noise = torch.randn(1, *shape, generator=torch.Generator().manual_seed(3))
    plan = Plan.of(settings).on(model)
    states = samplers.find("flow-euler").sample(
        plan.guided(model), noise, 3, NoiseStream((0,)), plan.schedule
    )
    with torch.inference_mode():
        return list(states)[-1].x


def distance(found: Tensor, expected: Tensor) -> float:
    assert torch.isfinite(expected).all()
    return ((found - expected).abs().max() / expected.abs().max()).item()


def assert_same(file: Path | str, folder: Path) -> None:
    model, expected = opened(file), opened(folder)
    x = latents(expected)
    assert distance(latents(model), x) < 1e-5
    assert (model.guidance, model.prediction) == (expected.guidance, expected.prediction)
    with torch.inference_mode():
        theirs = expected.autoencoder.decode(expected.autoencoder.denormalised(x))
        ours = model.autoencoder.decode(model.autoencoder.denormalised(x))
    assert distance(ours, theirs) < 1e-5


@pytest.mark.parametrize("name", [name for name in CHOICES if name not in WHOLE])
def test_parts_in_files_of_their_own(name: str, tmp_path: Path) -> None:
    kept = made(name, tmp_path)
    file = kept.file("model", original(kept.pipeline.transformer))
    assert_same(f"{file}{kept.chosen()}", kept.folder)


def test_a_denoiser_in_diffusers_layout(tmp_path: Path) -> None:
    kept = made("flux-dev", tmp_path)
    file = kept.file("model", dict(kept.pipeline.transformer.state_dict()))
    assert_same(f"{file}{kept.chosen()}", kept.folder)


def whole(kept: Kept) -> State:
    state = prefixed("model.diffusion_model.", original(kept.pipeline.transformer))
    for choice, each in kept.encoders().items():
        state |= prefixed(f"text_encoders.{INSIDE[choice]}.transformer.", each)
    return state | prefixed("vae.", kept.autoencoder())


@pytest.mark.parametrize("name", WHOLE)
def test_all_in_one_file(name: str, tmp_path: Path) -> None:
    kept = made(name, tmp_path)
    assert_same(kept.file("whole", whole(kept)), kept.folder)


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    """SD 3's T5, where it is nowhere."""
    kept = made("sd3", tmp_path)
    state = {n: t for n, t in whole(kept).items() if not n.startswith("text_encoders.t5xxl.")}
    model = opened(kept.file("whole", state))
    assert "text_encoder_3" not in model.adapter.networks
    assert model.notes == ["T5-XXL was not found: the prompt is read without it."]


#: llama.cpp's names.
PACKED = (
    (r"^encoder\.block", "enc.blk"), (r"^model\.layers", "blk"),
    (r"^(shared|model\.embed_tokens)", "token_embd"), (r"^model\.norm", "output_norm"),
    (r"^encoder\.final_layer_norm", "enc.output_norm"),
    (r"layer\.0\.SelfAttention\.relative_attention_bias", "attn_rel_b"),
    (r"layer\.0\.SelfAttention\.([qkvo])", r"attn_\1"),
    (r"(layer\.0\.layer_norm|input_layernorm)", "attn_norm"),
    (r"(layer\.1\.layer_norm|post_attention_layernorm)", "ffn_norm"),
    (r"(layer\.1\.DenseReluDense\.wi_0|mlp\.gate_proj)", "ffn_gate"),
    (r"(layer\.1\.DenseReluDense\.wi_1|mlp\.up_proj)", "ffn_up"),
    (r"(layer\.1\.DenseReluDense\.wo|mlp\.down_proj)", "ffn_down"),
    (r"self_attn\.([qk])_norm", r"attn_\1_norm"), (r"self_attn\.([qkv])_proj", r"attn_\1"),
    (r"self_attn\.o_proj", "attn_output"),
)  # fmt: skip


@pytest.mark.parametrize("name", ["flux-dev", "z-image"])
def test_gguf_is_what_it_stands_for(name: str, tmp_path: Path) -> None:
    """The denoiser under its makers' names, the text encoder under llama.cpp's."""
    kept = made(name, tmp_path)
    chosen, choice = kept.chosen(), CHOICES[name][-1]
    path = kept.file("model", original(kept.pipeline.transformer))
    before = latents(opened(f"{path}{chosen}"))
    denoiser, text = path.with_suffix(".gguf"), kept.place / "text.gguf"
    twin = as_gguf(load_file(path), denoiser)
    encoder = kept.encoders()[choice]
    packed = as_gguf(renamed(encoder, PACKED), text)
    path.unlink()
    found = latents(opened(f"{denoiser}{chosen.replace(f'{choice}.safetensors', text.name)}"))
    denoiser.unlink()
    save_file(twin, path)
    plain = {
        each: packed[new] for each in encoder for new in renamed({each: encoder[each]}, PACKED)
    }
    kept.part(choice, plain)
    assert torch.equal(latents(opened(f"{path}{chosen}")), found)
    assert 0 < distance(found, before) < 0.2


@pytest.mark.parametrize("dialect", SCALES)
def test_fp8_is_what_its_scales_make_of_it(dialect: str, tmp_path: Path) -> None:
    """The denoiser, with the norms' names of ComfyUI's newer files, and T5."""
    kept = made("flux-dev", tmp_path)
    state = original(kept.pipeline.transformer)
    if dialect == "weight_scale":
        state = {name.replace("_norm.scale", "_norm.weight"): each for name, each in state.items()}
    chosen, path = kept.chosen(), kept.file("model", state)
    files = path, kept.place / "t5_xxl.safetensors"
    for file in files:
        resaved(file, scaled(dialect, rows=False, prefix=""))
    found = latents(opened(f"{path}{chosen}"))
    for file in files:
        save_file(unscaled(file), file)
    assert torch.equal(latents(opened(f"{path}{chosen}")), found)


def test_t5_in_half_precision_keeps_what_would_overflow(tmp_path: Path) -> None:
    kept = made("chroma", tmp_path)
    path = kept.file("model", original(kept.pipeline.transformer))
    model = registry.open_model(f"{path}{kept.chosen()}", precision="float16")
    kinds = {n: p.dtype for n, p in model.adapter.networks["text_encoder"].named_parameters()}
    assert {kind for name, kind in kinds.items() if ".wo." in name} == {torch.float32}
    assert {kind for name, kind in kinds.items() if ".wo." not in name} == {torch.float16}
