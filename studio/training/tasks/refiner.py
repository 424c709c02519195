"""Teaches a denoiser's refiner which thing of a caption is where, from captions alone.

A sentence's vector is nearly the same for "a cat to the left of a dog" and the other way round, and
so are the tower's tokens: a denoiser trained on them draws both things in both places. The refiner
learns what the words say of places before the denoiser draws, in minutes and without a picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.installation import bundled
from studio.dataset.captions import caption, coloured
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix, Scene
from studio.models.network_folder import read_manifest
from studio.models.registry import open_network
from studio.networks.attention import attention, join_heads, normalised, split_heads
from studio.networks.denoiser import REFINER_HEADS, DenoiserConfig, DenoiserTransformer
from studio.networks.text import TextFeatures
from studio.networks.tokenizer import Tokenizer
from studio.training.bundle import export
from studio.training.data import SceneSource
from studio.training.recipe import Recipe
from studio.training.task import Stage, Task

if TYPE_CHECKING:
    from pathlib import Path

    from studio.training.hardware import Hardware

MOST = 3  # things in a scene
OCTAVES = 4
TEMPERATURE = 0.05
VALIDATION = 512
APART = 2**40  # scenes that no step reaches


@dataclass(frozen=True)
class RefinerSettings:
    """`bundle` holds the frozen text tower; `denoiser`, a folder or a bundled network's name, is
    what gets a refiner (empty: a new one, of the recipe's shape)."""

    bundle: str = "studio-256"
    denoiser: str = ""


@dataclass(frozen=True)
class Grounds:
    """Captions, and what they put where: `boxes` (B, 3, 3) are x, y and size of each thing, `named`
    (B, 3) the number of its vector in `vectors` (N, D), -1 where there is no thing."""

    captions: TextFeatures
    boxes: Tensor
    named: Tensor
    vectors: Tensor


def waves(boxes: Tensor) -> Tensor:
    """Boxes (..., 3) in [0, 1], with sines and cosines of them at four octaves: (..., 27)."""
    angles = torch.pi * boxes[..., None] * 2.0 ** torch.arange(OCTAVES, device=boxes.device)
    return torch.cat([boxes, angles.sin().flatten(-2), angles.cos().flatten(-2)], dim=-1)


class Grounded(nn.Module):
    """A denoiser of which only the refiner learns, and a head that is thrown away: asked for a
    place, it answers with the vector of what the prompt puts there."""

    def __init__(self, denoiser: DenoiserTransformer) -> None:
        super().__init__()
        width, out = denoiser.config.text_width, denoiser.config.pooled_width
        self.denoiser = denoiser.requires_grad_(False)
        denoiser.refiner.requires_grad_(True)
        self.query = nn.Sequential(
            nn.Linear(3 + 6 * OCTAVES, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.answer = nn.Linear(width, out)

    def forward(self, captions: TextFeatures, boxes: Tensor) -> Tensor:
        """Unit vectors (B, 3, D)."""
        q = split_heads(self.query(waves(boxes)), REFINER_HEADS)
        tokens, mask = self.denoiser.refined(captions)
        k, v = (split_heads(part, REFINER_HEADS) for part in self.key_value(tokens).chunk(2, -1))
        heard = join_heads(attention(normalised(q), normalised(k), v, mask))
        return F.normalize(self.answer(heard).float(), dim=-1)


class RefinerTask(Task):
    """`train refiner`: data, losses and figures for the loop."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.settings = recipe.read(RefinerSettings, "settings")
        self.mix = recipe.read(Mix, "data")
        self.config = recipe.read(DenoiserConfig, "network")
        self.begun: Mapping[str, object] | None = None
        if self.settings.denoiser:
            self.config = replace(self._known_config(), refiner=self.config.refiner)
        self.network: nn.Module = Grounded(DenoiserTransformer(self.config))

    def _known_config(self) -> DenoiserConfig:
        found = read_manifest(bundled(self.settings.denoiser))
        self.begun, self.extra = dict(found.trained), found.extra
        return self.recipe.read(DenoiserConfig, "network", **found.config)

    @property
    def hot(self) -> tuple[nn.Module, ...]:
        return ()  # captions differ in length

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        yield Stage("reading the text tower")
        self.on, bundle = on, bundled(self.settings.bundle)
        self.tower = open_network(str(bundle / "text"), "text", on.device.type)
        self.tokenizer = Tokenizer(bundle / "text" / "tokenizer.json")
        self.catalogue = Catalogue(self.recipe.dataset)
        self.source = SceneSource(self.catalogue, self.mix, self.recipe.run.seed)
        if self.settings.denoiser:
            known = open_network(str(bundled(self.settings.denoiser)), "denoiser")
            cast(Grounded, self.network).denoiser.load_state_dict(known.state_dict(), strict=False)
        self.fixed = self._grounds(APART, VALIDATION)

    @torch.no_grad()
    def _grounds(self, first: int, count: int) -> Grounds:
        drawn = [self.source.scene(first + i) for i in range(count)]
        captions = [caption(scene, self.catalogue, rng) for scene, rng in drawn]
        names = [self._names(scene) for scene, _ in drawn]
        number = {name: i for i, name in enumerate(sorted({n for some in names for n in some}))}
        boxes = torch.zeros(count, MOST, 3)
        named = torch.full((count, MOST), -1)
        for i, (scene, _) in enumerate(drawn):
            for j, thing in enumerate(scene.objects):
                boxes[i, j] = torch.tensor((thing.x, thing.y, thing.size))
                named[i, j] = number[names[i][j]]
        vectors = self._features(tuple(number)).pooled
        return Grounds(self._features(captions), *(x.to(vectors.device) for x in (boxes, named)),
                       vectors)  # fmt: skip

    def _names(self, scene: Scene) -> list[str]:
        labels = self.catalogue.by_code
        return [coloured(labels[t.code].label, t.colour).singular for t in scene.objects]

    def _features(self, texts: Sequence[str]) -> TextFeatures:
        ids, mask = (part.to(self.on.device) for part in self.tokenizer(list(texts)))
        with self.on.autocast():
            return cast(TextFeatures, self.tower(ids, mask))

    def batch(self, step: int, rank: int, world: int) -> Grounds:
        size = self.recipe.run.batch
        return self._grounds((step * world + rank) * size, size)

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        """Cross-entropy of each place's answer against all that the batch names."""
        data = cast(Grounds, batch)
        logits = network(data.captions, data.boxes) @ data.vectors.T / TEMPERATURE
        named = data.named.flatten()
        return {"loss": F.cross_entropy(logits.flatten(0, 1), named, ignore_index=-1)}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """On captions of no step: `named` is how often a place's answer is nearest to its thing, of
        all that 512 captions name; `bound`, of two different things, to the right one of them."""
        data = self.fixed
        with self.on.autocast():
            near = network(data.captions, data.boxes) @ data.vectors.T
        there = data.named >= 0
        named = near.argmax(-1) == data.named
        pair = there[:, 1] & ~there[:, 2] & (data.named[:, 0] != data.named[:, 1])
        both = data.named[pair, :2]
        own = near[pair, :2].gather(2, both[:, None].expand(-1, 2, -1))
        bound = own.argmax(-1) == torch.arange(2, device=own.device)
        return {"named": float(named[there].float().mean()), "bound": float(bound.float().mean())}

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        """The denoiser with its refiner: what a training begins with."""
        begun = {"begun": self.begun} if self.begun else {}
        extra = self.extra if self.begun else None
        denoiser = cast(Grounded, network).denoiser
        export(denoiser, "denoiser", self.config, folder, {**about, **begun}, extra)


TASK = RefinerTask
