"""Where a checkpoint's networks are while nobody asks them, and how their blocks are run. Imports
torch, and diffusers late."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from studio.core.device import Device
from studio.models.checkpoint import Checkpoint
from studio.models.eight_bits import bytes_held

COMPILERS = ("g++", "clang++", "cl")  # of which torch needs one where there is no GPU
COSTS = "its first picture of each size takes a minute or more longer, those after it less"


def place(model: Checkpoint, device: Device, free: Callable[[], int]) -> None:
    """A model opened on the CPU, as `device` says: the autoencoder goes there, the denoiser too or
    block by block while it is asked; `free` tells how many bytes are free there."""
    target = torch.device(device.name)
    denoiser: Any = model.adapter.denoiser
    model.autoencoder.to(target)  # type: ignore[attr-defined]
    if device.offload == "sequential":
        from diffusers.hooks.group_offloading import apply_group_offloading

        apply_group_offloading(denoiser, onload_device=target, num_blocks_per_group=1)
    else:
        denoiser.to(target)
    model.place = target
    model.reading = Readers(model, device, free)


class Readers:
    """The text encoders, which are on the device only while they read. Where they find no room
    beside the denoiser, that one leaves meanwhile; where there is none at all they read on the CPU.
    """

    def __init__(self, model: Checkpoint, device: Device, free: Callable[[], int]) -> None:
        networks = model.adapter.networks.items()
        self._encoders = [n for name, n in networks if name.startswith("text_encoder")]
        self._denoiser = None if device.offload == "sequential" else model.adapter.denoiser
        self._device, self._free = device.name, free

    @contextmanager
    def __call__(self) -> Iterator[None]:
        size = sum(map(bytes_held, self._encoders))
        leaves = [self._denoiser] if self._denoiser is not None and self._free() < size else []
        try:
            _move(leaves, "cpu")
            if self._free() >= size:
                _move(self._encoders, self._device)
            yield
        finally:
            _move(self._encoders, "cpu")
            _move(leaves, self._device)


def _move(networks: list[Any], device: str) -> None:
    with torch.inference_mode(False):  # weights in eight bits cannot be moved within it
        for network in networks:
            network.to(device)


def compile_blocks(model: Checkpoint) -> None:
    """The denoiser's repeated blocks through torch's compiler; a note says what that costs, or why
    it cannot be."""
    denoiser: Any = model.adapter.denoiser
    named = (os.environ.get("CXX", ""), *COMPILERS)
    if model.device == "cpu" and not any(each and shutil.which(each) for each in named):
        said = "is not compiled: that takes a C++ compiler, and there is none here"
    elif not getattr(denoiser, "_repeated_blocks", ()):
        said = "is not compiled: diffusers does not say which of its blocks repeat"
    else:
        denoiser.compile_repeated_blocks()
        said = f"is compiled: {COSTS}"
    model.notes.append(f"{model.info.name} {said}.")
