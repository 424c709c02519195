"""The studio's own bundle: a folder with a network each in text/, denoiser/ and autoencoder/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import ModelError
from studio.core.tables import shortened
from studio.models.format import Check
from studio.models.model import ModelInfo
from studio.models.network_folder import MANIFEST, read_manifest

if TYPE_CHECKING:
    from studio.models.latent_diffusion import LatentDiffusion

PARTS = ("text", "denoiser", "autoencoder")
WEAK, CLASSIFIER, TURBO = "weak", "classifier", "turbo"  # parts a bundle may lack
TOKENIZER = "tokenizer.json"


class NativeFormat:
    """A generator: what it takes to go from a prompt to a picture."""

    name = "native"

    def recognises(self, path: Path) -> bool:
        return any((path / part / MANIFEST).is_file() for part in PARTS)

    def describe(self, path: Path) -> ModelInfo:
        manifests = {part: read_manifest(path / part) for part in PARTS}
        for part, manifest in manifests.items():
            if manifest.kind != part:
                raise ModelError(
                    f"{manifest.path} describes a {shortened(manifest.kind)}, not a {part!r}."
                )
        if not (path / "text" / TOKENIZER).is_file():
            raise ModelError(f"{path / 'text' / TOKENIZER} is missing.")
        parameters = sum(manifest.parameters for manifest in manifests.values())
        trained = manifests["denoiser"].trained
        return ModelInfo(path.name, "generator", self.name, parameters, path, trained)

    def open(self, path: Path, device: str, precision: str, check: Check) -> LatentDiffusion:
        from studio.models.latent_diffusion import open_bundle

        return open_bundle(self.describe(path), device, precision, check)


FORMAT = NativeFormat()
