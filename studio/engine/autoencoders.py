"""The autoencoders that were opened last: kept, so that asking again costs no loading."""

from __future__ import annotations

from collections.abc import Callable

from studio.core.device import Device
from studio.models.model import ImageAutoencoder

KEPT = 2**30  # bytes of parameters, all together; the last one is kept whatever its size
#: open_autoencoder(name or path, device)
OpenAutoencoder = Callable[[str, Device], ImageAutoencoder]


def open_autoencoder_from_disk(name: str, device: Device) -> ImageAutoencoder:
    """In the device's precision. Raises ModelError."""
    from studio.models.registry import open_autoencoder

    return open_autoencoder(name, device.name, device.precision)


class Autoencoders:
    """For one thread at a time."""

    def __init__(self, device: Device, open_autoencoder: OpenAutoencoder) -> None:
        self.device = device
        self._open = open_autoencoder
        self._opened: dict[str, ImageAutoencoder] = {}  # the one used last is last

    def get(self, name: str) -> ImageAutoencoder:
        """Opened, if it is not at hand. Raises ModelError."""
        import torch

        autoencoder = self._opened.pop(name, None)
        if autoencoder is None:
            with torch.inference_mode(False):  # its parameters shall serve elsewhere too
                autoencoder = self._open(name, self.device)
        self._opened[name] = autoencoder
        while len(self._opened) > 1 and sum(map(_bytes, self._opened.values())) > KEPT:
            del self._opened[next(iter(self._opened))]
        return autoencoder

    def forget(self) -> None:
        """Drops the autoencoders: memory is short, or one has been trained anew."""
        self._opened.clear()


def _bytes(autoencoder: ImageAutoencoder) -> int:
    return sum(each.numel() * each.element_size() for each in autoencoder.parameters())
