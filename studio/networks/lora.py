"""Low-rank adapters (LoRA, Hu et al. 2021, arXiv:2106.09685): W x becomes W x + s B A x.

W (out, in) stays as it is; A (rank, in) and B (out, rank) are learnt, and s = alpha / rank times a
weight that the caller chooses (section 4.1). B begins at zero, so an adapter begins silent. Names
are PEFT's, so that either reads the other's files. Shapes in, shapes out: no files, no devices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.core.tables import Within

PREFIX = "base_model.model."  # PEFT's, before a module's own name
DOWN, UP = "lora_A", "lora_B"


@dataclass(frozen=True)
class AdapterConfig:
    rank: Annotated[int, Within(1, 1024)] = 16
    alpha: Annotated[float, Within(1e-6, 1e6)] = 16.0


class LowRank(nn.Linear):
    """A linear layer with an update beside it; its own weights are the layer's, not copies."""

    def __init__(self, layer: nn.Linear, config: AdapterConfig, weight: float = 1.0) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.weight, self.bias = layer.weight, layer.bias
        self.scale = weight * config.alpha / config.rank
        like = {"device": layer.weight.device, "dtype": layer.weight.dtype}
        self.lora_A = nn.Linear(layer.in_features, config.rank, bias=False, **like)
        self.lora_B = nn.Linear(config.rank, layer.out_features, bias=False, **like)
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, x: Tensor) -> Tensor:
        update: Tensor = self.lora_B(self.lora_A(x))
        return F.linear(x, self.weight, self.bias) + self.scale * update

    def bare(self, weight: Tensor) -> nn.Linear:
        """A plain layer with these weights, and this one's bias."""
        layer = nn.Linear(self.in_features, self.out_features, self.bias is not None, device="meta")
        layer.weight, layer.bias = nn.Parameter(weight, self.weight.requires_grad), self.bias
        return layer

    @torch.no_grad()
    def merged(self) -> Tensor:
        """W + s B A (out, in), summed in fp32."""
        update = self.lora_B.weight.float() @ self.lora_A.weight.float()
        return (self.weight.float() + self.scale * update).to(self.weight.dtype)


def adapters(network: nn.Module) -> dict[str, LowRank]:
    """The layers that have an update, by name."""
    return {name: part for name, part in network.named_modules() if isinstance(part, LowRank)}


def add(network: nn.Module, config: AdapterConfig, weight: float = 1.0) -> None:
    """Puts a silent update beside every linear layer; only updates learn from now on."""
    network.requires_grad_(False)
    layers = [(n, part) for n, part in network.named_modules() if type(part) is nn.Linear]
    for name, layer in layers:
        network.set_submodule(name, LowRank(layer, config, weight))


def state_of(network: nn.Module) -> dict[str, Tensor]:
    """The updates' tensors under PEFT's names."""
    return {PREFIX + name: tensor for name, tensor in _updates(network)}


def load(
    network: nn.Module, state: Mapping[str, Tensor], config: AdapterConfig, weight: float = 1.0
) -> None:
    """Puts these updates, `weight` times, beside the layers they name; others have none.

    Raises ValueError for names and shapes that are not of this network, before any change.
    """
    layers = dict(network.named_modules())
    named = {key.removeprefix(PREFIX).rsplit(".", 2)[0] for key in state}
    wanted = {}
    for name in named:
        layer = layers.get(name)
        if type(layer) is not nn.Linear:
            raise ValueError(f"it adapts {name!r}, which this network does not have")
        wanted[f"{PREFIX}{name}.{DOWN}.weight"] = (config.rank, layer.in_features)
        wanted[f"{PREFIX}{name}.{UP}.weight"] = (layer.out_features, config.rank)
    if wanted != {key: tuple(tensor.shape) for key, tensor in state.items()}:
        raise ValueError("its tensors are not those of its layers and its rank")
    for name in named:
        layer = LowRank(cast(nn.Linear, layers[name]), config, weight)
        network.set_submodule(name, layer)
        for part, kind in ((layer.lora_A, DOWN), (layer.lora_B, UP)):
            part.weight.data.copy_(state[f"{PREFIX}{name}.{kind}.weight"])
            part.requires_grad_(False)


def merge(network: nn.Module) -> None:
    """Adds every update into its layer's weights: plain layers again, at no cost a call. Weights
    are replaced, not changed, so another network may share the old ones."""
    _replace(network, lambda part: part.merged())


def remove(network: nn.Module) -> None:
    """Takes every update away again: the network as it was."""
    _replace(network, lambda part: part.weight.data)


def _replace(network: nn.Module, weight: Callable[[LowRank], Tensor]) -> None:
    for name, part in adapters(network).items():
        network.set_submodule(name, part.bare(weight(part)))


def _updates(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for name, part in adapters(network).items():
        yield f"{name}.{DOWN}.weight", part.lora_A.weight.detach()
        yield f"{name}.{UP}.weight", part.lora_B.weight.detach()
