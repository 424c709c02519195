"""What a checkpoint has on: LoRA by diffusers' own loaders and peft, LoHa and LoKr in their place,
embeddings as words that its tokenizers are taught. Taken off, nothing is left in the networks."""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from studio.core.addons import EMBEDDING, LORA, AddOn
from studio.core.errors import ModelError
from studio.models import lycoris
from studio.models.families.adapter import Adapter
from studio.models.kl_autoencoder import EXTRA
from studio.models.state_files import read, reason

ENCODERS = {"text_encoder": "clip_l", "text_encoder_2": "clip_g"}  # an embedding's names for them


class Wardrobe:
    """Of one adapter's networks. `notes` are sentences on what was put on, for the user."""

    def __init__(self, adapter: Adapter, name: str) -> None:
        self.notes: list[str] = []
        self._adapter, self._name = adapter, name
        self._on: tuple[AddOn, ...] = ()
        self._taught: tuple[tuple[AddOn, ...], Adapter] = (), adapter

    def wear(self, addons: Sequence[AddOn]) -> None:
        """Puts on the LoRA among them, and takes off every other. Raises ModelError, and then
        nothing is on."""
        wanted = tuple(each for each in addons if each.kind == LORA)
        if wanted == self._on:
            return
        if find_spec("peft") is None:
            raise ModelError(
                f"LoRA files need the package peft; install it with: pip install '{EXTRA}'."
            )
        if not hasattr(self._pipeline, "load_lora_weights"):
            raise ModelError(f"{self._name} takes no LoRA: diffusers loads none for its family.")
        before, self._on = {each.digest for each in self._on}, ()
        with torch.inference_mode(False), warnings.catch_warnings(action="ignore"):
            try:
                self._change(wanted, before)
            except BaseException:
                self._pipeline.unload_lora_weights()
                raise
        self._on = wanted

    def taught(self, addons: Sequence[AddOn]) -> Adapter:
        """The adapter whose tokenizers know the embeddings among them. Raises ModelError."""
        wanted = tuple(each for each in addons if each.kind == EMBEDDING)
        if wanted != self._taught[0]:
            self._taught = wanted, self._teach(wanted) if wanted else self._adapter
        return self._taught[1]

    @cached_property
    def _pipeline(self) -> Any:
        """diffusers' own of these networks; what is not needed for LoRA is not in it."""
        import diffusers
        import transformers

        for library in (diffusers, transformers):  # what they say of files is said in our words
            library.utils.logging.set_verbosity(logging.CRITICAL)
        kind = getattr(diffusers, str(self._adapter.index["_class_name"]))
        asked = inspect.signature(kind).parameters.values()
        parts = {each.name: None for each in asked if each.default is inspect.Parameter.empty}
        return kind(**(parts | dict(self._adapter.networks)))

    def _change(self, wanted: Sequence[AddOn], before: set[str]) -> None:
        if not wanted:
            self._pipeline.unload_lora_weights()
            return
        for each in wanted:
            if each.digest not in before:
                self._put_on(each)
        names = [each.digest for each in wanted]
        if gone := sorted(before.difference(names)):
            self._pipeline.delete_adapters(gone)
        self._pipeline.set_adapters(names, [each.weight for each in wanted])
        for network in self._networks:
            network.requires_grad_(False)  # nothing learns here

    def _put_on(self, addon: AddOn) -> None:
        state, pipeline = read(Path(addon.file)), self._pipeline
        if any("query_norm.scale" in name for name in state):  # BFL's, which widen the input
            raise self._unfit(
                addon, "it follows a picture of edges or depth, and none is given here"
            )
        try:
            if lycoris.is_lycoris(state):
                count = lycoris.put_on(pipeline, self._parts, state, addon.digest)
            else:
                copy = {name: tensor.clone() for name, tensor in state.items()}
                count = len(lycoris.renamed(pipeline, copy))  # which scales some in place
                pipeline.load_lora_weights(state, adapter_name=addon.digest)
        except Exception as error:  # what does not fit fails in any way it likes
            raise self._unfit(addon, reason(error)) from error
        fits = self._settled(addon)
        if not fits:
            raise self._unfit(addon, f"none of its {count} keys is known there")
        left = f"; the other {count - fits} are left out" if fits < count else ""
        self.notes.append(f"{addon.name}: {fits} of its {count} keys fit {self._name}{left}.")

    def _settled(self, addon: AddOn) -> int:
        """How many parameters are this LoRA's; they are in their network's precision then."""
        found = 0
        for network in self._networks:
            for name, parameter in network.named_parameters():
                if f".{addon.digest}." in name:
                    parameter.data = parameter.data.to(network.device, network.dtype)
                    found += 1
        return found

    @property
    def _networks(self) -> list[Any]:
        return [*self._parts.values()]

    @property
    def _parts(self) -> dict[str, torch.nn.Module]:
        own = self._adapter.networks.items()
        return {name: each for name, each in own if isinstance(each, torch.nn.Module)}

    def _unfit(self, addon: AddOn, why: str) -> ModelError:
        return ModelError(f"{addon.file} does not fit {self._name}: {why.rstrip('.')}.")

    def _teach(self, wanted: Sequence[AddOn]) -> Adapter:
        from studio.models.families.clip import with_words

        networks, words = dict(self._adapter.networks), dict[str, dict[str, Tensor]]()
        for each in wanted:
            for encoder, vectors in self._vectors(each).items():
                words.setdefault(encoder, {})[each.name] = vectors
        for encoder, known in words.items():
            name = encoder.replace("text_encoder", "tokenizer")
            networks[name] = with_words(networks[name], networks[encoder], known)
        return type(self._adapter)(networks, self._adapter.index, self._adapter.downsampling)

    def _vectors(self, addon: AddOn) -> dict[str, Tensor]:
        """(n, W) for each encoder that it is made for."""
        tensors = read(Path(addon.file))
        widths = {
            name: network.get_input_embeddings().embedding_dim
            for name in ENCODERS
            if (network := self._adapter.networks.get(name)) is not None
        }
        found = {}
        for name, width in widths.items():
            only = next(iter(tensors.values())) if len(tensors) == 1 else None
            given = tensors.get(ENCODERS[name], only)
            if given is not None and given.ndim <= 2 and given.numel() and given.shape[-1] == width:
                found[name] = given.reshape(-1, width)
        if not found:
            shapes = ", ".join("x".join(map(str, each.shape)) for each in tensors.values())
            sides = ", ".join(map(str, widths.values()))
            raise self._unfit(addon, f"its vectors are {shapes}, the text encoders read {sides}")
        return found
