"""diffusers' AutoencoderKLQwenImage behind the studio's interface: Wan's autoencoder of films,
which is given films of one picture."""

from __future__ import annotations

from torch import Tensor

from studio.models.kl_autoencoder import KLAutoencoder
from studio.networks.autoencoder import Posterior


class QwenAutoencoder(KLAutoencoder):
    """`network` is diffusers' AutoencoderKLQwenImage."""

    @property
    def downsampling(self) -> int:
        return int(self.network.spatial_compression_ratio)

    @property
    def latent_channels(self) -> int:
        return int(self.network.config.z_dim)

    def encode(self, pictures: Tensor) -> Posterior:
        found = self.network.encode(pictures[:, :, None].to(self._dtype)).latent_dist
        return Posterior(found.mean[:, :, 0].float(), found.logvar[:, :, 0].float())

    def decode(self, latents: Tensor) -> Tensor:
        decoded: Tensor = self.network.decode(latents[:, :, None].to(self._dtype)).sample
        return decoded[:, :, 0]
