"""The encoders of pictures and words, opened when they are first asked for and then kept.

Text vectors are the bundle's; a pair of towers adds a head to them, so that pictures and texts lie
in one space.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import tokenizers
import torch
from torch import Tensor
from torch.nn import functional as F

from studio.core import installation
from studio.core.errors import ModelError
from studio.core.installation import bundled
from studio.models.captioner import Captioner
from studio.models.digests import weights_digest
from studio.models.formats.network import open_network
from studio.models.network_folder import read_manifest
from studio.networks.decoder import Decoder
from studio.networks.text import TextFeatures, TextTower
from studio.networks.tokenizer import Tokenizer, tokenizer_at
from studio.networks.towers import Towers
from studio.networks.vision import VisionTransformer

if TYPE_CHECKING:
    from torch import nn

    from studio.models.format import Check

TEXT = "studio-256/text"
PAIR = "encoders/siglip"  # the better one, by docs/encoders.md
PART = 64  # pictures or texts at a time
LARGE = (
    16  # times the networks' size: larger pictures are read row by row, whole they take gigabytes
)


class Encoders:
    """For one thread at a time. Raises ModelError for what is not there."""

    def __init__(self, device: str) -> None:
        self.device = device
        self._opened: dict[str, nn.Module] = {}
        self._digests: dict[str, str] = {}

    @cached_property
    def tokenizer(self) -> Tokenizer:
        return tokenizer_at(bundled(TEXT) / "tokenizer.json")

    @property
    def text(self) -> TextTower:
        return cast(TextTower, self._open(TEXT))

    def towers(self, name: str = "") -> Towers:
        """A pair by its name, like "clip"; the better one for none."""
        return cast(Towers, self._kind(place_of(name), Towers, "a pair of towers"))

    def vision(self, name: str) -> VisionTransformer:
        """The Vision Transformer of that name, or the one in a pair of towers."""
        network = self._open(place_of(name))
        if isinstance(network, Towers):
            return network.vision
        return cast(VisionTransformer, self._kind(place_of(name), VisionTransformer, "an encoder"))

    def digest(self, name: str) -> str:
        """Of an encoder's weights: other weights make other vectors."""
        if name not in self._digests:
            self._digests[name] = weights_digest(bundled(place_of(name)))
        return self._digests[name]

    def signature(self, name: str = "") -> str:
        """A pair's name and the first digits of its weights' digest."""
        return f"{Path(place_of(name)).name} {self.digest(name)[:8]}"

    def captioner(self, name: str) -> Captioner:
        """One by its name, and the encoder that it names."""
        place = place_of(name)
        decoder = cast(Decoder, self._kind(place, Decoder, "a captioner"))
        vision = self.vision(str(read_manifest(bundled(place)).extra["encoder"]))
        tokenizer = tokenizers.Tokenizer.from_file(str(bundled(place) / "tokenizer.json"))
        return Captioner(decoder, vision, tokenizer)

    def classes(self, name: str) -> tuple[str, ...]:
        """What an encoder's class head tells apart."""
        return tuple(read_manifest(bundled(place_of(name))).extra["classes"])

    def _kind(self, place: str, kind: type[nn.Module], words: str) -> nn.Module:
        network = self._open(place)
        if not isinstance(network, kind):
            raise ModelError(f"{place} is not {words}.")
        return network

    def _open(self, place: str) -> nn.Module:
        if place not in self._opened:
            with torch.inference_mode(False):
                network = open_network(bundled(place)).to(self.device)
            self._opened[place] = network.eval().requires_grad_(False)
        return self._opened[place]

    @torch.no_grad()
    def read(self, texts: Sequence[str]) -> TextFeatures:
        """The text tower's features of a few texts."""
        ids, mask = self.tokenizer(texts)
        features: TextFeatures = self.text(ids.to(self.device), mask.to(self.device))
        return features

    @torch.no_grad()
    def texts(self, texts: Sequence[str], pair: str = "") -> Tensor:
        """Unit vectors (T, D) in a pair's space."""
        towers = self.towers(pair)
        return self._joined(towers, (towers.text(self.read(part).pooled) for part in _cut(texts)))

    @torch.no_grad()
    def pictures(
        self,
        pictures: Sequence[np.ndarray] | np.ndarray,
        pair: str = "",
        check: Check = lambda: None,
    ) -> Tensor:
        """Unit vectors (P, D) in a pair's space, of pictures (H, W, 3) uint8; `check`, before each
        few, may raise Cancelled."""
        towers = self.towers(pair)

        def seen(part: Sequence[np.ndarray] | np.ndarray) -> Tensor:
            check()
            return cast(Tensor, towers(self.prepared(part, towers.config.size)))

        return self._joined(towers, map(seen, _cut(pictures)))

    def _joined(self, towers: Towers, parts: Iterable[Tensor]) -> Tensor:
        return torch.cat([torch.zeros(0, towers.config.output, device=self.device), *parts])

    def prepared(self, pictures: Sequence[np.ndarray] | np.ndarray, size: int) -> Tensor:
        """(B, 3, size, size) in [-1, 1]: whole pictures, on a white square."""
        return torch.cat([self._square(picture, size) for picture in pictures])

    def _square(self, picture: np.ndarray, size: int) -> Tensor:
        side = max(picture.shape[:2])
        if side < size:
            x = self._padded(picture, 0, side)
            return F.interpolate(x, (size, size), mode="bilinear", align_corners=False)
        if side <= LARGE * size:
            return F.interpolate(self._padded(picture, 0, side), (size, size), mode="area")
        rows = ((n * side // size, -(-(n + 1) * side // size)) for n in range(size))
        lines = [F.adaptive_avg_pool2d(self._padded(picture, *each), (1, size)) for each in rows]
        return torch.cat(lines, 2)

    def _padded(self, picture: np.ndarray, first: int, end: int) -> Tensor:
        """Rows of a picture on a white square: (1, 3, rows, side) in [-1, 1]."""
        height, width = picture.shape[:2]
        left, top = max(0, height - width) // 2, max(0, width - height) // 2
        inside = np.array(picture[max(0, first - top) : max(0, end - top)])
        x = torch.from_numpy(inside).to(self.device).permute(2, 0, 1)[None].float()
        above = min(end, max(first, top)) - first
        below = end - first - above - len(inside)
        right = max(height, width) - width - left
        return F.pad(x / 127.5 - 1, (left, right, above, below), value=1.0)


def _cut(whole: Any) -> Iterator[Any]:
    return (whole[start : start + PART] for start in range(0, len(whole), PART))


def shared(device: str = "cpu") -> Encoders:
    """Those of this process, opened once on each device."""
    return _of(installation.ASSETS, device)


@cache
def _of(assets: Path, device: str) -> Encoders:
    return Encoders(device)


def place_of(name: str) -> str:
    """Where an encoder of that name lies: in assets/encoders, or somewhere else by its path."""
    if not name:
        return PAIR
    return f"encoders/{name}" if Path(bundled(f"encoders/{name}")).exists() else name
