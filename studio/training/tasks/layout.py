"""Teaches a denoiser's layout which thing of a caption is where, from captions alone.

It learns in minutes and without a picture what the words say of places, before the denoiser draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.installation import bundled
from studio.dataset.captions import caption, coloured
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix, Scene
from studio.models.network_folder import read_manifest
from studio.models.registry import open_network
from studio.networks.denoiser import DenoiserConfig, DenoiserTransformer
from studio.networks.layout import Layout
from studio.networks.text import TextFeatures, TextTower
from studio.networks.tokenizer import Tokenizer
from studio.training.bundle import export
from studio.training.data import SceneSource
from studio.training.hardware import Hardware
from studio.training.recipe import Recipe
from studio.training.task import Stage, Task

TEMPERATURE = 0.05
VALIDATION = 512
APART = 2**40  # scenes that no step reaches


@dataclass(frozen=True)
class LayoutSettings:
    """`bundle` holds the frozen text tower; `denoiser`, a folder or a bundled network's name, is
    what gets a layout (empty: a new one, of the recipe's shape)."""

    bundle: str = "studio-256"
    denoiser: str = ""


@dataclass(frozen=True)
class Told:
    """Captions, and what they put where: `named` (B, places), row by row, is the number of the
    thing's vector in `vectors` (N, D), -1 where there is none; `pairs` (B,) is True where two
    different things are."""

    captions: TextFeatures
    named: Tensor
    vectors: Tensor
    pairs: Tensor


class Hearing(nn.Module):
    """A denoiser of which only the layout learns: what each place hears of a prompt."""

    def __init__(self, denoiser: DenoiserTransformer) -> None:
        super().__init__()
        self.denoiser = denoiser.requires_grad_(False)
        self.layout = cast(Layout, denoiser.layout).requires_grad_(True)

    def forward(self, captions: TextFeatures) -> Tensor:
        """The mean of the tokens by each place's softmax, (B, places, W)."""
        mask = captions.mask[:, None, None, :]
        logits = self.layout(captions.tokens, mask).masked_fill(~mask, float("-inf"))
        heard: Tensor = logits.float().softmax(-1)[:, 0].to(captions.tokens.dtype) @ captions.tokens
        return heard


class LayoutTask(Task):
    """`train layout`: data, losses and figures for the loop."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.settings = recipe.read(LayoutSettings, "settings")
        self.mix = recipe.read(Mix, "data")
        self.begun: Mapping[str, object] | None = None
        self.extra: Mapping[str, object] | None = None
        known: Mapping[str, object] = {}
        if self.settings.denoiser:
            found = read_manifest(bundled(self.settings.denoiser))
            known, self.begun, self.extra = found.config, dict(found.trained), found.extra
        self.config = replace(recipe.read(DenoiserConfig, "network", **known), layout=True)
        self.network: nn.Module = Hearing(DenoiserTransformer(self.config))

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
            cast(Hearing, self.network).denoiser.load_state_dict(known.state_dict(), strict=False)
        self.fixed = self._told(APART, VALIDATION)

    @torch.no_grad()
    def _told(self, first: int, count: int) -> Told:
        drawn = [self.source.scene(first + i) for i in range(count)]
        captions = [caption(scene, self.catalogue, rng) for scene, rng in drawn]
        names = [self._names(scene) for scene, _ in drawn]
        number = {name: i for i, name in enumerate(sorted({n for some in names for n in some}))}
        side, device = self.config.side // self.config.patch, self.on.device
        named = torch.full((count, side, side), -1)
        for grid, (scene, _), own in zip(named, drawn, names, strict=True):
            known = dict(zip(scene.objects, own, strict=True))
            for thing in scene.drawn:
                rows, columns = (_within(at, thing.size, side) for at in (thing.y, thing.x))
                grid[rows, columns] = number[known[thing]]
        pairs = torch.tensor([len(set(own)) == 2 for own in names])
        vectors = self._features(tuple(number)).pooled
        return Told(
            self._features(captions), named.flatten(1).to(device), vectors, pairs.to(device)
        )

    def _names(self, scene: Scene) -> list[str]:
        labels = self.catalogue.by_code
        return [coloured(labels[t.code].label, t.colour).singular for t in scene.objects]

    def _features(self, texts: Sequence[str]) -> TextFeatures:
        ids, mask = (part.to(self.on.device) for part in self.tokenizer(list(texts)))
        with self.on.autocast():
            return cast(TextFeatures, self.tower(ids, mask))

    def _answers(self, network: nn.Module, data: Told) -> Tensor:
        """What each place hears as if it were a whole text's mean token: unit vectors (B, places,
        D) in the tower's own space."""
        output = cast(TextTower, self.tower).output
        return F.normalize(output(network(data.captions)).float(), dim=-1)

    def batch(self, step: int, rank: int, world: int) -> Told:
        size = self.recipe.run.batch
        return self._told((step * world + rank) * size, size)

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        """Cross-entropy of each place's answer against all that the batch names."""
        data = cast(Told, batch)
        there = data.named >= 0
        logits = self._answers(network, data)[there] @ data.vectors.T / TEMPERATURE
        return {"loss": F.cross_entropy(logits, data.named[there])}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Mapping[str, float]:
        """On captions of no step: `named` is how often a place's answer is nearest to its thing, of
        all that 512 captions name; `bound`, of two different things, to the right one of them."""
        data = self.fixed
        with self.on.autocast():
            near = self._answers(network, data) @ data.vectors.T  # (B, places, N)
        there = data.named >= 0
        named = near.argmax(-1) == data.named
        both = torch.zeros_like(near[:, 0], dtype=torch.bool)  # (B, N): what a scene holds
        both.scatter_(1, data.named.clamp_min(0), True)  # a place without a thing adds the first
        both[:, 0] = (data.named == 0).any(1)
        bound = near.masked_fill(~both[:, None], -2.0).argmax(-1) == data.named
        pairs = there & data.pairs[:, None]
        return {
            "named": float(named[there].float().mean()),
            "bound": float(bound[pairs].float().mean()),
        }

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        """The denoiser with its layout: what a training begins with."""
        begun = {"begun": self.begun} if self.begun else {}
        denoiser = cast(Hearing, network).denoiser
        export(denoiser, "denoiser", self.config, folder, {**about, **begun}, self.extra)


def _within(centre: float, size: float, side: int) -> slice:
    """The cells of a row of `side` whose middles are inside."""
    first, last = (round((centre + half) * side) for half in (-size / 2, size / 2))
    return slice(max(first, 0), min(last, side))


TASK = LayoutTask
