"""Adapters on disk: PEFT's names in safetensors, and a `model.json` that says for which weights."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

from studio.core.errors import ModelError
from studio.models.digests import weights_digest
from studio.models.network_folder import configured, read_manifest
from studio.models.state_files import read
from studio.models.weights import finite
from studio.networks import lora
from studio.networks.denoiser import DenoiserTransformer
from studio.networks.lora import AdapterConfig


def with_adapter(network: DenoiserTransformer, folder: Path, base: Path) -> DenoiserTransformer:
    """A copy of the network, whose weights lie in `base`, with the adapter in `folder` merged in.

    Raises ModelError for a damaged adapter, and for one that was made for other weights.
    """
    manifest = read_manifest(folder)
    if manifest.kind != "adapter":
        raise ModelError(f"{manifest.path} describes no adapter.")
    config = configured(manifest, AdapterConfig)
    if manifest.extra.get("made_for") != weights_digest(base):
        raise ModelError(
            f"{folder} was made for other weights than those in {base}; train it anew"
            " (train turbo), or choose another sampler."
        )
    state = {
        name: finite(path, name, tensor)
        for path in manifest.weights
        for name, tensor in read(path).items()
    }
    copy = deepcopy(network)
    try:
        lora.load(copy, state, config)
    except ValueError as error:
        raise ModelError(f"{folder} does not fit {base}: {error}.") from None
    lora.merge(copy)
    return copy.eval().requires_grad_(False)
