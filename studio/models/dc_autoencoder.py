"""diffusers' AutoencoderDC (DC-AE, Chen et al. 2024, arXiv:2410.10733) behind the studio's
interface: Sana's, with latents a 32nd of the picture's side."""

from __future__ import annotations

import torch
from torch import Tensor

from studio.models.kl_autoencoder import KLAutoencoder
from studio.networks.autoencoder import Posterior

NO_VARIANCE = -30.0  # its logarithm


class DCAutoencoder(KLAutoencoder):
    """`network` is diffusers' AutoencoderDC, which learnt no posterior."""

    variational = False

    @property
    def downsampling(self) -> int:
        return int(self.network.spatial_compression_ratio)

    def encode(self, pictures: Tensor) -> Posterior:
        mean = self.network.encoder(pictures.to(self._dtype)).float()
        return Posterior(mean, torch.full_like(mean, NO_VARIANCE))

    def decode(self, latents: Tensor) -> Tensor:
        return self.network.decoder(latents.to(self._dtype))
