"""Pictures for the bench, read off the UI thread. Must not import widgets or torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from studio.core.errors import DataError
from studio.dataset.catalogue import Catalogue
from studio.dataset.scenes import Mix, compose, sample_scene
from studio.pictures.reading import pictures_in, read_picture
from studio.ui.workspaces.reconstruct.workbench import Source

MOST = 64  # pictures taken from one drop


def read(paths: tuple[Path, ...]) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """What can be read of files and folders, and a sentence for each file that cannot."""
    files: list[Path] = []
    problems: list[str] = []
    for path in paths:
        try:
            files += pictures_in(path) if path.is_dir() else [path]
        except DataError as error:
            problems.append(str(error))
    if len(files) > MOST:
        problems.append(f"Only the first {MOST} of {len(files)} pictures were opened.")
    sources = []
    for path in files[:MOST]:
        try:
            picture = read_picture(path)
        except DataError as error:
            problems.append(str(error))
        else:
            sources.append(Source(path.name, picture.pixels, " ".join(picture.notes)))
    return tuple(sources), tuple(problems)


def sample(number: int) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """Scene `number` of the bundled pictures, one that no network was trained on."""
    catalogue = Catalogue()
    mix = Mix(split="held-out")
    scene = sample_scene(np.random.default_rng([2026, number]), catalogue, mix)
    return (Source(f"sample {number + 1}", compose(scene, catalogue)),), ()
