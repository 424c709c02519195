"""What the encoder says: mean, deviation and information of each channel, as maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.autoencoding import Curve, Probed, ProbeSpec, Tile

if TYPE_CHECKING:
    from studio.engine.probes.study import Study

PROBE = ProbeSpec(
    "posterior",
    "Posterior maps",
    "Mean, deviation and KL of every channel at every position",
    "Kingma & Welling 2014, appendix B",
)


def look(study: Study) -> Probed:
    """A row of three maps a channel."""
    from studio.engine.probes.study import diverging, enlarged, sequential, tile

    posterior = study.posterior()
    mean, deviation = posterior.mean[0], (posterior.log_variance[0] / 2).exp()
    kl = 0.5 * (mean**2 + deviation**2 - 1 - posterior.log_variance[0])
    variational = study.autoencoder.variational
    tiles: list[Tile] = []
    for channel in range(len(mean)):
        high = float(mean[channel].abs().max())
        image = enlarged(diverging(mean[channel], high))
        tiles.append(tile(f"mean {channel}", image, f"-{high:.2f} to {high:.2f}"))
        if variational:
            for name, values in (("deviation", deviation[channel]), ("KL", kl[channel])):
                most = float(values.max())
                image = enlarged(sequential(values, most))
                tiles.append(tile(f"{name} {channel}", image, f"0 to {most:.3g}"))
    if not variational:
        words = "A plain autoencoder: its posterior is a point, without deviation or KL."
        return study.probed(tiles, min(8, len(tiles)), words)
    total = kl.sum((1, 2)).tolist()
    pixels = study.size[0] * study.size[1]
    words = (
        f"The latent tells {sum(total):.0f} nats, {sum(total) / 0.6931 / pixels:.3f} bits a pixel;"
        f" blue is below 0, red above. Mean deviation {float(deviation.mean()):.3f}."
    )
    curve = Curve("KL", tuple(map(float, range(len(total)))), tuple(total))
    return study.probed(tiles, 3, words, (curve,), "channel", "KL, nats")
