"""The time grids that flow-matching models were published with. Must not import torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.core.errors import ModelError
from studio.diffusion.schedules import Schedule, StartingAt, Uniform, shifted

FEW, MANY = 256, 4096  # tokens of a picture, at which FLUX.1's shift is known


@dataclass(frozen=True)
class EndingAt:
    """Another schedule, its times before clean data stretched to end at `last` instead."""

    schedule: Schedule
    last: float

    def __call__(self, steps: int) -> tuple[float, ...]:
        *times, end = self.schedule(steps)
        scale = (1.0 - self.last) / (1.0 - times[-1]) if times[-1] < 1.0 else 1.0
        return *(1.0 - (1.0 - t) * scale for t in times), end


def published(config: Mapping[str, Any], tokens: int) -> Schedule:
    """As the scheduler's configuration says, for pictures of so many tokens: even steps, shifted by
    a fixed factor or by one that grows with the picture. Raises ModelError."""
    even: Schedule = Uniform()
    try:
        if config.get("use_dynamic_shifting"):
            mu = _on_line(config, tokens)
            k = mu if config.get("time_shift_type") == "linear" else math.exp(mu)
        elif "flow_shift" in config:  # DPMSolverMultistepScheduler, which starts a step later
            even = StartingAt(even, 1.0 - 1.0 / config.get("num_train_timesteps", 1000))
            k = float(config["flow_shift"])
        else:
            k = float(config.get("shift", 1.0))
        grid, last = shifted(even, k), float(config.get("shift_terminal") or 0.0)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ModelError(
            f"scheduler_config.json has a shift that makes no sense: {error}."
        ) from error
    return EndingAt(grid, last) if last else grid


def _on_line(config: Mapping[str, Any], tokens: int) -> float:
    few, many = config.get("base_image_seq_len", FEW), config.get("max_image_seq_len", MANY)
    low, high = config.get("base_shift", 0.5), config.get("max_shift", 1.15)
    return float(low + (high - low) * (tokens - few) / (many - few))
