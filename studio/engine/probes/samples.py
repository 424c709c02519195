"""How much the posterior leaves open: several draws of it, decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.autoencoding import Probed, ProbeSpec
from studio.core.specs import Parameter

if TYPE_CHECKING:
    from studio.engine.probes.study import Study

PROBE = ProbeSpec(
    "samples",
    "Samples of the posterior",
    "The same picture's latent drawn several times, and where the pictures differ",
    "Kingma & Welling 2014, section 2.3",
    parameters=(Parameter("count", "Samples", 6, "How many are drawn", 2, 32),),
)


def look(study: Study) -> Probed:
    """The mean's picture, the samples, and their deviation pixel by pixel."""
    import torch

    from studio.engine.probes.study import ratio, sequential, tile

    posterior, count = study.posterior(), int(study.number("count"))
    mean = study.decoded(posterior.mean)
    deviation = (posterior.log_variance / 2).exp()
    drawn = [posterior.mean + deviation * study.noise(deviation) for _ in range(count)]
    pictures = study.decoded(torch.cat(drawn))
    spread = pictures.std(0).mean(0)
    high = float(spread.max())
    tiles = [tile("mean", mean[0], f"{ratio(mean, study.original()):.1f} dB to the original")]
    tiles.append(tile("deviation", sequential(spread, high), f"0 to {high:.3f} of 1"))
    for number, picture in enumerate(pictures):
        tiles.append(tile(f"sample {number + 1}", picture, f"{ratio(picture[None], mean):.1f} dB"))
    words = (
        f"The samples differ by {float(spread.mean()):.4f} of the range on average, most where the"
        " second picture is bright; a figure under a sample is its PSNR to the mean's picture."
    )
    return study.probed(tiles, 4, words)
