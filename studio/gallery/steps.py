"""The steps of one picture as numbered PNG files in a folder. Must not import Qt or torch."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from studio.core.errors import OutputError


def write_steps(folder: Path, frames: Iterable[np.ndarray]) -> Path:
    """Writes frames (H, W, 3) uint8 as 0000.png, 0001.png, ... into a new folder, which appears
    once all are there. Raises OutputError, and then leaves no trace."""
    draft = folder.parent / f".{uuid.uuid4().hex}.part"
    try:
        draft.mkdir(parents=True)
        for number, frame in enumerate(frames):
            Image.fromarray(frame).save(draft / f"{number:04d}.png", "PNG")
        os.rename(draft, folder)
    except OSError as error:
        reason = error.strerror or "the disk refused"
        raise OutputError(
            f"{folder} could not be written ({reason}); choose another folder or free some space."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder
