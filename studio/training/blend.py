"""Weights between where a training began and where it ended: `python -m studio.training.blend`.

What was learnt last is kept for the most part, and what was forgotten for it comes back (WiSE-FT,
Wortsman et al. 2022, arXiv:2109.01903).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from studio.core.errors import StudioError, UsageError
from studio.models.network_folder import read_manifest
from studio.models.registry import open_network
from studio.training.bundle import export


@torch.no_grad()
def blend(begun: Path, ended: Path, share: float, out: Path) -> None:
    """Writes begun + share (ended - begun), every tensor of two networks of one kind and shape.

    Raises:
        UsageError: a share outside [0, 1], or networks that differ in more than their weights.
        ModelError: a folder without a network.
    """
    if not 0 <= share <= 1:
        raise UsageError(f"the share is {share}; choose a number from 0 to 1.")
    first, last = read_manifest(begun), read_manifest(ended)
    if (first.kind, first.config) != (last.kind, last.config):
        raise UsageError(f"{begun} and {ended} are not two trainings of one network.")
    a, b = (open_network(str(folder), last.kind) for folder in (begun, ended))
    before, weights = a.state_dict(), b.state_dict()
    for name, tensor in weights.items():
        if tensor.is_floating_point():
            tensor.copy_(before[name].lerp(tensor, share))
    blended = {"share": share, "begun": dict(first.trained)}
    about = {**last.trained, "blended": blended}
    about.pop("validation", None)  # of other weights
    export(b, last.kind, b.config, out, about, last.extra)


def main() -> int:
    parser = argparse.ArgumentParser(prog="studio.training.blend", description=__doc__)
    parser.add_argument("begun", type=Path, help="the network that the training began with")
    parser.add_argument("ended", type=Path, help="what it became")
    parser.add_argument("--share", type=float, default=0.7, help="of the second (%(default)g)")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        blend(arguments.begun, arguments.ended, arguments.share, arguments.out)
    except StudioError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
