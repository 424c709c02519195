"""How well a picture fits a prompt. The one place that knows which encoders judge."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from studio.core.prompts import escaped, read
from studio.core.word_maps import Score, Scored
from studio.models.encoders import PART, Encoders
from studio.models.format import Check


def score(
    encoders: Encoders, request: Score, check: Check = lambda: None, job: int = 0
) -> Iterator[Scored]:
    """One Scored."""
    yield Scored(job, scores(encoders, request.images, request.prompt, check))


@torch.inference_mode()
def scores(
    encoders: Encoders, images: np.ndarray, prompt: str, check: Check = lambda: None
) -> tuple[float, ...]:
    """The cosine of each picture (N, H, W, 3) uint8 and the prompt in the towers' space: of what is
    drawn last if it switches, without weights; the mean over what AND joins."""
    phrases = [part.at(1, 1) for part in read(prompt).parts]
    texts = encoders.texts([escaped(phrase.text) for phrase in phrases])
    found = list[float]()
    for start in range(0, len(images), PART):
        check()
        found += (encoders.pictures(images[start : start + PART]) @ texts.T).mean(1).tolist()
    return tuple(found)
