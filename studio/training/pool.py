"""A pool of encoded scenes on the device: the denoiser trains on latents, not on pictures.

Scene i of a seed is always the same scene, so a pool can be made again; it is also kept on disk
beside the checkpoint, because encoding costs minutes on a CPU.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from studio.dataset.captions import caption
from studio.dataset.scenes import Scene
from studio.networks.autoencoder import Autoencoder
from studio.training.data import Ahead, SceneSource, to_tensor, workers_for

CHUNK = 32


class LatentPool:
    """`size` scenes and their normalised latents; a ring that new scenes may enter."""

    def __init__(
        self, source: SceneSource, size: int, autoencoder: Autoencoder, device: torch.device
    ) -> None:
        self.source, self.size, self.device = source, size, device
        self.autoencoder = autoencoder
        self.ahead = Ahead(partial(source.many, count=CHUNK), workers_for(device))
        config = autoencoder.config
        side = source.size // config.downsampling
        kind = torch.bfloat16 if device.type == "cuda" else torch.float16
        shape = (size, config.latent_channels, side, side)
        self.latents = torch.empty(shape, dtype=kind, device=device)
        self.scenes: list[Scene] = []
        self.entered = 0

    @torch.no_grad()
    def enter(self, count: int) -> None:
        """Composes and encodes the next `count` scenes (a multiple of 32) over the oldest ones."""
        for _ in range(count // CHUNK):
            pictures = to_tensor(self.ahead.get(self.entered, CHUNK)[0], self.device)
            with torch.autocast(self.device.type, torch.bfloat16):
                latents = self.autoencoder.normalised(self.autoencoder.encode(pictures).mean)
            scenes = [self.source.scene(self.entered + i)[0] for i in range(CHUNK)]
            at = self.entered % self.size
            self.latents[at : at + CHUNK] = latents.to(self.latents.dtype)
            self.scenes[at : at + CHUNK] = scenes
            self.entered += CHUNK

    def fill(self, cache: Path | None) -> None:
        """Fills the pool once; `cache` (optional) is read if it fits and written if not."""
        if cache is not None and cache.is_file():
            saved = load_file(cache)["latents"]
            if saved.shape == self.latents.shape:
                self.latents.copy_(saved)
                self.scenes = [self.source.scene(i)[0] for i in range(self.size)]
                self.entered = self.size
                return
        self.enter(self.size)
        if cache is not None:
            save_file({"latents": self.latents.cpu()}, cache)

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Tensor, list[str]]:
        """`count` latents (count, C, h, w), float, and a fresh caption for each."""
        chosen = rng.integers(len(self.scenes), size=count)
        captions = [caption(self.scenes[i], self.source.catalogue, rng) for i in chosen]
        index = torch.from_numpy(chosen).to(self.device)
        return cast(Tensor, self.latents[index].float()), captions
