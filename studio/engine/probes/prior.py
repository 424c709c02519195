"""Is the space meaningful? What the prior N(0, I) decodes to, without any picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.autoencoding import Probed, ProbeSpec
from studio.core.specs import Parameter

if TYPE_CHECKING:
    from studio.engine.probes.study import Study

PROBE = ProbeSpec(
    "prior",
    "Samples of the prior",
    "z ~ N(0, I), decoded: a VAE was trained to make sense of it, a plain autoencoder was not",
    "Kingma & Welling 2014",
    pictures=0,
    parameters=(
        Parameter("count", "Samples", 8, "How many are drawn", 1, 32),
        Parameter("side", "Side", 8, "Positions of the latent, across and down", 2, 64),
    ),
)


def look(study: Study) -> Probed:
    """The raw noise decoded, then the same noise with the training pictures' mean and deviation."""
    import torch

    from studio.engine.probes.study import tile

    model, side = study.autoencoder, int(study.number("side"))
    count = int(study.number("count"))
    z = study.noise(torch.empty(count, model.latent_channels, side, side))
    z = z.to(study.device)
    raw = study.decoded(z)
    tiles = [tile("N(0, I)", picture) for picture in raw]
    scaled = study.decoded(model.denormalised(z))
    tiles += [tile("scaled", picture) for picture in scaled]
    words = (
        "First N(0, I) itself, then the same noise with the mean and deviation that real latents"
        f" have. Contrast {float(raw.std()):.2f} and {float(scaled.std()):.2f}. No position knows"
        " of its neighbours: whole pictures need the denoiser."
    )
    return study.probed(tiles, count, words)
