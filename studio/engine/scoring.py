"""How well a picture fits a prompt. The one place that knows which tower judges.

Imports torch (the rest of the engine imports this lazily). Must not import Qt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np
import torch

from studio.core.errors import StudioError, UsageError
from studio.core.prompts import escaped, read
from studio.core.word_maps import Score, Scored
from studio.models.format import Check
from studio.models.model import Model
from studio.models.network_folder import MANIFEST
from studio.models.registry import open_network
from studio.networks.picture import PictureTower

TOWER = "picture"
TOGETHER = 16


def score(
    model: Model, request: Score, check: Check = lambda: None, job: int = 0
) -> Iterator[Scored]:
    """One Scored. Raises UsageError where the model has no picture tower."""
    yield Scored(job, scores(model, request.images, request.prompt, check))


@torch.inference_mode()
def scores(
    model: Model, images: np.ndarray, prompt: str, check: Check = lambda: None
) -> tuple[float, ...]:
    """The cosine of each picture (N, H, W, 3) uint8 and the prompt in the space of the model's
    towers: of what is drawn last if it switches, without weights; the mean over what AND joins."""
    tower = tower_of(model)
    phrases = [part.at(1, 1) for part in read(prompt).parts]
    texts = model.condition([escaped(phrase.text) for phrase in phrases]).pooled
    found = list[float]()
    for start in range(0, len(images), TOGETHER):
        check()
        pictures = torch.tensor(images[start : start + TOGETHER], device=model.device)
        pictures = pictures.permute(0, 3, 1, 2).float() / 127.5 - 1
        found += (tower(pictures) @ texts.float().T).mean(1).tolist()
    return tuple(found)


def fits(model: Model, images: Sequence[np.ndarray], prompt: str) -> list[float | None]:
    """`scores` of pictures just made of one prompt; None where the model cannot judge, or there is
    no prompt."""
    if not prompt.strip() or not images:
        return [None] * len(images)
    try:
        return list(scores(model, np.stack(images), prompt))
    except StudioError:
        return [None] * len(images)


def tower_of(model: Model) -> PictureTower:
    """Raises UsageError."""
    folder = model.info.path / TOWER
    if not (folder / MANIFEST).is_file():
        raise UsageError(f"{model.info.name} has no picture tower to score with.")
    return _opened(folder, model.device)


@lru_cache(maxsize=1)
def _opened(folder: Path, device: str) -> PictureTower:
    return cast(PictureTower, open_network(str(folder), "picture", device))
