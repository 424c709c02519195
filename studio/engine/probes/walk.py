"""A walk along one channel or one principal component of the latent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.autoencoding import ProbeSpec
from studio.core.specs import Parameter

if TYPE_CHECKING:
    from torch import Tensor

    from studio.engine.probes.bench import Bench, Findings

PROBE = ProbeSpec(
    "walk",
    "Walk along a direction",
    "The whole latent shifted along a channel or a principal component of its positions",
    "Harkonen et al. 2020 (GANSpace), for components",
    parameters=(
        Parameter("along", "Along", "component", "", choices=("component", "channel")),
        Parameter("index", "Number", 0, "Which one; components come largest first", 0, 63),
        Parameter("reach", "Deviations", 2.0, "How far to both sides", 0.1, 10.0),
    ),
)
STEPS = 9


def look(bench: Bench) -> Findings:
    """A strip of pictures from one side to the other."""
    import torch

    from studio.engine.probes.bench import Findings, tile

    latent = bench.autoencoder.normalised(bench.posterior().mean)
    index = int(bench.number("index")) % latent.shape[1]
    direction, share = _direction(latent, bench.options["along"] == "channel", index)
    reach = bench.number("reach")
    tiles = []
    for step in torch.linspace(-reach, reach, STEPS).tolist():
        moved = latent + step * direction[None, :, None, None]
        picture = bench.decoded(bench.autoencoder.denormalised(moved))
        tiles.append(tile(f"{step:+.2g}", picture[0]))
    words = f"{bench.options['along']} {index}: {100 * share:.0f} % of this latent's variance."
    return Findings(tuple(tiles), STEPS, f"{words[:1].upper()}{words[1:]}")


def _direction(latent: Tensor, channel: bool, index: int) -> tuple[Tensor, float]:
    """One deviation along the direction, (C,), and its share of the variance over positions."""
    import torch

    points = latent[0].flatten(1)
    points = points - points.mean(1, keepdim=True)
    covariance = points @ points.T / points.shape[1]
    if channel:
        values = covariance.diagonal()
        vector = torch.eye(len(values), device=latent.device)[index]
    else:
        values, vectors = torch.linalg.eigh(covariance)
        values, vector = values.flip(0), vectors.flip(1)[:, index]
    variance = values[index].clamp_min(0)
    return vector * variance.sqrt(), float(variance / values.sum().clamp_min(1e-12))
