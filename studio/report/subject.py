"""What the card needs of a model: callables on uint8 pictures; and how a Model becomes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from studio.core.settings import Settings
from studio.diffusion.noise import NoiseStream
from studio.models.model import Model
from studio.models.plan import Plan
from studio.networks.autoencoder import Autoencoder

Generate = Callable[[Sequence[str], Sequence[int]], np.ndarray]
Reconstruct = Callable[[np.ndarray], np.ndarray]
Errors = Callable[[Sequence[str], Sequence[int]], np.ndarray]
Explain = Callable[[np.ndarray], Errors]
NOISY = 0.85  # rectified-flow time at which places are decided


@dataclass(frozen=True)
class Subject:
    """What is judged.

    `generate(prompts, seeds)` makes one picture for each, (B, S, S, 3) uint8, B = len(prompts).
    `reconstruct` takes pictures through the autoencoder; None where the model shows none.
    `explains(pictures)(prompts, seeds)` is how far from each picture, under that seed's noise, the
    denoiser's answer to its prompt is: mean squared error of latents (B,); None where it cannot.
    """

    name: str
    generate: Generate
    reconstruct: Reconstruct | None = None
    explains: Explain | None = None


def subject_of(model: Model, autoencoder: Autoencoder | None, settings: Settings) -> Subject:
    """A generator under these settings (its prompt, seed and model are not used)."""
    return Subject(
        f"{model.info.name} ({settings.sampler}, {settings.steps} steps, "
        f"guidance {settings.guidance:g})",
        generator(model, settings),
        None if autoencoder is None else reconstructor(autoencoder),
        None if autoencoder is None else explainer(model),
    )


def generator(model: Model, settings: Settings) -> Generate:
    """One batch of different prompts, each from its own seed's noise."""
    plan, shape = Plan.of(settings), model.latent_shape(settings.size)
    model = plan.dressed(model)

    @torch.inference_mode()
    def generate(prompts: Sequence[str], seeds: Sequence[int]) -> np.ndarray:
        negative = model.condition([settings.negative] * len(prompts), negative=True)
        denoiser = plan.guided_by(model, model.condition(prompts), negative)
        stream = NoiseStream(seeds)
        *_, last = plan.states(denoiser, stream.initial(shape, model.device), stream)
        return model.decode(last.x)

    return generate


def explainer(model: Model) -> Explain:
    """At one noise, where a layout is open and may still be seen; without guidance."""

    @torch.inference_mode()
    def explains(pictures: np.ndarray) -> Errors:
        x0 = model.encode(pictures)

        @torch.inference_mode()
        def errors(prompts: Sequence[str], seeds: Sequence[int]) -> np.ndarray:
            noise = NoiseStream(seeds).initial(tuple(x0.shape[1:]), model.device)
            denoiser = model.denoiser(model.condition(prompts))
            answer = denoiser((1 - NOISY) * x0 + NOISY * noise, 1 - NOISY, NOISY)
            return (answer.x0 - x0).square().mean((1, 2, 3)).cpu().numpy()

        return errors

    return explains


def reconstructor(autoencoder: Autoencoder) -> Reconstruct:
    """Pictures decoded from the posterior's mean, on the device the autoencoder is on."""

    @torch.inference_mode()
    def reconstruct(pictures: np.ndarray) -> np.ndarray:
        weight = next(autoencoder.parameters())
        x = torch.from_numpy(np.ascontiguousarray(pictures)).to(weight.device)
        x = (x.permute(0, 3, 1, 2).float() / 127.5 - 1.0).to(weight.dtype)
        decoded = autoencoder.decode(autoencoder.encode(x).mean.to(weight.dtype)).float()
        pixels = ((decoded + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)
        return pixels.permute(0, 2, 3, 1).cpu().numpy()

    return reconstruct
