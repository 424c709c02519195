"""The two-dimensional laboratory: samplers on data whose score is known exactly."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from studio.core.errors import UsageError
from studio.core.laboratory import Backdrop, Lab, LabRun
from studio.core.messages import Progress
from studio.core.settings import MAX_SEED, Settings
from studio.diffusion import samplers
from studio.diffusion.denoised import Denoiser
from studio.diffusion.distributions import Distribution, find_distribution
from studio.diffusion.guidance import ClassifierGuided
from studio.diffusion.likelihood import log_likelihood
from studio.diffusion.mixture import Mixture
from studio.diffusion.noise import NoiseStream
from studio.diffusion.state import State
from studio.metrics.distributions import energy_distance
from studio.models.format import Check
from studio.models.plan import Plan
from studio.models.toys import CLASSIFIER, open_toy, toy_classifier

EXACT_STEPS = 60  # of the fourth-order solver: its error is far below a pixel
TRUTH_SEEDS = (2**31, 2**31 + 1)
NEAREST = 0.02  # the flow's time
BACKDROP_TIMES = tuple(max(1.0 - i / 20, NEAREST) for i in range(21))
JUDGED = 200  # true samples whose likelihood is taken


@torch.inference_mode()
def lab(request: Lab, check: Check = lambda: None, job: int = 0) -> Iterator[LabRun | Progress]:
    """Runs the sampler, then draws the field at its times: a Progress a step, then the LabRun.

    Raises UsageError for a distribution, a source, a class, a sampler or an option unknown here.
    """
    distribution = find_distribution(request.distribution)
    frames, began = [], time.perf_counter()
    for state in run(request, distribution):
        check()
        frames.append(state)
        yield Progress(job, 0, 1, state.step, state.steps, 0.0)
    seconds = time.perf_counter() - began
    check()
    yield drawn(request, distribution, frames, seconds, job)


def run(request: Lab, distribution: Distribution) -> Iterator[State]:
    """The sampler's states, of points (P, 2); particle i has the noise of the seed + i."""
    stream = _stream(request)
    denoiser = denoiser_of(request, distribution)
    return Plan.of(request.settings).states(denoiser, stream.initial((2,)), stream)


def denoiser_of(request: Lab, distribution: Distribution) -> Denoiser:
    """The exact mixture or a trained toy network, guided to a class if one is chosen: by the rule,
    or along the gradient of a toy classifier."""
    name, source, label = distribution.name, request.source, request.label
    exact, classifies = distribution.mixture, source.endswith(CLASSIFIER)
    network = not classifies and source != "exact"
    if label < 0:
        return open_toy(name, source) if network else exact
    if label >= len(distribution.classes):
        raise UsageError(f"{name} has {len(distribution.classes)} classes.")
    plan = Plan.of(request.settings)
    if needs := plan.rule.spec.needs:
        raise UsageError(f"the laboratory has no {needs} network: choose another rule.")
    if classifies:
        if request.likelihood:
            raise UsageError("what a classifier guides has no likelihood here: untick it.")
        log_probability = toy_classifier(name, source, label)
        return ClassifierGuided(exact, log_probability, plan.settings.guidance)
    if network:
        return plan.mixed(open_toy(name, source, label), open_toy(name, source))
    return plan.mixed(data_of(request), exact)


def drawn(
    request: Lab, distribution: Distribution, frames: list[State], seconds: float, job: int
) -> LabRun:
    """The particles' way in the flow's coordinates, beside what is exactly true of the data."""
    times = Plan.of(request.settings).times
    start = _stream(request).initial((2,)) * math.hypot(1.0 - times[0], times[0])
    points = [start, *(state.x / (state.alpha + state.sigma) for state in frames)]
    x0 = [*(state.x0 for state in frames), points[-1]]
    truth, other = (true_samples(request, seed) for seed in TRUTH_SEEDS)
    likelihood, exact = likelihoods(request, truth) if request.likelihood else (None, None)
    return LabRun(
        job=job,
        settings=request.settings,
        times=times,
        points=array(torch.stack(points)),
        x0=array(torch.stack(x0)),
        backdrop=backdrop(_asked(request)),
        truth=array(truth),
        exact_end=array(exact_end(_asked(replace(request, source="exact")))),
        distance=energy_distance(points[-1], truth),
        floor=energy_distance(other, truth),
        nfe=frames[-1].nfe,
        seconds=seconds,
        log_likelihood=likelihood,
        exact_log_likelihood=exact,
    )


@lru_cache(maxsize=16)
def backdrop(request: Lab) -> Backdrop:
    """The fields that the particles move in, at even times but no nearer to the data than NEAREST,
    where scores are huge."""
    distribution = find_distribution(request.distribution)
    line = torch.linspace(-distribution.extent, distribution.extent, request.side)
    y, x = torch.meshgrid(line, line, indexing="ij")
    z = torch.stack((x, y), -1).reshape(-1, 2)
    shape = (request.side, request.side)
    velocity, score, density = [], [], []
    for t in BACKDROP_TIMES:
        here = denoiser_of(request, distribution)(z, 1.0 - t, t)
        velocity.append((here.epsilon - here.x0).reshape(*shape, 2))
        score.append((-here.epsilon / t).reshape(*shape, 2))
        density.append(distribution.mixture.log_density(z, 1.0 - t, t).exp().reshape(shape))
    return Backdrop(
        BACKDROP_TIMES,
        array(torch.stack(velocity)),
        array(torch.stack(score)),
        array(torch.stack(density)),
        distribution.extent,
    )


@lru_cache(maxsize=16)
def exact_end(request: Lab) -> Tensor:
    """Where the exact probability-flow ODE takes the same noise, (P, 2)."""
    stream, solver = _stream(request), samplers.find("flow-rk4")
    denoiser = denoiser_of(request, find_distribution(request.distribution))
    *_, last = solver.run(denoiser, stream.initial((2,)), EXACT_STEPS, stream)
    return last.x


def likelihoods(request: Lab, truth: Tensor) -> tuple[float, float]:
    """Mean log p of true samples in nats: the denoiser's, by its flow, and the distribution's."""
    distribution, few = find_distribution(request.distribution), truth[:JUDGED]
    flow = log_likelihood(denoiser_of(request, distribution), few, tolerance=1e-3)
    return float(flow.nats.mean()), float(data_of(request).log_density(few).mean())


def data_of(request: Lab) -> Mixture:
    """The distribution, or the class of it that guidance pulls to."""
    distribution = find_distribution(request.distribution)
    if request.label < 0:
        return distribution.mixture
    return distribution.mixture.conditional(distribution.classes[request.label])


def true_samples(request: Lab, seed: int) -> Tensor:
    """(P, 2)."""
    return data_of(request).sample(request.particles, torch.Generator().manual_seed(seed))


def array(x: Tensor) -> np.ndarray:
    """As float32 in NumPy."""
    return x.float().cpu().numpy()


def _stream(request: Lab) -> NoiseStream:
    seeds = range(request.settings.seed, request.settings.seed + request.particles)
    return NoiseStream([seed % (MAX_SEED + 1) for seed in seeds])


def _asked(request: Lab) -> Lab:
    """Without what the field does not depend on, so that samplers share it."""
    names = ("seed", "guidance", "guidance_interval", "rule", "rule_options")
    shared = {name: getattr(request.settings, name) for name in names}
    return replace(request, settings=Settings("", **shared), likelihood=False)
