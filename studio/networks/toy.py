"""The toy network: a perceptron for points of the plane. Shapes in, shapes out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import torch
from torch import Tensor, nn

from studio.core.tables import Within
from studio.networks.bounds import Width


@dataclass(frozen=True)
class ToyConfig:
    """`depth` hidden layers of `width`; `frequencies` of each coordinate and of the time; `classes`
    that it may be told; `outputs`: 2 of a denoiser, of a classifier one a class."""

    width: Width = 96
    depth: Annotated[int, Within(1, 256)] = 4
    frequencies: Annotated[int, Within(1, 64)] = 6
    classes: Annotated[int, Within(0, 1024)] = 0
    outputs: Annotated[int, Within(1, 1024)] = 2


def fourier(values: Tensor, count: int) -> Tensor:
    """sin and cos of 2^k pi / 4 times each value, k = 0 ... count - 1: (N, D) -> (N, 2 D count).

    Without them a perceptron learns what is smooth and little else (Tancik et al. 2020).
    """
    rates = 0.25 * math.pi * 2.0 ** torch.arange(count, device=values.device)
    angles = (values[..., None] * rates).flatten(1)
    return torch.cat([angles.sin(), angles.cos()], -1)


class ToyNetwork(nn.Module):
    """A prediction at (x_t, t) for two-dimensional data of about unit size."""

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        self.config = config
        told = config.classes + 1 if config.classes else 0
        widths = [2 + 6 * config.frequencies + told, *[config.width] * config.depth]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.output = nn.Linear(config.width, config.outputs)

    def forward(self, x: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        """x (N, 2), t (N,) in [0, 1] and classes (N,) int64 -> (N, outputs).

        None, like the number after the last class, is no class.
        """
        count, dtype = self.config.frequencies, self.output.weight.dtype
        features = [x, fourier(x, count), fourier(t[:, None], count)]
        if classes := self.config.classes:
            if label is None:
                label = torch.full((len(x),), classes, device=x.device)
            features.append(nn.functional.one_hot(label, classes + 1))
        h = torch.cat(features, -1).to(dtype)
        for layer in self.hidden:
            h = nn.functional.silu(layer(h))
        return self.output(h)
