"""A patch of one picture's latent in the other's place, beside the same patch of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.autoencoding import Probed, ProbeSpec
from studio.core.specs import Parameter

if TYPE_CHECKING:
    from studio.engine.probes.study import Study

PROBE = ProbeSpec(
    "paste",
    "Paste a patch",
    "The middle of the second picture's latent in the first one's",
    "What Latent Diffusion's inpainting relies on (Rombach et al. 2022)",
    pictures=2,
    parameters=(
        Parameter("size", "Size", 0.5, "Side of the patch, a part of the picture's", 0.1, 1.0),
        Parameter("x", "Across", 0.5, "Where its middle is, from left to right", 0.0, 1.0),
        Parameter("y", "Down", 0.5, "Where its middle is, from top to bottom", 0.0, 1.0),
    ),
)


def look(study: Study) -> Probed:
    """Both pictures, the pasted pixels, the pasted latent, and where these differ."""
    from studio.engine.probes.study import sequential, tile

    a, b = (study.posterior(number).mean for number in range(2))
    height, width = a.shape[-2:]
    side = study.number("size")
    rows, columns = (_span(n, side, study.number(at)) for n, at in ((height, "y"), (width, "x")))
    mixed = a.clone()
    mixed[..., rows, columns] = b[..., rows, columns]
    fold = study.autoencoder.downsampling
    pixels = study.original(0).clone()
    place = (
        ...,
        slice(rows.start * fold, rows.stop * fold),
        slice(columns.start * fold, columns.stop * fold),
    )
    pixels[place] = study.original(1)[place]
    latent = study.decoded(mixed)
    gap = (latent - pixels).abs().mean(1)[0]
    tiles = (
        tile("first", study.original(0)[0]),
        tile("second", study.original(1)[0]),
        tile("pixels pasted", pixels[0]),
        tile("latent pasted", latent[0]),
        tile("difference", sequential(gap, float(gap.max())), f"0 to {float(gap.max()):.2f}"),
    )
    words = (
        f"A patch of {rows.stop - rows.start} x {columns.stop - columns.start} latent positions,"
        f" {fold} pixels each; the decoder blends its edge over the positions that it sees."
    )
    return study.probed(tiles, 5, words)


def _span(positions: int, side: float, at: float) -> slice:
    """Latent positions of the patch along one axis."""
    count = max(1, round(positions * side))
    first = min(max(round(at * positions - count / 2), 0), positions - count)
    return slice(first, first + count)
