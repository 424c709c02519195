"""Vision transformer, decoder and encoder-decoder are opened as what they were written as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from studio.models.registry import open_network
from studio.networks.decoder import Decoder, DecoderConfig
from studio.networks.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from studio.networks.vision import VisionConfig, VisionTransformer
from studio.training.bundle import export

PICTURE = torch.ones(1, 3, 16, 8)
IDS = torch.tensor([[1, 2, 3]])
CASES = {
    "vision": (VisionTransformer, VisionConfig(16, 8, 8, 1, 2, True, 3), (PICTURE,)),
    "decoder": (Decoder, DecoderConfig(9, 8, 1, 2, 5, sinusoidal=True), (IDS,)),
    "encoder-decoder": (EncoderDecoder, EncoderDecoderConfig(9, 8, 1, 2, 5), (IDS, IDS > 0, IDS)),
}  # fmt: skip


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("kind", CASES)
@torch.no_grad()
def test_written_and_opened(kind: str, precision: str, tmp_path: Path) -> None:
    made, config, asked = CASES[kind]
    network: nn.Module = made(config)
    for parameter in network.parameters():
        parameter.copy_(parameter.half())  # as they are shipped
    export(network, kind, config, tmp_path, {})
    opened = open_network(str(tmp_path), kind, precision=precision)

    def answer(of: nn.Module) -> Any:
        given = of(*asked)
        return given.logits if kind == "vision" else given

    apart = (answer(opened).float() - answer(network)).abs().max()
    assert apart == 0 if precision == "float32" else apart < 0.2
