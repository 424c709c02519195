"""The bound that a VAE is trained on beside the integral it bounds, in the plane, which sums it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from studio.core.autoencoding import Curve, Probed, ProbeSpec
from studio.core.learning import Preparing

if TYPE_CHECKING:
    from torch import Tensor

    from studio.engine.measures.elbo import Bounds
    from studio.engine.probes.study import Study

PROBE = ProbeSpec(
    "bound",
    "The bound, in the plane",
    "A VAE of two moons, trained on the spot: its exact log p(x), the ELBO, and the bound without"
    " the encoder",
    "Kingma and Welling 2014, arXiv:1312.6114",
    pictures=0,
    own="VAE of two moons",
)
DATA, SIDE = "moons", 64  # positions of a map
FLOOR, MOST = -9.0, 5.0  # nats: what is darkest of log p, and brightest of a gap
DRAWS = 50
TOLD = 10  # steps between two words on how far it is
GROUP = 25  # of the measured points, neighbours in likelihood: a dot on the plot is their mean


def prepare(study: Study) -> Iterator[Preparing]:
    """Trains, and tells how far it is."""
    from studio.engine.measures.elbo import STEPS, training

    began = time.monotonic()
    for step in training(DATA):
        study.check()
        if step % TOLD == 0:
            left = (time.monotonic() - began) * (STEPS / step - 1) if step else None
            yield Preparing(study.job, "training the VAE", step, STEPS, left)


def look(study: Study) -> Probed:
    """Maps of the plane; and over the measured points, from the least likely to the most."""
    import torch

    from studio.diffusion.distributions import find_distribution
    from studio.engine.measures.elbo import Bounds
    from studio.engine.probes.study import enlarged, sequential, tile

    measured = Bounds.measured(DATA, study.check)
    study.check()
    extent = find_distribution(DATA).extent
    line = torch.linspace(-extent, extent, SIDE)
    y, x = torch.meshgrid(line.flip(0), line, indexing="ij")
    points = torch.stack((x.flatten(), y.flatten()), -1)
    plane, gaps = Bounds.at(DATA, points, DRAWS, study.generator, study.check), measured.gaps

    def shown(values: Tensor, least: float, most: float) -> Tensor:
        return enlarged(sequential(values.view(SIDE, SIDE) - least, most - least))

    top = float(plane.data.max())
    tiles = [
        tile(name, shown(values, FLOOR, top), f"{float(of_data.mean()):.2f} nats")
        for name, values, of_data in (
            ("log p of the data", plane.data, measured.data),
            ("log p of the VAE", plane.exact, measured.exact),
            ("ELBO", plane.elbo, measured.elbo),
            ("without the encoder", plane.blind, measured.blind),
        )
    ]
    tiles += [
        tile(f"log p less {name}", shown(plane.exact - bound, 0.0, MOST), f"{gap:.2f} nats")
        for name, bound, gap in (
            ("ELBO", plane.elbo, gaps["gap"]), ("the other bound", plane.blind, gaps["blind"]),
        )
    ]  # fmt: skip
    curves = _curves(measured)
    labels = "points, from the least likely to the most", "nats"
    return study.probed(tiles, 3, _words(gaps), curves, *labels)


def _curves(measured: Bounds) -> tuple[Curve, ...]:
    """Means over groups of points, from the least likely to the most."""
    groups = measured.exact.argsort().view(-1, GROUP)
    places = tuple(i / (len(groups) - 1) for i in range(len(groups)))
    named = {
        "log p, exact": measured.exact, "ELBO": measured.elbo,
        "without the encoder": measured.blind,
    }  # fmt: skip
    return tuple(
        Curve(name, places, tuple(values[groups].mean(1).tolist()))
        for name, values in named.items()
    )


def _words(gaps: Mapping[str, float]) -> str:
    return (
        f"On 500 points of the data the ELBO lies {gaps['gap']:.2f} nats below the VAE's exact"
        f" log p(x), the bound without the encoder {gaps['blind']:.1f} nats; and the VAE's log p(x)"
        f" {gaps['data']:.2f} nats below the data's own."
    )
