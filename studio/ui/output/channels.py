"""What a step of a trajectory shows: the sample, the picture predicted there, guidance's pull.

NumPy and Pillow only: no Qt, no torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from studio.core.generating import Trajectory
from studio.gallery.heat import heat_map

#: The name, the label, the tooltip.
CHANNELS = {
    "clean": ("Predicted x₀", "The picture that the model predicts at this step"),
    "noisy": ("Noisy xₜ", "The sample itself, noise and all"),
    "gap": ("Guidance", "Where guidance pulls: |ε with prompt − ε without|, pale is strong"),
    "noise": ("Noise level", "How much noise and how much signal each step has"),
}
NEARLY_ALL = 0.99
SLACK = 1e-6  # a time that is meant exactly
MOST_FRAMES = 240  # in a film


@dataclass(frozen=True)
class Level:
    """What the sample is made of: x = alpha x_0 + sigma eps, alpha^2 + sigma^2 = 1, at `t`."""

    t: float
    alpha: float
    sigma: float


def level(t: float) -> Level:
    """That of t = sigma / (alpha + sigma), 0 to 1."""
    length = math.hypot(1 - t, t)
    return Level(t, (1 - t) / length, t / length)


def frame_at(times: tuple[float, ...], t: float) -> int:
    """The last frame that lies at `t` or nearer to the noise; the first when there is none."""
    fitting = (frame for frame in range(len(times) - 1, -1, -1) if times[frame] >= t - SLACK)
    return next(fitting, 0)


def strongest(kept: Trajectory) -> float:
    """The gap that is drawn palest: hardly any place has more. 0 where guidance asked once."""
    return float(np.quantile(kept.gap, NEARLY_ALL)) if kept.gap.any() else 0.0


def last_of(channel: str, kept: Trajectory) -> int:
    """The channel's last frame: at the end itself nothing is asked any more."""
    return max(0, len(kept.times) - (2 if channel == "gap" else 1))


def small(kept: Trajectory, channel: str, frame: int, most: float) -> np.ndarray:
    """What is there at once, (h, w, 3) uint8. `most` is the gap that is drawn palest."""
    if channel == "gap":
        return heat_map(kept.gap[frame], most)
    return np.asarray((kept.clean if channel == "clean" else kept.noisy)[frame])


def latents(kept: Trajectory, channel: str) -> np.ndarray:
    """Those of all steps, (n, C, h, w), to be decoded."""
    return kept.x0 if channel == "clean" else kept.x


def enlarged(pixels: np.ndarray, like: np.ndarray) -> np.ndarray:
    """A small picture at the size of another."""
    height, width = like.shape[:2]
    if pixels.shape == like.shape:
        return pixels
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image)


def film_frames(last: int) -> tuple[int, ...]:
    """0 to `last`; evenly chosen ones where that would be too many."""
    if last < MOST_FRAMES:
        return tuple(range(last + 1))
    return tuple(round(number * last / (MOST_FRAMES - 1)) for number in range(MOST_FRAMES))
