"""A single network's folder: an autoencoder, a text tower, a pair of towers, a denoiser."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import ModelError
from studio.core.tables import shortened
from studio.models.format import Check
from studio.models.model import ModelInfo
from studio.models.network_folder import MANIFEST, read_manifest

if TYPE_CHECKING:
    from torch import nn

#: kind: (module, network, its configuration)
NETWORKS = {
    "autoencoder": ("studio.networks.autoencoder", "Autoencoder", "AutoencoderConfig"),
    "denoiser": ("studio.networks.denoiser", "DenoiserTransformer", "DenoiserConfig"),
    "text": ("studio.networks.text", "TextTower", "TextConfig"),
    "vision": ("studio.networks.vision", "VisionTransformer", "VisionConfig"),
    "towers": ("studio.networks.towers", "Towers", "TowersConfig"),
    "decoder": ("studio.networks.decoder", "Decoder", "DecoderConfig"),
    "encoder-decoder": (
        "studio.networks.encoder_decoder",
        "EncoderDecoder",
        "EncoderDecoderConfig",
    ),
    "classifier": ("studio.networks.classifier", "NoisyClassifier", "ClassifierConfig"),
    "toy": ("studio.networks.toy", "ToyNetwork", "ToyConfig"),
}


class NetworkFormat:
    """`model.json` and `weights-N-of-M.safetensors` in one folder."""

    name = "network"

    def recognises(self, path: Path) -> bool:
        return (path / MANIFEST).is_file()

    def describe(self, path: Path) -> ModelInfo:
        found = read_manifest(path)
        return ModelInfo(path.name, found.kind, self.name, found.parameters, path, found.trained)

    def open(self, path: Path, device: str, precision: str, check: Check) -> nn.Module:
        """The network with its parameters in `precision`; its buffers stay fp32."""
        return open_network(path, precision=precision).to(device)


def open_network(path: Path, kind: str | None = None, precision: str = "float32") -> nn.Module:
    """The network on the CPU, its parameters in `precision`, of the given kind if one is given.

    Raises ModelError.
    """
    import torch

    from studio.models.weights import load

    manifest = read_manifest(path)
    if manifest.kind not in NETWORKS or kind not in (None, manifest.kind):
        expected = kind or f"one of {', '.join(NETWORKS)}"
        raise ModelError(f"{manifest.path} describes a {shortened(manifest.kind)}, not {expected}.")
    module_name, network, config = NETWORKS[manifest.kind]
    module = importlib.import_module(module_name)
    dtype: torch.dtype = getattr(torch, precision)
    return load(manifest, getattr(module, network), getattr(module, config), dtype)


def in_precision(network: nn.Module, device: str, precision: str) -> nn.Module:
    """Moves a network; casts its parameters only: angles and statistics need all their digits."""
    import torch

    dtype: torch.dtype = getattr(torch, precision)
    network.to(device)
    for parameter in network.parameters():
        parameter.data = parameter.data.to(dtype)
    return network


FORMAT = NetworkFormat()
