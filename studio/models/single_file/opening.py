"""A single file becomes a `Checkpoint`: networks without numbers first, then tensor by tensor from
the file to its precision and device. Imports torch, and diffusers, transformers, accelerate late.

Names are diffusers' own converters' business; nothing is ever asked of a hub.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from studio.core.errors import ModelError
from studio.models import eight_bits
from studio.models.checkpoint import Checkpoint, answered, ready
from studio.models.families.adapter import Part
from studio.models.format import Check, reading
from studio.models.formats.checkpoint import AUTOENCODER, CONFIG
from studio.models.formats.diffusers_autoencoder import OTHERS, architecture
from studio.models.kl_autoencoder import KLAutoencoder, built
from studio.models.kl_layout import MEASURED, flat, prefix_of, stated_scaling
from studio.models.model import ImageAutoencoder, ModelInfo
from studio.models.probe.probe import judge
from studio.models.single_file import parts
from studio.models.single_file.filling import Filling
from studio.models.single_file.layout import layout_of
from studio.models.single_file.parts import Located
from studio.models.single_file.tensors import AUTOENCODERS, empty, encoder_tensors, own_tensors
from studio.models.single_file.tokens import tokenizer
from studio.models.single_file.weights import Weights
from studio.models.state_files import Shapes, reason


@contextmanager
def converting(path: Path) -> Iterator[None]:
    """What converters raise becomes a ModelError."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # they fail in any way they like
        raise ModelError(f"{path} cannot be opened: {reason(error)}") from error


class Opening:
    """How one file is being opened."""

    def __init__(
        self, path: Path, device: str, precision: str, check: Check, chosen: Mapping[str, str],
        mapped: bool = True,
    ) -> None:  # fmt: skip
        """`chosen`: parts in other files, what the user knows better than the probe, by name, and
        how weights are kept. Raises ModelError, UsageError for a name that there is not."""
        self.check = reading(check)
        self.weights, self.device = Weights(path, self.check.add, mapped), device
        self.precision = getattr(torch, precision)
        self.packed, places = eight_bits.kind_of(chosen)
        eight_bits.check(path, self.packed, device, precision)
        answer = judge(self.weights.header, path)
        self.told = {each.topic for each in answer.prefilled} & places.keys()
        for topic in self.told:
            answer = answer.overridden(topic, places.pop(topic))
        self.answer, self.layout = answer, layout_of(path, answer)
        self.parts = parts.located(path, self.weights.names, self.layout, places)
        parts.check(path, self.parts)

    def checkpoint(self, info: ModelInfo) -> Checkpoint:
        """Raises ModelError."""
        *rest, autoencoder = self.parts
        opened = self._autoencoder(autoencoder)  # first, while there is most room
        networks = {part.part: self._part(part) for part in rest if part.path}
        adapter = self.layout.family(networks, self.layout.index, opened.downsampling)
        scheduler = {**self.layout.scheduler, **answered(info.path, self.check, self.told)}
        model = ready(info, adapter, opened, scheduler, info.path)
        for part in rest:
            if part.path is None and part.part in self.layout.parts:
                model.notes.append(f"{part.words} was not found: the prompt is read without it.")
        return model

    def _part(self, part: Located) -> Any:
        self.check()
        name, table = part.part, self.layout.parts
        assert part.path
        if name not in table:
            encoder = name.replace(parts.TOKENIZER, "text_encoder")
            return tokenizer(part.path, self.layout, name, table[encoder])
        own, kind = self.layout.family.parts[name], table[name]["class"]
        config, depth = self.layout.configs[name], table[name].get("depth", 0)
        network, weights = empty(own, kind, config, part.path, depth), self._weights(part.path)
        asked = name == self.layout.family.asked
        with converting(part.path):
            found = (
                own_tensors(weights, network, kind)
                if asked
                else encoder_tensors(weights, network, table[name])
            )
        return self._filled(network, found, weights, self.precision, asked, self.packed)

    def _weights(self, path: Path) -> Weights:
        return self.weights if path == self.weights.path else Weights(path, self.check.add)

    def _autoencoder(self, part: Located) -> ImageAutoencoder:
        self.check()
        path, latents = part.path, self.layout.latents
        assert path
        config = self.layout.configs.get(AUTOENCODER)
        if path == self.weights.path or (path.is_file() and not (path.parent / CONFIG).is_file()):
            weights = self._weights(path)
            shapes = {n: weights.header.tensors[n].shape or () for n in weights.names}
            if "class" in latents:
                return self._other(weights, config or {})
            if prefix_of(shapes) is not None and not any(n.endswith(MEASURED) for n in shapes):
                return self._kl(weights, shapes, config)
        from studio.models.registry import open_autoencoder

        return open_autoencoder(str(path), self.device, str(self.precision).removeprefix("torch."))

    def _kl(
        self, weights: Weights, shapes: Shapes, config: Mapping[str, Any] | None
    ) -> ImageAutoencoder:
        path = weights.path
        own, form, scaling = architecture(path, shapes, config)
        if config is None:
            scaling = stated_scaling(path, self.layout.latents, scaling.scale)
        lazy = weights.deferred(own.values())
        found = {name: lazy[of].reshape(flat(name, shapes[of])) for name, of in own.items()}
        network = self._filled(built(path, form), found, weights, self._exact, strict=True)
        return KLAutoencoder(network, scaling).to(self.device).eval()

    def _other(self, weights: Weights, config: Mapping[str, Any]) -> ImageAutoencoder:
        """Of a class that is no AutoencoderKL."""
        latents = self.layout.latents
        network = empty(Part((latents["class"],)), latents["class"], config, weights.path)
        with converting(weights.path):
            found = own_tensors(weights, network, latents["names"], AUTOENCODERS)
        network = self._filled(network, found, weights, self._exact, strict=True)
        told = _lists(network.config) | ({} if config else dict(latents))
        scaling = stated_scaling(weights.path, told, 1.0)
        module, name = OTHERS[latents["class"]]
        wrapped = getattr(importlib.import_module(module), name)(network, scaling)
        return cast(ImageAutoencoder, wrapped.to(self.device).eval())

    @property
    def _exact(self) -> torch.dtype:
        """In half precision the activations of Stable Diffusion XL's autoencoder overflow."""
        return torch.float32 if self.precision == torch.float16 else self.precision

    def _filled(
        self, network: Any, found: Mapping[str, Tensor], weights: Weights, kind: torch.dtype,
        strict: bool, packed: str = "",
    ) -> Any:  # fmt: skip
        filling = Filling(weights.path, self.device, kind, self.check, packed)
        return filling(network, found, strict, flat=weights.is_gguf)


def _lists(config: Mapping[str, Any]) -> dict[str, Any]:
    """With lists where diffusers has tuples."""
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in config.items()
    }
