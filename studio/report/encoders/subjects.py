"""What is measured: callables, so that nothing here needs to know networks by their kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F

from studio.core.errors import ModelError
from studio.core.installation import ASSETS, bundled
from studio.metrics.perceptual import load_lpips, lpips_available
from studio.models.encoders import Encoders, place_of
from studio.models.network_folder import read_manifest

PART = 64

Embed = Callable[[Tensor], Tensor]  # (B, 3, S, S) in [-1, 1] -> (B, D)
Read = Callable[[Sequence[str]], Tensor]  # T texts -> (T, D), unit length
Say = Callable[[Tensor], list[str]]  # (B, 3, S, S) in [-1, 1] -> a text each


@dataclass(frozen=True)
class Pair:
    """`pictures` and `texts` to unit vectors of one space."""

    name: str
    pictures: Embed
    texts: Read


@dataclass(frozen=True)
class Subjects:
    """`vision`: pictures to vectors. `captioners` speak; `read` is the text tower by itself."""

    read: Read
    pairs: list[Pair] = field(default_factory=list)
    vision: dict[str, Embed] = field(default_factory=dict)
    captioners: dict[str, Say] = field(default_factory=dict)


@torch.no_grad()
def parts(embed: Embed, pictures: Tensor) -> Tensor:
    """(N, D), unit length, a few pictures at a time."""
    return F.normalize(torch.cat([embed(x) for x in pictures.split(PART)]).float(), dim=-1)


def all_names() -> list[str]:
    """The bundled encoders."""
    return sorted(path.parent.name for path in (ASSETS / "encoders").glob("*/model.json"))


def opened(names: Sequence[str]) -> Subjects:
    """Encoders by their names or folders, and two that need none of ours: the pixels, and
    SqueezeNet where its weights are. Raises ModelError."""
    encoders = Encoders("cpu")
    found = Subjects(_remembered(lambda texts: encoders.read(texts).pooled))
    found.vision["pixels"] = lambda x: small(x, 72).flatten(1)
    if lpips_available():
        found.vision["SqueezeNet"] = _squeezenet()
    for name in names:
        _add(found, encoders, name)
    return found


def _add(found: Subjects, encoders: Encoders, name: str) -> None:
    place, short = place_of(name), name.rstrip("/").rsplit("/")[-1]
    kind = read_manifest(bundled(place)).kind
    if kind == "towers":
        towers = encoders.towers(name)
        found.pairs.append(Pair(short, towers, lambda texts: towers.text(found.read(texts))))
        found.vision[short] = towers
    elif kind == "vision":
        vision = encoders.vision(name)
        found.vision[short] = lambda x: vision(small(x, vision.config.size)).cls
    elif kind == "decoder":
        found.captioners[short] = _captioner(encoders, name)
    else:
        raise ModelError(f"{name} is a {kind}, not an encoder; choose one of assets/encoders.")


def _captioner(encoders: Encoders, name: str) -> Say:
    captioner = encoders.captioner(name)
    size = captioner.vision.config.size
    return lambda x: captioner.likeliest(captioner.memory(small(x, size)))


def _squeezenet() -> Embed:
    """The mean over places of its last features, which ImageNet's classes are told by."""
    network = load_lpips()
    return lambda x: network.net(network.scaling_layer(small(x, 128)))[-1].mean((2, 3))  # type: ignore[operator]


def _remembered(read: Read) -> Read:
    """Every text is read once, those of like length together."""
    known: dict[str, Tensor] = {}

    def remembered(texts: Sequence[str]) -> Tensor:
        new = sorted(set(texts) - known.keys(), key=lambda text: (len(text), text))
        for start in range(0, len(new), PART):
            part = new[start : start + PART]
            known.update(zip(part, F.normalize(read(part).float(), dim=-1), strict=True))
        return torch.stack([known[text] for text in texts])

    return remembered


def small(pictures: Tensor, size: int) -> Tensor:
    """As the towers do it themselves: means of areas."""
    return F.interpolate(pictures, (size, size), mode="area")
