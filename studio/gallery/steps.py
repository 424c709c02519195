"""The steps of one picture as numbered PNG files in a folder."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from studio.core.files import saving


def write_steps(folder: Path, frames: Iterable[np.ndarray]) -> Path:
    """Writes frames (H, W, 3) uint8 as 0000.png, 0001.png, ... into a new folder, which appears
    once all are there. Raises OutputError, and then leaves no trace."""
    with saving(folder) as draft:
        draft.mkdir()
        for number, frame in enumerate(frames):
            Image.fromarray(frame).save(draft / f"{number:04d}.png", "PNG")
    return folder
