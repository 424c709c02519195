"""Autoencoders of diffusers and of Stable Diffusion's checkpoints.

Folders of AutoencoderKL (FLUX.2's too), AutoencoderTiny and the classes in OTHERS, a pipeline's
folder (its vae/ counts), and single safetensors files: an autoencoder alone, or a whole checkpoint
with one inside. All but AutoencoderTiny need the package diffusers, and that only to be opened.
Nothing is ever downloaded.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core.errors import ModelError
from studio.core.tables import shortened
from studio.models.format import Check
from studio.models.kl_layout import (
    MEASURED,
    KLConfig,
    Scaling,
    assumed_scaling,
    inferred,
    prefix_of,
    renamed,
    stated_scaling,
)
from studio.models.model import ModelInfo
from studio.models.network_folder import read_document
from studio.models.state_files import Shapes, count, header_shapes, read, shapes

if TYPE_CHECKING:
    from torch import nn

CONFIG, PART = "config.json", "vae"
KL, KL2, TINY = "AutoencoderKL", "AutoencoderKLFlux2", "AutoencoderTiny"
#: class: (module, wrapper)
OTHERS = {
    "AutoencoderDC": ("studio.models.dc_autoencoder", "DCAutoencoder"),
    "AutoencoderKLQwenImage": ("studio.models.qwen_autoencoder", "QwenAutoencoder"),
}
LAYERS = "encoder_layers_per_block", "decoder_layers_per_block", "dim_mult", "num_res_blocks"
WEIGHTS = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors")
#: What diffusers takes where a configuration says nothing.
KL_SCALE, TINY_SCALE, EPSILON = 0.18215, 1.0, 1e-4
WHITENED = "by the statistics of four neighbours each, which are in the file"
PLAIN = {  # what AutoencoderTiny may be configured to, and the one value each has in TAESD
    "act_fn": "relu",
    "upsample_fn": "nearest",
    "upsampling_scaling_factor": 2,
    "in_channels": 3,
    "out_channels": 3,
}
MOST_LEVELS, MOST_LAYERS, WIDEST = 8, 16, 2**13  # far beyond any published one


@dataclass(frozen=True)
class _Source:
    """Where the weights are, and the configuration beside them, if any."""

    weights: Path
    config: Path | None
    document: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return str(self.document.get("_class_name", KL))


class DiffusersAutoencoderFormat:
    """A folder with a config.json of such a class, or a safetensors file with its names."""

    name = "diffusers-autoencoder"

    def recognises(self, path: Path) -> bool:
        return _configured_folder(path) is not None or (
            path.suffix == ".safetensors"
            and path.is_file()
            and prefix_of(header_shapes(path)) is not None
        )

    def describe(self, path: Path) -> ModelInfo:
        source = _source(path)
        stored = shapes(source.weights)
        if source.kind == TINY or source.kind in OTHERS:
            scaling = stated_scaling(source.weights, source.document, TINY_SCALE)
            parameters = count(stored)
        else:
            own, _, scaling = _architecture(source)
            parameters = count({name: stored[name] for name in own.values()})
        trained = {"scaling": scaling.words}
        return ModelInfo(path.name, "autoencoder", self.name, parameters, path, trained)

    def open(self, path: Path, device: str, precision: str, check: Check) -> nn.Module:
        from studio.models.formats.network import in_precision

        check()
        source = _source(path)
        if source.kind == TINY:
            return in_precision(_open_tiny(source), device, precision)
        from studio.models.kl_autoencoder import open_kl

        # in half precision the activations of Stable Diffusion XL's overflow
        precision = "float32" if precision == "float16" else precision
        if source.kind in OTHERS:
            return in_precision(_open_other(source), device, precision)
        names, config, scaling = _architecture(source)
        if scaling.words == WHITENED:
            scaling = _measured(source)
        return in_precision(open_kl(source.weights, names, config, scaling), device, precision)


def _source(path: Path) -> _Source:
    folder = _configured_folder(path)
    if folder is None:
        return _Source(path, None, {})
    document = read_document(folder / CONFIG)
    if path.is_file():
        return _Source(path, folder / CONFIG, document)
    found = [folder / name for name in WEIGHTS if (folder / name).is_file()]
    found = found or sorted(folder.glob("*.safetensors"))
    if not found:
        pickled = next(iter(sorted(folder.glob("*.bin"))), None)
        hint = f" ({pickled.name} is a pickle; save it as safetensors)" if pickled else ""
        raise ModelError(f"{folder / WEIGHTS[0]} is missing{hint}.")
    return _Source(found[0], folder / CONFIG, document)


def _configured_folder(path: Path) -> Path | None:
    """The folder whose configuration is of these classes: itself, its vae/, or a file's own."""
    if path.is_file() and path.name not in WEIGHTS:
        return None
    for folder in (path, path / PART) if path.is_dir() else (path.parent,):
        try:
            if read_document(folder / CONFIG).get("_class_name") in (KL, KL2, TINY, *OTHERS):
                return folder
        except ModelError:
            continue
    return None


def _architecture(source: _Source) -> tuple[dict[str, str], KLConfig, Scaling]:
    """An AutoencoderKL's names (diffusers' -> the file's), configuration and scaling."""
    document = None if source.config is None else source.document
    return architecture(source.weights, shapes(source.weights), document, source.config)


def architecture(
    path: Path, stored: Shapes, document: Mapping[str, Any] | None, config_path: Path | None = None
) -> tuple[dict[str, str], KLConfig, Scaling]:
    """The same of the tensors in any file, with a config.json's document or without."""
    prefix, told = prefix_of(stored), config_path or path
    if prefix is None:
        raise ModelError(f"{path} holds no AutoencoderKL.")
    own = renamed(stored, prefix)
    if document is None:
        config = inferred(path, {name: stored[own[name]] for name in own})
        scaling = assumed_scaling(path, stored, config.latent_channels)
    else:
        config, scaling = _stated(told, document), stated_scaling(told, document, KL_SCALE)
    _check(told, config)
    if f"{prefix}{MEASURED[0]}" in stored:
        scaling = Scaling(1.0, (0.0,), (1.0,), WHITENED)  # `_measured`, once weights are read
    return own, config, scaling


def _measured(source: _Source) -> Scaling:
    """FLUX.2's latents are whitened by a batch norm's statistics. Raises ModelError."""
    names = [n for n in shapes(source.weights) if n.endswith(MEASURED)]
    if len(names) != len(MEASURED):
        raise ModelError(f"{source.weights} lacks the statistics of its latents.")
    mean, variance = (each.double() for each in read(source.weights, sorted(names)).values())
    epsilon = source.document.get("batch_norm_eps", EPSILON)
    sound = type(epsilon) is float and mean.shape == variance.shape
    if not sound or not (variance + epsilon > 0.0).all():
        raise ModelError(f"{source.weights} has statistics of its latents that make no sense.")
    std = (variance + epsilon).sqrt()
    return Scaling(1.0, tuple(mean.tolist()), tuple(std.tolist()), WHITENED)


def _stated(path: Path, document: Mapping[str, Any]) -> KLConfig:
    """The architecture in a config.json. Raises ModelError."""
    defaults: dict[str, Any] = {
        "block_out_channels": [64],
        "layers_per_block": 1,
        "latent_channels": 4,
    }
    known = {field.name for field in fields(KLConfig)}
    values = {key: value for key, value in (defaults | dict(document)).items() if key in known}
    if not isinstance(values["block_out_channels"], list):
        raise ModelError(f"{path} has no valid 'block_out_channels'.")
    values["block_out_channels"] = tuple(values["block_out_channels"])
    for kind, key in (("DownEncoderBlock2D", "down_block_types"),
                      ("UpDecoderBlock2D", "up_block_types")):  # fmt: skip
        blocks = document.get(key, [kind])
        if not isinstance(blocks, list) or any(block != kind for block in blocks):
            raise ModelError(f"{path} has blocks that this version does not know.")
    return KLConfig(**values)


def _check(path: Path, config: KLConfig) -> None:
    """Raises ModelError for what no network of ours could be, before one is built."""
    widths = config.block_out_channels
    numbers = (*widths, config.layers_per_block, config.latent_channels, config.norm_num_groups)
    whole = all(type(number) is int and 1 <= number <= WIDEST for number in numbers)
    if not whole or not 1 <= len(widths) <= MOST_LEVELS or config.layers_per_block > MOST_LAYERS:
        raise ModelError(
            f"{path} has an impossible configuration: {shortened(widths)} channels a level."
        )
    if any(width % config.norm_num_groups for width in widths):
        raise ModelError(
            f"{path} has an impossible configuration: {widths} channels"
            f" in {config.norm_num_groups} groups."
        )
    if not isinstance(config.act_fn, str):
        raise ModelError(f"{path} has an impossible configuration: no activation function.")


def _open_other(source: _Source) -> nn.Module:
    """Raises ModelError."""
    from studio.models.checkpoint import open_part

    assert source.config is not None
    for key in LAYERS:
        value = source.document.get(key, 1)
        layers = value if isinstance(value, list) else [value]
        if len(layers) > MOST_LEVELS or any(each not in range(MOST_LAYERS + 1) for each in layers):
            raise ModelError(f"{source.config} has an impossible {key!r}.")
    network = open_part("diffusers", source.kind, source.config.parent, "cpu", "float32")
    module, name = OTHERS[source.kind]
    scaling = stated_scaling(source.config, source.document, TINY_SCALE)
    autoencoder: nn.Module = getattr(importlib.import_module(module), name)(network, scaling)
    if len(scaling.mean) not in (1, autoencoder.latent_channels):
        raise ModelError(f"{source.config} has statistics for other channels than it has.")
    return autoencoder.eval().requires_grad_(False)


def _open_tiny(source: _Source) -> nn.Module:
    """TAESD under diffusers' names. Raises ModelError for what TAESD never was."""
    from studio.models.tiny_autoencoder import halves, tiny_autoencoder

    for key, value in PLAIN.items():
        if source.document.get(key, value) != value:
            raise ModelError(
                f"{source.config} has {key!r} {source.document[key]!r}; only {value!r} is known."
            )
    scaling = stated_scaling(source.weights, source.document, TINY_SCALE)
    encoder, decoder = halves(source.weights, read(source.weights))
    return tiny_autoencoder(source.weights, encoder, decoder, scaling.scale, scaling.mean[0])


FORMAT = DiffusersAutoencoderFormat()
