"""From a picture to the noise that a deterministic sampler turns into it.

The probability-flow ODE has one trajectory through every point, so it can be walked backwards (DDIM
inversion: Song et al. 2021, arXiv:2010.02502, section 5.4). Must not import torch at run time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from studio.core.errors import UsageError
from studio.diffusion import samplers
from studio.diffusion.denoised import Counted
from studio.diffusion.noise import NoiseStream
from studio.diffusion.paths import per_picture
from studio.diffusion.samplers import Sampler
from studio.diffusion.schedules import Schedule
from studio.diffusion.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from studio.diffusion.denoised import Denoiser

STAND_IN = "flow-heun"
ITERATIONS = 2
MOST_AHEAD = 1.0  # times the last two iterates' distance, past them: a picture that nothing leads
# to then takes noise a little too large, not a thousand times


def invert(
    sampler: Sampler,
    denoiser: Denoiser,
    x0: Tensor,
    steps: int,
    schedule: Schedule | None = None,
    iterations: int = ITERATIONS,
) -> Iterator[State]:
    """The schedule backwards from x0 (B, C, h, w): the last State's x / hypot(alpha, sigma) is the
    noise to begin with, standard normal if the denoiser knows such pictures. Every State is on the
    rectified flow, alpha + sigma = 1.

    A sampler with noise or memory is inverted by Heun's method instead, and comes back as near as
    the two agree. Under strong guidance few pictures come from normal noise: what is found for
    others leads back to them, but its variance is far above 1.

    With 0 `iterations` the ODE is walked up as a sampler walks it down, by `explicit`; with more,
    each step of the sampler's own is undone, by `corrected`. Raises UsageError.
    """
    if iterations < 0:
        raise UsageError(f"an inversion has 0 or more iterations a step, not {iterations}.")
    if not sampler.spec.invertible:
        sampler = samplers.find(STAND_IN)
    times = tuple(reversed((schedule or sampler.schedule)(steps)))
    if iterations:
        return corrected(sampler, denoiser, x0, times, iterations)
    return explicit(sampler, denoiser, x0, times)


def explicit(
    sampler: Sampler, denoiser: Denoiser, x0: Tensor, times: tuple[float, ...]
) -> Iterator[State]:
    """Euler's method up the growing `times` (DDIM inversion: Dhariwal & Nichol 2021,
    arXiv:2105.05233, appendix F), or Heun's for a sampler of higher order: as exact as the sampler,
    but what the sampler then returns differs from x0 by both their errors.

    No denoiser is asked at t = 0: up to the next time, t, x is (1 - t) x0, for clean data's
    expected noise is 0, and what that neglects is of order t^2.
    """
    upwards = samplers.find("flow-euler" if sampler.spec.order == 1.0 else STAND_IN)
    t, steps = times[1], len(times) - 1
    x = (1.0 - t) * x0
    yield State(1, steps, 1.0 - t, t, x, x0, 0)
    if steps > 1:
        noise, stream = x / math.hypot(1.0 - t, t), NoiseStream([])
        walk = upwards.sample(denoiser, noise, steps - 1, stream, lambda steps: times[1:])
        for state in walk:
            yield replace(state, step=state.step + 1, steps=steps)


def corrected(
    sampler: Sampler, denoiser: Denoiser, x0: Tensor, times: tuple[float, ...], iterations: int
) -> Iterator[State]:
    """The sampler's own steps undone, one by one: what comes back is x0 itself.

    The step from time t is a map F: what came out, x', is known, and x is looked for with F(x) =
    x'. It is the fixed point of x <- x + r, r = x' - F(x), begun with the ODE walked on in the
    direction of the step before; each iteration leaves a share of the error as small as the step
    (ReNoise, Garibi et al. 2024, arXiv:2403.14602). The last two are mixed as makes r shortest, so
    that it ends where r alone would swing ever wider, between two modes of the data (Anderson's
    acceleration: AIDI, Pan et al. 2023, arXiv:2309.04907).

    The step onto t = 0 ends at the predicted picture, which has forgotten part of the noise: the
    iteration adds what that step needs and no more.
    """
    x, velocity, counted = x0, -x0, Counted(denoiser)  # clean data's expected noise is 0
    for step, (t_clean, t) in enumerate(pairwise(times), start=1):
        known = x
        x, last = known + (t - t_clean) * velocity, None
        for _ in range(iterations):
            end = _stepped(sampler, counted, x, t, t_clean)
            r = known - end.x / (end.alpha + end.sigma)
            mixed = x + r if last is None else _mixed((x, r), last)
            x, last = mixed, (x, r)
        velocity = (x - known) / (t - t_clean)
        yield State(step, len(times) - 1, 1.0 - t, t, x, end.x0, counted.nfe)


def _mixed(here: tuple[Tensor, Tensor], last: tuple[Tensor, Tensor]) -> Tensor:
    """x + r of the (x, r) on the line through both whose r, were it linear, is shortest; a picture
    at a time."""
    (x, r), (x_last, r_last) = here, last
    change = (r - r_last).flatten(1)
    share = (r.flatten(1) * change).sum(1) / change.square().sum(1).clamp_min(1e-30)
    share = per_picture(share.clamp(-MOST_AHEAD, MOST_AHEAD), x)
    return x + r - share * (x + r - x_last - r_last)


def _stepped(sampler: Sampler, denoiser: Denoiser, x: Tensor, t: float, t_clean: float) -> State:
    """One step of the sampler's own from x on the rectified flow."""
    start = x / math.hypot(1.0 - t, t)  # no stream: none that is invertible draws noise
    (end,) = sampler.sample(denoiser, start, 1, NoiseStream([]), lambda steps: (t, t_clean))
    return end
