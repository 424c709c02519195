"""A teacher's own ways from noise to pictures, made once and kept on the disk in shards.

Shard i of a seed and of the weights of denoiser and text tower is always the same shard, so a run
that stopped makes only what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from studio.core.errors import OutputError
from studio.core.files import replacing
from studio.core.settings import Settings
from studio.dataset.captions import caption
from studio.diffusion.noise import NoiseStream
from studio.models.latent_diffusion import LatentDiffusion
from studio.models.plan import Plan
from studio.networks.tokenizer import LENGTH
from studio.training import distributed
from studio.training.data import SceneSource
from studio.training.task import Stage, generator_of

SHARD = 32


@torch.inference_mode()
def trajectories(
    model: LatentDiffusion, settings: Settings, prompts: list[str], noise: Tensor
) -> Tensor:
    """The states (B, steps + 1, C, h, w) of pictures of these prompts, from noise (B, C, h, w) on,
    on the rectified flow's path. The sampler must not add noise of its own."""
    plan = Plan.of(settings)
    prompted = model.condition(prompts).padded(LENGTH)  # one shape: compiled once
    negative = model.condition([settings.negative] * len(prompts), negative=True)
    denoiser = plan.guided_by(model, prompted, negative)
    first = plan.states(denoiser, noise, NoiseStream([]))
    states = [noise, *(state.x / (state.alpha + state.sigma) for state in first)]
    return torch.stack([state.float() for state in states], dim=1)


class Trajectories:
    """`count` trajectories (a multiple of 32), of captions of a source's scenes."""

    def __init__(
        self,
        model: LatentDiffusion,
        digest: str,
        settings: Settings,
        source: SceneSource,
        folder: Path,
        count: int,
    ) -> None:
        self.model, self.settings, self.source = model, settings, source
        self.folder, self.shards = folder, count // SHARD
        self.about = {"weights": digest, "settings": json.dumps(settings.stored())}
        self.about |= {"mix": repr(source.mix), "seed": str(source.seed)}

    def fill(self, points: tuple[int, ...]) -> Iterator[Stage]:
        """Makes the shards that are missing, then reads the states after these steps into
        `states` (count, len(points), C, h, w) fp16 and the token numbers `ids` (count, 32)."""
        what, world = "making trajectories", distributed.world()
        for number in world.mine(range(self.shards)):
            yield Stage(what, number * SHARD, self.shards * SHARD)
            if not self._is_made(number):
                self._make(number)
        distributed.any_of(False, torch.device(self.model.device))  # all are made
        read = [self._read(number, points) for number in range(self.shards)]
        self.states, self.ids = (torch.cat(part) for part in zip(*read, strict=True))
        yield Stage(what, self.shards * SHARD, self.shards * SHARD)

    def prompts(self, number: int) -> list[str]:
        """One caption of each of a shard's scenes."""
        found = []
        for index in range(number * SHARD, (number + 1) * SHARD):
            scene, rng = self.source.scene(index)
            found.append(caption(scene, self.source.catalogue, rng))
        return found

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:05}.safetensors"

    def _is_made(self, number: int) -> bool:
        try:
            with safe_open(self._path(number), framework="pt") as file:
                return bool(file.metadata() == self.about)
        except (SafetensorError, OSError):
            return False

    def _make(self, number: int) -> None:
        prompts, model = self.prompts(number), self.model
        shape = SHARD, *model.latent_shape(self.settings.size)
        noise = torch.randn(shape, generator=generator_of(self.source.seed, number, 0))
        states = trajectories(model, self.settings, prompts, noise.to(model.device))
        ids, _ = model.networks.tokenizer(prompts)
        ids = F.pad(ids, (0, LENGTH - ids.shape[1])).int()
        try:
            with replacing(self._path(number), sync=False) as draft:
                kept = {"states": states.half().cpu().contiguous(), "ids": ids}
                save_file(kept, draft, self.about)
        except OSError as error:
            raise OutputError(
                f"{self.folder} cannot be written ({error.strerror}); free some space and start"
                " again: what is made is kept."
            ) from error

    def _read(self, number: int, points: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        with safe_open(self._path(number), framework="pt") as file:
            states = file.get_slice("states")
            return torch.stack([states[:, p] for p in points], 1), file.get_tensor("ids")
