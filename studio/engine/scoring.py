"""How well a picture fits a prompt. The one place that knows which encoders judge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from studio.core.errors import StudioError
from studio.core.generating import Score
from studio.core.prompts import escaped, read
from studio.models.encoders import Encoders, shared


@torch.inference_mode()
def scores(encoders: Encoders, images: Sequence[np.ndarray], prompt: str) -> list[float]:
    """The cosine of each picture (H, W, 3) uint8 and the prompt in the towers' space: of what is
    drawn last if it switches, without weights; the mean over what AND joins."""
    phrases = [part.at(1, 1) for part in read(prompt).parts]
    texts = encoders.texts([escaped(phrase.text) for phrase in phrases])
    found: list[float] = (encoders.pictures(images) @ texts.T).mean(1).tolist()
    return found


def fits(images: Sequence[np.ndarray], prompt: str) -> list[Score | None]:
    """`scores` of pictures just made of one prompt, and whose they are; None where nothing can
    judge, or there is no prompt."""
    if not prompt.strip() or not images:
        return [None] * len(images)
    try:
        tower = shared().signature()
        return [Score(value, tower) for value in scores(shared(), images, prompt)]
    except StudioError:
        return [None] * len(images)
