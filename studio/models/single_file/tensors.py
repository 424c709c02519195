"""A file's tensors by the names of the network that they fill. Imports torch, and diffusers,
transformers, accelerate and gguf late.

Names are diffusers' own converters' business, but for PixArt's; those of llama.cpp are gguf's.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from studio.core.errors import ModelError
from studio.models.checkpoint import module_of
from studio.models.families.adapter import Part
from studio.models.probe.probe import PART
from studio.models.single_file import pixart
from studio.models.single_file.layout import WHOLE
from studio.models.single_file.weights import Deferred, Shards, Weights
from studio.models.state_files import reason

CONVERTERS = "diffusers.loaders.single_file_"
#: Those that diffusers has not, by the class; it was once another.
OWN = dict.fromkeys(("PixArtTransformer2DModel", "Transformer2DModel"), pixart.converted)
DENOISERS = (WHOLE, "diffusion_model.", "net.", "")
AUTOENCODERS = ("first_stage_model.", "vae.", "")
#: Where language models lie within those that see or speak.
INNER = re.compile(r"^(text_model\.|model\.language_model\.|language_model\.model\.|model\.)")
#: ComfyUI's newer files call so what the first ones, and the converters, call `scale`.
SCALE = re.compile(r"((?:query|key)_norm|distilled_guidance_layer\.norms\.\d+)\.weight$")
GGUF = {"T5EncoderModel": "T5ENCODER", "Qwen3Model": "QWEN3", "Qwen2_5_VLTextModel": "QWEN2VL"}


def empty(part: Part, kind: str, config: Mapping[str, Any], path: Path, depth: int = 0) -> Any:
    """A network whose parameters have shapes but no numbers yet; `depth`: of a language model so
    many layers, and no norm after them. Raises ModelError."""
    found = getattr(module_of(part.library, path), kind)
    try:
        with module_of("accelerate", path).init_empty_weights():
            if part.library == "diffusers":
                return found.from_config(dict(config))
            form = found.config_class
            whole = "text_config" in form.sub_configs  # it sees, and its configuration says how
            network = found(form.from_dict(dict(config) if whole else _shallow(config, depth)))
            if depth:
                network.norm = torch.nn.Identity()
        network.tie_weights()
        return network
    except Exception as error:  # impossible configurations fail in any way they like
        raise ModelError(f"{path} has an impossible configuration: {reason(error)}") from error


def _shallow(config: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """Of what reads texts in a model that also sees."""
    found = dict(config.get("text_config", config))
    if depth:
        found["num_hidden_layers"] = depth
        found |= {key: found[key][:depth] for key in ("layer_types",) if found.get(key)}
    return found


def own_tensors(
    weights: Weights, network: Any, names: str, prefixes: Sequence[str] = DENOISERS
) -> dict[str, Tensor]:
    """A denoiser's or an autoencoder's, by the network's own names, which a file in diffusers'
    layout has already; `names` is the class whose names the converter knows. Raises ModelError."""
    known = importlib.import_module(CONVERTERS + "model").SINGLE_FILE_LOADABLE_CLASSES
    prefix = next(each for each in prefixes if any(name.startswith(each) for name in weights.names))
    own = [name for name in weights.names if name.startswith(prefix)]
    lazy = {name.removeprefix(prefix): tensor for name, tensor in weights.deferred(own).items()}
    wanted = {name for name, _ in network.named_parameters()}
    if 10 * len(wanted & lazy.keys()) > 9 * len(wanted):  # Z-Image's layouts share half
        return lazy
    first = WHOLE if names.startswith("UNet") else ""
    given = {first + SCALE.sub(r"\1.scale", name): tensor for name, tensor in lazy.items()}
    convert = OWN.get(names) or known.get(names, {}).get("checkpoint_mapping_fn")
    if convert is None:
        raise ModelError(f"{weights.path} has its makers' names, which diffusers does not convert;"
                         " choose the edition in diffusers' layout.")  # fmt: skip
    converted: dict[str, Tensor] = convert(checkpoint=given, config=dict(network.config))
    return converted


def encoder_tensors(
    weights: Weights | Shards, network: Any, part: Mapping[str, Any]
) -> dict[str, Tensor]:
    """Of a whole file those `inside`, else all; in transformers' layout, OpenCLIP's, llama.cpp's.
    Raises ModelError."""
    own = [name for name in weights.names if name.startswith(part["inside"])] or weights.names
    lazy = {PART.sub("", name, count=1): tensor for name, tensor in weights.deferred(own).items()}
    if any(".resblocks." in name for name in lazy):
        utils = importlib.import_module(CONVERTERS + "utils")
        lazy = utils.convert_open_clip_checkpoint(network, lazy, prefix="")
    wanted = {INNER.sub("", name): name for name, _ in network.named_parameters()}
    if any(name.startswith(("blk.", "enc.blk.")) for name in lazy):
        lazy = _unpacked(weights.path, lazy, wanted, network)
    plain = {INNER.sub("", name): tensor for name, tensor in lazy.items()}
    if "encoder.embed_tokens.weight" in plain:  # T5's, of which files have one or two
        plain.setdefault("shared.weight", plain["encoder.embed_tokens.weight"])
    if part.get("plain"):
        plain["text_projection.weight"] = _identity(network.config.hidden_size)
    return {wanted[name]: tensor for name, tensor in plain.items() if name in wanted}


def _identity(width: int) -> Tensor:
    return Deferred.of(torch.empty(width, width, device="meta"), lambda: torch.eye(width))


def _unpacked(
    path: Path, lazy: Mapping[str, Tensor], wanted: Mapping[str, str], network: Any
) -> dict[str, Tensor]:
    """llama.cpp's names become transformers'. Raises ModelError for families that it also turns."""
    kind = type(network).__name__
    if kind not in GGUF:
        raise ModelError(f"{path} is packed as llama.cpp keeps {kind}, which is not known here;"
                         " choose its edition as .safetensors.")  # fmt: skip
    gguf = importlib.import_module("gguf")
    layers = network.config.num_hidden_layers
    table = gguf.get_tensor_name_map(gguf.MODEL_ARCH[GGUF[kind]], layers)
    found = {}
    for name in wanted:
        asked = name if kind.startswith("T5") else f"model.{name}"
        if (theirs := table.get_name(asked, (".weight", ".bias"))) in lazy:
            found[name] = lazy[theirs]
    return found
