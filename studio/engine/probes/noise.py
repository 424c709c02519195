"""How much noise the latent stands: what a sampler's last steps must beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.autoencoding import Curve, Probed, ProbeSpec
from studio.core.specs import Parameter

if TYPE_CHECKING:
    from studio.engine.probes.study import Study

PROBE = ProbeSpec(
    "noise",
    "Noise on the latent",
    "Gaussian noise of growing deviation on the normalised latent",
    "Rombach et al. 2022",
    parameters=(Parameter("most", "Largest deviation", 1.0, "In the latent's own", 0.05, 5.0),),
)
SHARES = (0.0, 0.03, 0.06, 0.12, 0.25, 0.5, 0.75, 1.0)


def look(study: Study) -> Probed:
    """Pictures and PSNR over the noise's deviation."""
    from studio.engine.probes.study import ratio, tile

    model = study.autoencoder
    latent, original = model.normalised(study.posterior().mean), study.original()
    noise, tiles, ratios = study.noise(latent), [], []
    sigmas = tuple(study.number("most") * share for share in SHARES)
    for sigma in sigmas:
        picture = study.decoded(model.denormalised(latent + sigma * noise))
        ratios.append(ratio(picture, original))
        tiles.append(tile(f"sigma {sigma:.2g}", picture[0], f"{ratios[-1]:.1f} dB"))
    fallen = next((s for s, r in zip(sigmas, ratios, strict=True) if r < ratios[0] - 3), None)
    where = f"at deviation {fallen:.2g}" if fallen is not None else "nowhere yet"
    words = f"PSNR has fallen by 3 dB {where}; the latent's own deviation is 1."
    curve = Curve("PSNR", sigmas, tuple(ratios))
    return study.probed(tiles, 4, words, (curve,), "deviation of the noise", "PSNR, dB")
