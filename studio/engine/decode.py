"""From latents to pictures, a few at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from studio.core.generating import Decode, Decoded
from studio.engine.batches import MOST_AT_ONCE
from studio.engine.starting import checked
from studio.models.format import Check
from studio.models.model import Model


@torch.inference_mode()
def decode(
    model: Model, request: Decode, check: Check = lambda: None, job: int = 0
) -> Iterator[Decoded]:
    """One Decoded with all pictures; `check`, between batches, may raise Cancelled."""
    latents = torch.from_numpy(np.asarray(request.latents, dtype=np.float32))
    checked(latents, "What is to be decoded")
    images = []
    for some in latents.split(MOST_AT_ONCE):
        check()
        images.append(model.decode(some.to(model.device)))
    check()
    yield Decoded(job, np.concatenate(images))
