"""The patch discriminator: real or decoded, judged at every patch of a picture.

Isola et al. 2017 (PatchGAN), as in Esser et al. 2021, with GroupNorm in place of BatchNorm, so that
a picture's logits do not depend on the batch it came in. Shapes in, shapes out.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class DiscriminatorConfig:
    """`width` channels in the first of `layers` strided convolutions, doubling up to 8 x."""

    width: int = 64
    layers: int = 3


class PatchDiscriminator(nn.Module):
    """Pictures (B, 3, H, W) in [-1, 1] -> logits (B, 1, h, w), positive for real.

    With three layers a logit sees 70 x 70 pixels, and h = H/8 - 2.
    """

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        layers: list[nn.Module] = [nn.Conv2d(3, config.width, 4, 2, 1), nn.LeakyReLU(0.2)]
        width = config.width
        for level in range(1, config.layers + 1):
            wider = config.width * min(2**level, 8)
            stride = 2 if level < config.layers else 1
            layers += [
                nn.Conv2d(width, wider, 4, stride, 1, bias=False),
                nn.GroupNorm(max(1, wider // 16), wider),
                nn.LeakyReLU(0.2),
            ]
            width = wider
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 1, 4, 1, 1))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0.0, 0.02)

    def forward(self, pictures: Tensor) -> Tensor:
        logits: Tensor = self.layers(pictures)
        return logits
