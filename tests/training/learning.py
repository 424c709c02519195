"""Learning one batch by heart: what every task must be able to do."""

from __future__ import annotations

import torch

from studio.training.task import Task


def losses(task: Task, batch: object, steps: int, rate: float) -> list[float]:
    """Those of so many steps of AdamW on the same batch."""
    learning = [p for p in task.network.parameters() if p.requires_grad]
    optimiser, found = torch.optim.AdamW(learning, rate), []
    for _ in range(steps):
        loss = task.losses(task.network, batch, 0)["loss"]
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        optimiser.zero_grad()
        found.append(float(loss.detach()))
    return found
