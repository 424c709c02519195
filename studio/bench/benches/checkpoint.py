"""A whole generation of Stable Diffusion 1.5, at full size and with random weights: the studio's
over diffusers' own pipeline, on the same networks in the same precision."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from studio.bench.bench import PROMPT, Bench, Conditions, Row
from studio.core.generating import Generate
from studio.core.installation import CHECKOUT
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.engine.worker import Worker, run_now

CONFIGS = Path(CHECKOUT or ".").resolve().parent / "shared" / "configs" / "stable-diffusion-v1-5"
STEPS, SIZE, GUIDANCE = 2, Size.square(256), 7.5
SMALLER = {
    "unet": ("block_out_channels", [32, 64, 64, 64]),
    "vae": ("block_out_channels", [32, 64, 64, 64]),
    "text_encoder": ("num_hidden_layers", 2),
}
GOAL = 1.0
REPEATS = 2


def measure(conditions: Conditions) -> Iterator[Row]:
    import torch

    device = conditions.device
    pipeline = pipeline_of(CONFIGS, device.name, getattr(torch, device.precision), conditions.quick)
    model = checkpoint_of(pipeline, CONFIGS)
    worker = Worker(device.name, lambda *_: model, precision=device.precision)
    settings = Settings(PROMPT, model="", sampler="ddim", steps=STEPS, guidance=GUIDANCE, size=SIZE)
    request = Generate(replace(settings, seed=1), preview_every=0)

    def ours() -> None:
        model._known.clear()  # theirs reads the prompt each time
        run_now(request, worker)

    def theirs() -> None:
        pipeline(
            PROMPT, num_inference_steps=STEPS, guidance_scale=GUIDANCE, output_type="np",
            height=SIZE.height, width=SIZE.width,
        )  # fmt: skip

    own, others = conditions.fastest(ours, theirs, repeats=REPEATS)
    yield Row(f"{STEPS} steps of DDIM at {SIZE}, ours over diffusers'", own / others, "x", GOAL)
    for whose, seconds in (("ours", own), ("diffusers'", others)):
        yield Row(f"one generation, {whose}", seconds, "s")


def pipeline_of(folder: Path, device: str, kind: Any, small: bool) -> Any:
    """diffusers' own of these configurations, its weights random; `small`: but narrow networks."""
    import torch
    import transformers

    from studio.models.weights import SkipInitialisation

    def network(made: Any) -> Any:
        for name, parameter in made.to(device, kind).named_parameters():
            if parameter.ndim > 1:
                parameter.data.normal_(0.0, 0.02)
            else:  # a norm's, or a bias
                parameter.data.fill_(float(name.endswith("weight")))
        return made.eval().requires_grad_(False)

    def config(part: str) -> Any:
        found = json.loads((folder / part / "config.json").read_text(encoding="utf-8"))
        return found | ({SMALLER[part][0]: SMALLER[part][1]} if small else {})

    diffusers: Any = import_module("diffusers")  # untyped
    with SkipInitialisation():
        clip = transformers.CLIPTextConfig.from_dict(config("text_encoder"))
        networks = {
            "unet": diffusers.UNet2DConditionModel.from_config(config("unet")),
            "vae": diffusers.AutoencoderKL.from_config(config("vae")),
            "text_encoder": transformers.CLIPTextModel(clip),
        }
    torch.manual_seed(0)
    pipeline = diffusers.StableDiffusionPipeline(
        **{name: network(each) for name, each in networks.items()},
        tokenizer=transformers.CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        scheduler=diffusers.DDIMScheduler.from_pretrained(folder / "scheduler"),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def checkpoint_of(pipeline: Any, folder: Path) -> Any:
    """The studio's model of the same networks."""
    from studio.models.checkpoint import ready
    from studio.models.families.stable_diffusion import StableDiffusion
    from studio.models.kl_autoencoder import KLAutoencoder
    from studio.models.kl_layout import Scaling
    from studio.models.model import ModelInfo
    from studio.models.network_folder import read_document

    scale = float(pipeline.vae.config.scaling_factor)
    coder = KLAutoencoder(pipeline.vae, Scaling(scale, (0.0,), (1.0,), "")).eval()
    parts = ("unet", "tokenizer", "text_encoder")
    networks = {name: getattr(pipeline, name) for name in parts}
    index = read_document(folder / "model_index.json")
    info = ModelInfo("sd15", "generator", "checkpoint", 0, folder, {}, 512)
    path = folder / "scheduler" / "scheduler_config.json"
    adapter = StableDiffusion(networks, index, coder.downsampling)
    return ready(info, adapter, coder.to(pipeline.device), read_document(path), path)


BENCH = Bench(
    "checkpoint",
    "a whole generation of Stable Diffusion 1.5, its weights random, over diffusers' own",
    measure,
    needs=("diffusers", "transformers"),
    data=CONFIGS,
)
