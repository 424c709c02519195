"""Which frame of a trajectory lies at a time."""

from __future__ import annotations

SLACK = 1e-6  # a time that the slider means exactly


def frame_at(times: tuple[float, ...], t: float) -> int:
    """The last frame that lies at `t` or nearer to the noise; the first when there is none."""
    fitting = (frame for frame in range(len(times) - 1, -1, -1) if times[frame] >= t - SLACK)
    return next(fitting, 0)
