"""LoHa and LoKr, which LyCORIS trains beside LoRA (Yeh et al. 2024, arXiv:2309.14859): the change
of a layer's weight is a product of small factors, element by element or Kronecker's.

It takes the place of the two layers that PEFT gives a LoRA, so that weighing, taking off and
several at once are PEFT's business; names that are not the network's own are diffusers'.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.nn import Conv2d, Identity, Module, Parameter, ParameterDict
from torch.nn.functional import conv2d, linear

from studio.models.probe.lora import module_of

FACTOR = re.compile(r"(.+)\.((?:lokr|hada)_(?:w[12](?:_[ab])?|t[12]))(?:\.weight)?$")
#: What stands before the modules of each part (`module_of`).
MARKS = {
    "unet": ("",), "transformer": ("",), "text_encoder": ("te:", "te1:"),
    "text_encoder_2": ("te2:",),
}  # fmt: skip
Place = tuple[str, str]  # a part of the pipeline, and a layer in it


class Change(Module):
    """A layer without bias whose weight is these `rows` of what the factors make, in the shape and
    with the window of another `layer`."""

    def __init__(self, factors: Any, rows: Tensor, layer: Any) -> None:
        super().__init__()
        self.factors, self.shape = factors, tuple(layer.weight.shape)
        first, end = int(rows[0]), int(rows[0]) + len(rows)
        run = torch.equal(rows, torch.arange(first, end))
        self.rows = slice(first, end) if run else rows  # of a run no copy is made
        self.window: tuple[Any, ...] = ()
        if isinstance(layer, Conv2d):
            self.window = layer.stride, layer.padding, layer.dilation, layer.groups

    @property
    def weight(self) -> Tensor:
        """Whose precision is asked for."""
        return next(self.factors.parameters())

    def forward(self, x: Tensor) -> Tensor:
        weight = change(self.factors)[self.rows].reshape(self.shape)
        return conv2d(x, weight, None, *self.window) if self.window else linear(x, weight)


def change(factors: Mapping[str, Tensor]) -> Tensor:
    """What is added to a weight (outputs, inputs, ...): LoHa's (w1_a w1_b) * (w2_a w2_b), or LoKr's
    w1 (a, b) kron w2 (c, d, ...), (a c, b d, ...). Raises KeyError where a factor is missing."""
    if "hada_w1_a" in factors:
        return _matrix(factors, "hada_w1") * _matrix(factors, "hada_w2")
    first, second = _matrix(factors, "lokr_w1"), _matrix(factors, "lokr_w2")
    ones = [1] * (second.ndim - 2)
    return torch.kron(first.reshape(*first.shape, *ones), second.contiguous())


def _matrix(factors: Mapping[str, Tensor], name: str) -> Tensor:
    """A whole one, or of low rank; of a window (r, r, kh, kw) between the two where it has one."""
    if name in factors:
        return factors[name]
    a, b, core = factors[f"{name}_a"], factors[f"{name}_b"], factors.get(name.replace("_w", "_t"))
    return a @ b if core is None else torch.einsum("ijkl,ip,jr->prkl", core, a, b)


def is_lycoris(state: Mapping[str, Tensor]) -> bool:
    return any(FACTOR.match(name) for name in state)


def put_on(
    pipeline: Any, networks: Mapping[str, Any], state: Mapping[str, Tensor], adapter: str
) -> int:
    """Puts a file's changes on the pipeline's networks under an adapter's name; how many keys it
    has beside alphas. Fails in any way where the file is damaged or its names are unknown."""
    from diffusers.hooks.group_offloading import _maybe_remove_and_reapply_group_offloading
    from peft import LoraConfig, inject_adapter_in_model

    factors = _factors(state)
    places = _places(pipeline, networks, factors)
    for part in {part for part, _ in places}:
        network, own = networks[part], {n: each for (p, n), each in places.items() if p == part}
        config = LoraConfig(r=1, lora_alpha=1, target_modules="|".join(map(re.escape, own)))
        inject_adapter_in_model(config, network, adapter, low_cpu_mem_usage=True)
        network._hf_peft_config_loaded = True  # so that it is taken off again
        for name, (stem, rows) in own.items():
            layer = network.get_submodule(name)
            base, (_, *inputs) = layer.get_base_layer(), _shape(stem, factors[stem])
            if (len(rows), prod(inputs)) != (len(base.weight), base.weight[0].numel()):
                raise ValueError(f"{stem} is of another size than the layer there")
            layer.lora_A[adapter] = Change(factors[stem], rows, base)
            layer.lora_B[adapter] = Identity()
        _maybe_remove_and_reapply_group_offloading(network)  # it has noted what was there
    return sum(not name.endswith(".alpha") for name in state)


def _factors(state: Mapping[str, Tensor]) -> dict[str, ParameterDict]:
    """By the file's names of layers, with alpha / rank in one of them: whole ones have no rank."""
    found: dict[str, dict[str, Tensor]] = {}
    for name, tensor in state.items():
        if match := FACTOR.match(name):
            found.setdefault(match[1], {})[match[2]] = tensor
    for stem, factors in found.items():
        narrow = [each for n, each in sorted(factors.items(), reverse=True) if n.endswith("_b")]
        alpha = state.get(f"{stem}.alpha")
        if narrow and alpha is not None:
            first = next(iter(factors))
            factors[first] = factors[first] * (alpha / len(narrow[0])).to(factors[first])
    return {
        stem: ParameterDict({n: Parameter(each, requires_grad=False) for n, each in own.items()})
        for stem, own in found.items()
    }


def _shape(stem: str, factors: ParameterDict) -> tuple[int, ...]:
    """Of what the factors make. Raises ValueError where they make nothing."""
    try:
        return tuple(change({n: each.to("meta") for n, each in factors.items()}).shape)
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"the factors of {stem} do not belong together") from error


def _places(
    pipeline: Any, networks: Mapping[str, Any], factors: Mapping[str, ParameterDict]
) -> dict[Place, tuple[str, Tensor]]:
    """Which of the file's layers changes each of the networks', and by which of its rows."""
    known: dict[str, Place] = {}
    for part in MARKS.keys() & networks.keys():
        for name, layer in networks[part].named_modules():
            plain = name.removeprefix("text_model.").replace(".", "_")
            if hasattr(layer, "weight"):
                known |= {mark + plain: (part, name) for mark in MARKS[part]}
    found, others = {}, []
    for stem, own in factors.items():
        outputs, *_ = _shape(stem, own)
        if place := known.get(module_of(stem).replace(":text_model_", ":")):
            found[place] = stem, torch.arange(outputs)
        else:
            others.append((stem, outputs))
    # FLUX.1's makers' names are read as kohya's alone
    for kohya in (False, True) if others else ():
        converted = _converted(pipeline, others, kohya).items()
        if fitting := {place: each for place, each in converted if place in known.values()}:
            return found | fitting
    return found


def renamed(pipeline: Any, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A LoRA's tensors as diffusers names them; it scales some of those it is given in place."""
    unet = {"unet_config": pipeline.unet.config} if hasattr(pipeline, "unet") else {}
    told = pipeline.lora_state_dict({**state}, **unet)
    return dict(told[0] if isinstance(told, tuple) else told)


def _converted(
    pipeline: Any, layers: list[tuple[str, int]], kohya: bool
) -> dict[Place, tuple[str, Tensor]]:
    """By diffusers' converter of LoRA, of the names as they are or as kohya has them. It parts and
    turns the rows of what is fused, so it is given LoRA whose ups are the numbers of their rows,
    and whose downs are the number of the layer."""
    state = {}
    for number, (name, outputs) in enumerate(layers):
        stem = f"lora_unet_{module_of(name)}" if kohya else name
        down, up = ("lora_down", "lora_up") if stem.startswith("lora_") else ("lora_A", "lora_B")
        state[f"{stem}.{down}.weight"] = torch.full((1, 1), float(number))
        state[f"{stem}.{up}.weight"] = torch.arange(float(outputs))[:, None]
    utils: Any = importlib.import_module("diffusers.utils")
    told = utils.convert_unet_state_dict_to_peft(renamed(pipeline, state))
    found = {}
    for name in told:
        if name.endswith(end := ".lora_A.weight"):
            part, _, layer = name.removesuffix(end).partition(".")
            rows = told[name.replace("lora_A", "lora_B")][:, 0].long()
            found[part, layer] = layers[int(told[name])][0], rows
    return found
