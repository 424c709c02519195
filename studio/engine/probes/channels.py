"""What each channel carries: switched off one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.autoencoding import Curve, Probed, ProbeSpec

if TYPE_CHECKING:
    from studio.engine.probes.study import Study

PROBE = ProbeSpec(
    "channels",
    "Switch channels off",
    "One channel at a time set to its mean over the picture",
    "Ablation; Burda et al. 2016 on inactive units",
)


def look(study: Study) -> Probed:
    """A picture a channel, and how far PSNR falls without it."""
    from studio.engine.probes.study import ratio, tile

    latent, original = study.posterior().mean, study.original()
    whole = study.decoded(latent)
    best, tiles, falls = ratio(whole, original), [], []
    tiles.append(tile("all channels", whole[0], f"{best:.1f} dB"))
    for channel in range(latent.shape[1]):
        without = latent.clone()
        without[:, channel] = latent[:, channel].mean()
        picture = study.decoded(without)
        falls.append(best - ratio(picture, original))
        tiles.append(tile(f"without {channel}", picture[0], f"{-falls[-1]:+.1f} dB"))
    heaviest = max(range(len(falls)), key=falls.__getitem__)
    idle = [number for number, fall in enumerate(falls) if fall < 0.05]
    words = f"Channel {heaviest} carries most: {falls[heaviest]:.1f} dB."
    words += f" Channels {', '.join(map(str, idle))} carry nothing here." if idle else ""
    curve = Curve("loss", tuple(map(float, range(len(falls)))), tuple(falls))
    return study.probed(tiles, 5, words, (curve,), "channel", "PSNR lost, dB")
