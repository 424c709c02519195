"""Vectors of the history's pictures, in a file beside the index for each encoder that made them.

A cache and nothing more: it may be deleted at any time.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from studio.core.errors import StudioError
from studio.core.files import saving

Key = tuple[int, int]  # a picture's id, its file's time


def path_of(database: Path, weights: str) -> Path:
    """Where the vectors of these weights (a digest) lie."""
    return database.with_name("vectors") / f"{weights}.npz"


def read(path: Path) -> dict[Key, np.ndarray]:
    """The vectors (D) float32 by their pictures; none where the file is missing or damaged."""
    with suppress(OSError, ValueError, KeyError, zipfile.BadZipFile):
        with np.load(path, allow_pickle=False) as kept:
            keys, vectors = kept["keys"], kept["vectors"].astype(np.float32)
        if len(keys) == len(vectors) and vectors.ndim == 2 and np.isfinite(vectors).all():
            return {(int(a), int(b)): v for (a, b), v in zip(keys, vectors, strict=True)}
    return {}


def write(path: Path, vectors: Mapping[Key, np.ndarray]) -> None:
    """These and no others; a disk that is full or may not be written only costs time."""
    with suppress(StudioError, OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        keys = np.array(list(vectors), np.int64).reshape(-1, 2)
        stacked = np.array(list(vectors.values()), np.float16)
        with saving(path) as draft, draft.open("wb") as file:
            np.savez(file, keys=keys, vectors=stacked)
