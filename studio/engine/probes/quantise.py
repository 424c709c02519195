"""How many bits a latent value needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.autoencoding import Curve, Probed, ProbeSpec
from studio.core.specs import Parameter

if TYPE_CHECKING:
    from studio.engine.probes.study import Study

PROBE = ProbeSpec(
    "quantise",
    "Quantise the latent",
    "Every value rounded to fewer and fewer bits",
    "Uniform quantisation between each channel's extremes",
    parameters=(Parameter("most", "Most bits", 8, "A latent value", 2, 16),),
)


def look(study: Study) -> Probed:
    """Pictures and PSNR over the bits of a value."""
    from studio.engine.probes.study import ratio, tile

    latent, original = study.posterior().mean, study.original()
    low = latent.amin((2, 3), keepdim=True)
    span = (latent.amax((2, 3), keepdim=True) - low).clamp_min(1e-12)
    bits = range(int(study.number("most")), 0, -1)
    tiles, ratios, cost = [], [], latent[0].numel() / (study.size[0] * study.size[1])
    for each in bits:
        levels = 2**each - 1
        rounded = ((latent - low) / span * levels).round() / levels * span + low
        picture = study.decoded(rounded)
        ratios.append(ratio(picture, original))
        detail = f"{ratios[-1]:.1f} dB, {each * cost:.3f} bits/pixel"
        tiles.append(tile(f"{each} bits", picture[0], detail))
    whole = ratio(study.decoded(latent), original)
    enough = [each for each, r in zip(bits, ratios, strict=True) if r > whole - 0.5]
    least = f"{min(enough)} bits a value are" if enough else "Even the most bits are not"
    words = f"{least} enough to stay within 0.5 dB of the whole latent's {whole:.1f} dB."
    curve = Curve("PSNR", tuple(map(float, bits)), tuple(ratios))
    return study.probed(tiles, 4, words, (curve,), "bits a value", "PSNR, dB")
