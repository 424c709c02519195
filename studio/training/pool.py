"""A pool of encoded scenes on the device: the denoiser trains on latents, not on pictures.

Scene i of a seed is always the same scene, so a resumed run makes the same pool again.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from studio.models.registry import open_network
from studio.networks.autoencoder import Autoencoder
from studio.networks.tokenizer import LENGTH, Tokenizer
from studio.training import distributed
from studio.training.data import Ahead, SceneSource, to_tensor, workers_for
from studio.training.hardware import Hardware
from studio.training.task import Stage

CHUNK = 32


class LatentPool:
    """`size` scenes as normalised latents and tokenised captions; a ring that new ones enter."""

    def __init__(
        self,
        source: SceneSource,
        size: int,
        autoencoder: Autoencoder,
        tokenizer: Tokenizer,
        on: Hardware,
    ) -> None:
        self.source, self.size, self.on, self.device = source, size, on, on.device
        self.autoencoder, self.tokenizer = autoencoder, tokenizer
        self.ahead = Ahead(partial(source.many, count=CHUNK), workers_for(on.device))
        config = autoencoder.config
        side = source.size // config.downsampling
        shape = (size, config.latent_channels, side, side)
        self.latents = torch.zeros(shape, dtype=torch.float16, device=on.device)
        self.ids = torch.zeros((size, source.forms, LENGTH), dtype=torch.int32, device=on.device)
        self.entered = 0

    @classmethod
    def of(cls, bundle: Path, source: SceneSource, size: int, on: Hardware) -> LatentPool:
        """With a bundle's autoencoder and tokeniser."""
        opened = open_network(str(bundle / "autoencoder"), "autoencoder", on.device.type)
        opened.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        tokenizer = Tokenizer(bundle / "text" / "tokenizer.json")
        return cls(source, size, cast(Autoencoder, opened), tokenizer, on)

    def fill(self) -> Iterator[Stage]:
        """Enters as many scenes as it holds. Of several processes each encodes its share, and
        all of them get the same whole pool."""
        world = distributed.world()
        for start in world.mine(range(0, self.size, CHUNK)):
            yield Stage("encoding scenes", start, self.size)
            self._encode(start, CHUNK * world.size)
        distributed.add_up(self.latents, self.ids)  # what others encoded is 0 here
        self.entered = self.size
        yield Stage("encoding scenes", self.size, self.size)

    def enter(self, count: int) -> None:
        """Composes and encodes the next `count` scenes (a multiple of 32) over the oldest ones."""
        for _ in range(count // CHUNK):
            self._encode(self.entered, CHUNK)
            self.entered += CHUNK

    @torch.no_grad()
    def _encode(self, start: int, stride: int) -> None:
        """Scenes start .. start + 31; the next ones asked for are `stride` later."""
        pictures, captions = self.ahead.get(start, stride)
        with self.on.autocast():
            posterior = self.autoencoder.encode(to_tensor(pictures, self.device))
        at = slice(start % self.size, start % self.size + CHUNK)
        self.latents[at] = self.autoencoder.normalised(posterior.mean).half()
        ids, _ = self.tokenizer([text for forms in captions for text in forms])
        self.ids[at, :, : ids.shape[1]] = (
            ids.view(CHUNK, self.source.forms, -1).int().to(self.device, non_blocking=True)
        )
        self.ids[at, :, ids.shape[1] :] = 0

    def draw(self, generator: torch.Generator, count: int) -> tuple[Tensor, Tensor]:
        """`count` latents (count, C, h, w), float, and the token numbers (count, 32) of one of
        each scene's captions. `generator` is a CPU one; nothing waits for the device."""
        scenes = torch.randint(self.size, (count,), generator=generator)
        forms = torch.randint(self.source.forms, (count,), generator=generator)
        at = scenes.to(self.device, non_blocking=True), forms.to(self.device, non_blocking=True)
        return self.latents[at[0]].float(), self.ids[at].long()
