"""A single file becomes a `Checkpoint`: networks without numbers first, then tensor by tensor from
the file to its precision and device. Imports torch, and diffusers, transformers, accelerate late.

Names are diffusers' own converters' business; nothing is ever asked of a hub.
"""

from __future__ import annotations

import gzip
import importlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from studio.core.errors import ModelError
from studio.core.tables import shortened
from studio.models.checkpoint import Checkpoint, answered, module_of, ready
from studio.models.families.adapter import Part
from studio.models.format import Check, reading
from studio.models.formats.checkpoint import AUTOENCODER
from studio.models.formats.diffusers_autoencoder import architecture
from studio.models.kl_autoencoder import KLAutoencoder, built
from studio.models.kl_layout import flat
from studio.models.model import ImageAutoencoder, ModelInfo
from studio.models.probe.probe import PART, judge
from studio.models.single_file import parts
from studio.models.single_file.layout import WHOLE, Layout, layout_of
from studio.models.single_file.parts import Located
from studio.models.single_file.weights import Weights
from studio.models.state_files import reason
from studio.models.weights import finite

MERGES = slice(1, 49152 - 256 - 2 + 1)  # the lines of CLIP's published list that it uses
CONVERTERS = "diffusers.loaders.single_file_"
DENOISERS = (WHOLE, "diffusion_model.", "net.", "")
LONGEST = 77  # tokens that CLIP reads


class Opening:
    """How one file is being opened."""

    def __init__(
        self, path: Path, device: str, precision: str, check: Check, chosen: Mapping[str, str]
    ) -> None:
        """`chosen`: parts in other files, and what the user knows better than the probe, by name.
        Raises ModelError, UsageError for a name that there is not."""
        self.check = reading(check)
        self.weights, self.device = Weights(path, self.check.add), device
        self.precision = getattr(torch, precision)
        places = dict(chosen)
        answer = judge(self.weights.header, path)
        self.told = {each.topic for each in answer.prefilled} & places.keys()
        for topic in self.told:
            answer = answer.overridden(topic, places.pop(topic))
        self.answer, self.layout = answer, layout_of(path, answer)
        self.parts = parts.located(path, self.weights.names, self.layout, answer, places)
        parts.check(path, self.parts)

    def checkpoint(self, info: ModelInfo) -> Checkpoint:
        """Raises ModelError."""
        *rest, autoencoder = self.parts
        opened = self._autoencoder(autoencoder)  # first, while there is most room
        networks = {part.part: self._part(part) for part in rest}
        adapter = self.layout.family(networks, self.layout.index, opened.downsampling)
        scheduler = {**self.layout.scheduler, **answered(info.path, self.check, self.told)}
        return ready(info, adapter, opened, scheduler, info.path)

    def _part(self, part: Located) -> Any:
        self.check()
        assert part.path
        if part.part not in self.layout.parts:
            encoder = part.part.replace(parts.TOKENIZER, "text_encoder")
            return tokenizer(part.path, self.layout, self.layout.parts[encoder]["pad"])
        own = self.layout.family.parts[part.part]
        kind, config = self.layout.parts[part.part]["class"], self.layout.configs[part.part]
        network = empty(own, kind, config, part.path)
        weights = (
            self.weights if part.path == self.weights.path else Weights(part.path, self.check.add)
        )
        asked = part.part == self.layout.family.asked
        try:
            found = (
                denoiser_tensors(weights, network, kind)
                if asked
                else encoder_tensors(weights, network, self.layout.parts[part.part]["inside"])
            )
        except ModelError:
            raise
        except Exception as error:  # converters fail in any way they like
            raise ModelError(f"{part.path} cannot be opened: {reason(error)}") from error
        return self._filled(network, found, weights, self.precision, strict=asked)

    def _autoencoder(self, part: Located) -> ImageAutoencoder:
        self.check()
        path = self.weights.path
        if part.path != path:
            from studio.models.registry import open_autoencoder

            precision = str(self.precision).removeprefix("torch.")
            return open_autoencoder(str(part.path), self.device, precision)
        tensors = self.weights.header.tensors
        shapes = {name: tensors[name].shape or () for name in self.weights.names}
        own, config, scaling = architecture(path, shapes, self.layout.configs.get(AUTOENCODER))
        lazy = self.weights.deferred(own.values())
        found = {name: lazy[of].reshape(flat(name, shapes[of])) for name, of in own.items()}
        # in half precision the activations of Stable Diffusion XL's overflow
        kind = torch.float32 if self.precision == torch.float16 else self.precision
        network = self._filled(built(path, config), found, self.weights, kind, strict=True)
        return KLAutoencoder(network, scaling).to(self.device).eval()

    def _filled(
        self, network: Any, found: Mapping[str, Tensor], weights: Weights, kind: torch.dtype,
        strict: bool,
    ) -> Any:  # fmt: skip
        """With every parameter from the file; `strict`: and no tensor of the file left over."""
        path, wanted = weights.path, dict(network.named_parameters())
        if missing := sorted(wanted.keys() - found.keys()):  # they would be random numbers
            raise ModelError(f"{path} lacks {len(missing)} of its tensors: {missing[0]}, ...")
        if strict and (more := sorted(found.keys() - wanted.keys())):
            raise ModelError(f"{path} holds {shortened(more[0])}, which is not known here.")
        state = {}
        for name, parameter in wanted.items():
            shape, is_shape = tuple(parameter.shape), tuple(found[name].shape)
            same_count = weights.is_gguf and found[name].numel() == parameter.numel()
            if shape != is_shape and not same_count:
                raise ModelError(f"{path} holds {shortened(name)} as {is_shape}, not {shape}.")
            self.check()
            tensor = found[name].numbers().reshape(shape)  # type: ignore[attr-defined]
            state[name] = finite(path, name, tensor, kind).to(self.device)
        network.load_state_dict(state, strict=False, assign=True)
        return network.to(self.device).eval().requires_grad_(False)


def empty(part: Part, kind: str, config: Mapping[str, Any], path: Path) -> Any:
    """A network whose parameters have shapes but no numbers yet. Raises ModelError."""
    found = getattr(module_of(part.library, path), kind)
    try:
        with module_of("accelerate", path).init_empty_weights():
            if part.library == "diffusers":
                return found.from_config(dict(config))
            return found(found.config_class.from_dict(dict(config)))
    except Exception as error:  # impossible configurations fail in any way they like
        raise ModelError(f"{path} has an impossible configuration: {reason(error)}") from error


def denoiser_tensors(weights: Weights, network: Any, kind: str) -> dict[str, Tensor]:
    """By the network's own names, which a file in diffusers' layout has already."""
    known = importlib.import_module(CONVERTERS + "model").SINGLE_FILE_LOADABLE_CLASSES
    names = weights.names
    prefix = next(each for each in DENOISERS if any(name.startswith(each) for name in names))
    own = [name for name in names if name.startswith(prefix)]
    lazy = {name.removeprefix(prefix): tensor for name, tensor in weights.deferred(own).items()}
    wanted = {name for name, _ in network.named_parameters()}
    if 2 * len(wanted & lazy.keys()) > len(wanted):
        return lazy
    whole = {WHOLE + name: tensor for name, tensor in lazy.items()}
    converted: dict[str, Tensor] = known[kind]["checkpoint_mapping_fn"](
        checkpoint=whole, config=dict(network.config)
    )
    return converted


def encoder_tensors(weights: Weights, network: Any, inside: str) -> dict[str, Tensor]:
    """Of a whole file those under `inside`, else all; in transformers' layout or OpenCLIP's."""
    convert = importlib.import_module(CONVERTERS + "utils").convert_open_clip_checkpoint
    own = [name for name in weights.names if name.startswith(inside)] or weights.names
    lazy = {PART.sub("", name, count=1): tensor for name, tensor in weights.deferred(own).items()}
    if any(".resblocks." in name for name in lazy):
        lazy = convert(network, lazy, prefix="")
    plain = {name.removeprefix("text_model."): tensor for name, tensor in lazy.items()}
    wanted = {name.removeprefix("text_model."): name for name, _ in network.named_parameters()}
    return {wanted[name]: tensor for name, tensor in plain.items() if name in wanted}


def tokenizer(path: Path, layout: Layout, pad: str) -> Any:
    """That of the configurations as it is; of any other folder, or a package, CLIP's vocabulary."""
    kind = module_of("transformers", path).CLIPTokenizer
    try:
        if layout.folder is not None and path.parent == layout.folder:
            return kind.from_pretrained(path, local_files_only=True)
        if path.is_dir():
            files = str(path / parts.VOCABULARY), str(path / parts.MERGES)
            return kind(*files, pad_token=pad, model_max_length=LONGEST)
        with tempfile.TemporaryDirectory() as folder:
            return kind(*_unpacked(path, Path(folder)), pad_token=pad, model_max_length=LONGEST)
    except Exception as error:  # what is damaged fails in any way it likes
        raise ModelError(f"{path} cannot be opened: {reason(error)}") from error


def _unpacked(path: Path, folder: Path) -> tuple[str, str]:
    """OpenAI's list of merges as transformers' two files."""
    bytes_of = importlib.import_module("transformers.convert_slow_tokenizer").bytes_to_unicode
    with gzip.open(path, "rt", encoding="utf-8") as file:
        merges = file.read(2**23).splitlines()[MERGES]
    letters = list(bytes_of().values())
    pieces = [*letters, *(letter + "</w>" for letter in letters)]
    pieces += ["".join(merge.split()) for merge in merges] + ["<|startoftext|>", "<|endoftext|>"]
    words, listed = folder / parts.VOCABULARY, folder / parts.MERGES
    words.write_text(json.dumps({p: n for n, p in enumerate(pieces)}), encoding="utf-8")
    listed.write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")
    return str(words), str(listed)
