"""A walk along one channel or one principal component of the latent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.autoencoding import Probed, ProbeSpec
from studio.core.specs import Parameter
from studio.core.wording import capitalised

if TYPE_CHECKING:
    from torch import Tensor

    from studio.engine.probes.study import Study

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


def look(study: Study) -> Probed:
    """A strip of pictures from one side to the other."""
    import torch

    from studio.engine.probes.study import tile

    latent = study.autoencoder.normalised(study.posterior().mean)
    index = int(study.number("index")) % latent.shape[1]
    direction, share = _direction(latent, study.options["along"] == "channel", index)
    reach = study.number("reach")
    tiles = []
    for step in torch.linspace(-reach, reach, STEPS).tolist():
        moved = latent + step * direction[None, :, None, None]
        picture = study.decoded(study.autoencoder.denormalised(moved))
        tiles.append(tile(f"{step:+.2g}", picture[0]))
    words = f"{study.options['along']} {index}: {100 * share:.0f} % of this latent's variance."
    return study.probed(tiles, STEPS, capitalised(words))


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
