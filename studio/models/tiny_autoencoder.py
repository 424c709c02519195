"""A TAESD network from other people's tensors: their shapes say its layout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from studio.core.errors import ModelError
from studio.core.tables import shortened
from studio.networks.tiny_autoencoder import TinyAutoencoder, TinyAutoencoderConfig

MOST_LAYERS, WIDEST = 64, 1024  # far beyond any published one

State = Mapping[str, Tensor]


def halves(path: Path, state: State) -> tuple[State, State]:
    """The encoder's and the decoder's tensors in one file, numbered as in TAESD's own two.

    Knows the prefixes "encoder.", "taesd_encoder.", and the names of diffusers, which has its
    layers in "encoder.layers." and leaves the squeezing out of the numbering.
    """
    stem = next(
        (n for n in state if re.fullmatch(r"(.*\.)?\w*encoder\.(layers\.)?0\.weight", n)), ""
    )
    if not stem:
        raise ModelError(f"{path} holds no encoder of TAESD's layout.")
    encoder = stem.removesuffix("0.weight")
    head, tail = encoder.rsplit("encoder", 1)
    decoder = f"{head}decoder{tail}"
    ours = ({n.removeprefix(p): t for n, t in state.items() if n.startswith(p)}
            for p in (encoder, decoder))  # fmt: skip
    first, second = ours
    if "0.weight" in second:
        second = {_later(path, name): tensor for name, tensor in second.items()}
    return first, second


def tiny_autoencoder(
    path: Path, encoder: State, decoder: State, scale: float = 1.0, shift: float = 0.0
) -> TinyAutoencoder:
    """The network of these tensors, fp32, on the CPU, in eval mode. Raises ModelError."""
    config = _inferred(path, decoder)
    config = replace(config, encoder_blocks=_stages(path, encoder), scale=scale, shift=shift)
    if len(config.encoder_blocks) != len(config.decoder_blocks):
        raise ModelError(f"{path} pairs an encoder and a decoder that do not fit.")
    with torch.device("meta"):
        network = TinyAutoencoder(config)
    for half, state in (("encoder", encoder), ("decoder", decoder)):
        _fill(path, half, network.get_submodule(half), state)
    return network.eval().requires_grad_(False)


def tiny_decoder(path: Path, decoder: State) -> nn.Module:
    """The second half alone: latents to pictures in about [0, 1]. Raises ModelError."""
    with torch.device("meta"):
        network = TinyAutoencoder(_inferred(path, decoder)).decoder
    _fill(path, "decoder", network, decoder)
    return network.eval().requires_grad_(False)


def _fill(path: Path, half: str, module: nn.Module, state: State) -> None:
    expected = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    wrong = [n for n in sorted(expected | found) if expected.get(n) != found.get(n)]
    if wrong:
        raise ModelError(
            f"{path} does not have TAESD's layout: its {half} has {shortened(wrong[0])}"
            f" as {found.get(wrong[0])}, not {expected.get(wrong[0])}."
        )
    module.load_state_dict(state, assign=True)


def _inferred(path: Path, decoder: State) -> TinyAutoencoderConfig:
    first = decoder.get("1.weight")
    if first is None or first.ndim != 4:
        raise ModelError(f"{path} does not have TAESD's layout: its first layers are missing.")
    width, channels = first.shape[:2]
    if max(channels, width) > WIDEST or width % 4:
        raise ModelError(f"{path} does not have TAESD's layout: {width} channels.")
    pooling = any(".pool." in name for name in decoder)
    blocks = _stages(path, decoder)
    return TinyAutoencoderConfig(channels, width, decoder_blocks=blocks, pooling=pooling)


def _stages(path: Path, state: State) -> tuple[int, ...]:
    """Blocks a stage. A convolution without a bias begins the next stage."""
    stages = [0]
    for index in sorted({_index(path, name) for name in state}):
        if f"{index}.conv.0.weight" in state:
            stages[-1] += 1
        elif f"{index}.bias" not in state:
            stages.append(0)
    return tuple(stages)


def _index(path: Path, name: str) -> int:
    number = name.split(".")[0]
    if not number.isdecimal() or int(number) > MOST_LAYERS:
        raise ModelError(f"{path} does not have TAESD's layout: it holds {name[:60]!r}.")
    return int(number)


def _later(path: Path, name: str) -> str:
    return f"{_index(path, name) + 1}.{name.split('.', 1)[1]}"
