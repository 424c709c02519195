"""A network without numbers is filled, tensor by tensor: each into its precision and its device,
and in linear layers into eight bits where that is chosen. Imports torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from studio.core.errors import ModelError
from studio.core.tables import shortened
from studio.models.eight_bits import packing
from studio.models.weights import finite


@dataclass(frozen=True)
class Filling:
    """From `path`, for messages; `kind` is the precision, `packed` one of `eight_bits.BESIDE` or
    ""."""

    path: Path
    device: str
    kind: torch.dtype
    check: Callable[[], None]
    packed: str = ""

    def __call__(
        self, network: Any, found: Mapping[str, Tensor], strict: bool, flat: bool = False
    ) -> Any:
        """With every parameter from `found`, whose tensors are Deferred; `strict`: and none of
        these left over; `flat`: they may have other shapes. Raises ModelError."""
        kept = network.state_dict().keys()
        wanted = dict(network.named_parameters())
        wanted |= {name: buffer for name, buffer in network.named_buffers() if name in kept}
        if missing := sorted(wanted.keys() - found.keys()):  # they would be random numbers
            raise ModelError(f"{self.path} lacks {len(missing)} of its tensors: {missing[0]}, ...")
        if strict and (more := sorted(found.keys() - wanted.keys())):
            raise ModelError(f"{self.path} holds {shortened(more[0])}, which is not known here.")
        full = set(getattr(network, "_keep_in_fp32_modules", None) or ())  # T5's overflow in half
        linear, pack = (_linear(network), packing(self.packed)) if self.packed else (set(), None)
        state = {}
        for name, parameter in wanted.items():
            shape, is_shape = tuple(parameter.shape), tuple(found[name].shape)
            if shape != is_shape and not (flat and found[name].numel() == parameter.numel()):
                raise ModelError(f"{self.path} holds {shortened(name)} as {is_shape}, not {shape}.")
            self.check()
            tensor = found[name].numbers().reshape(shape)  # type: ignore[attr-defined]
            exact = self.kind == torch.float16 and not full.isdisjoint(name.split("."))
            own = torch.float32 if exact else self.kind
            state[name] = finite(self.path, name, tensor, own).to(self.device)
            if pack is not None and name in linear:
                state[name] = pack(state[name])
        network.load_state_dict(state, strict=False, assign=True)
        if hasattr(network, "tie_weights"):
            network.tie_weights()
        return network.to(self.device).eval().requires_grad_(False)


def _linear(network: nn.Module) -> set[str]:
    """The names of its linear layers' weights."""
    layers = ((name, each) for name, each in network.named_modules() if isinstance(each, nn.Linear))
    return {f"{name}.weight" for name, _ in layers}
