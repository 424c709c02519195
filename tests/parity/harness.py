"""One sampler run twice: by this project and by diffusers, on one model, one grid and one noise.

Both trajectories are brought to one scale, x / hypot(alpha, sigma), and compared after every step.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import diffusers
import torch
from torch import Tensor

from studio.core.specs import Options
from studio.diffusion.denoiser import Network, NetworkDenoiser
from studio.diffusion.mixture import Mixture
from studio.diffusion.paths import DiscreteDDPM, Path, RectifiedFlow
from studio.diffusion.predictions import Epsilon, Prediction, V, Velocity
from studio.diffusion.samplers import find
from tests.parity.peculiar import CLASSES, churned

PREDICTIONS: dict[str, Prediction] = {"epsilon": Epsilon(), "v_prediction": V()}
SEED = 7


@dataclass(frozen=True)
class Case:
    """A sampler of ours and the diffusers scheduler that should be the same.

    frame: what their x is: "vp", "ve" (x / alpha) or "flow". at_sigma: ask the network at the time
    of their sigma, not at the timestep that they round. double: their sigmas, and so their
    coefficients, in float64.
    """

    ours: str
    theirs: str
    settings: tuple[tuple[str, Any], ...]
    frame: str
    options: Options = ()
    step_options: tuple[tuple[str, Any], ...] = ()
    steps: int = 10
    prediction: str = "epsilon"
    at_sigma: bool = False
    double: bool = False
    grid: str = ""
    note: str = ""

    @property
    def name(self) -> str:
        """ours-options-theirs-grid, for a test's id."""
        options = "-".join(f"{key}={value}" for key, value in self.options)
        return "-".join(part for part in (self.ours, options, self.theirs, self.grid) if part)


class Recorded:
    """The noise that both sides draw: the same generator, asked in the same order."""

    def __init__(self) -> None:
        self._generator = torch.Generator().manual_seed(SEED)

    def like(self, x: Tensor) -> Tensor:
        return torch.randn(x.shape, generator=self._generator)


def scheduler_of(case: Case) -> Any:
    """Their scheduler, its steps set."""
    kind = CLASSES.get(case.theirs) or getattr(diffusers, case.theirs)
    scheduler = kind(**dict(case.settings))
    scheduler.set_timesteps(case.steps)
    if case.double:
        scheduler.sigmas = scheduler.sigmas.double()
    return scheduler


def grid_of(scheduler: Any) -> list[float]:
    """Their sigmas (in the frame "flow" the times, else sigma / alpha), N + 1 of them.

    Heun's schedulers list every inner one twice; the schedulers that only know timesteps go on to
    clean data after the last.
    """
    if hasattr(scheduler, "schedule"):
        sigmas = [*(float(sigma) for sigma in reversed(scheduler.schedule)), 0.0]
    elif hasattr(scheduler, "sigmas"):
        sigmas = [float(sigma) for sigma in scheduler.sigmas]
    else:
        bars = [float(scheduler.alphas_cumprod[t]) for t in scheduler.timesteps]
        sigmas = [*(math.sqrt((1.0 - bar) / bar) for bar in bars), 0.0]
    return list(dict.fromkeys(sigmas))


def alpha_sigma(case: Case, sigma: float) -> tuple[float, float]:
    """(alpha, sigma) of their x at a point of their grid."""
    if case.frame == "flow":
        return 1.0 - sigma, sigma
    norm = math.hypot(1.0, sigma) if case.frame == "vp" else 1.0
    return 1.0 / norm, sigma / norm


def path_of(case: Case, scheduler: Any) -> Path:
    """The path that the network was trained on: for VP, the chain of their own float32 products,
    or ours where theirs has none."""
    if case.frame == "flow":
        return RectifiedFlow()
    if not hasattr(scheduler, "alphas_cumprod"):
        return DiscreteDDPM.linear()
    return DiscreteDDPM(tuple(float(bar) for bar in scheduler.alphas_cumprod))


def prediction_of(case: Case) -> Prediction:
    return Velocity() if case.frame == "flow" else PREDICTIONS[case.prediction]


def run_ours(case: Case, network: Network, scheduler: Any, noise: Tensor) -> list[Tensor]:
    """Every x of ours, at scale 1."""
    sigmas = grid_of(scheduler)
    if case.frame == "flow":
        times = tuple(sigmas)
    else:
        times = tuple(sigma / (1.0 + sigma) for sigma in sigmas)
    denoiser = NetworkDenoiser(network, path_of(case, scheduler), prediction_of(case))
    states = find(case.ours).run(
        denoiser, noise, len(times) - 1, Recorded(), lambda steps: times, case.options
    )
    return [state.x / math.hypot(state.alpha, state.sigma) for state in states]


def run_theirs(case: Case, network: Network, scheduler: Any, noise: Tensor) -> list[Tensor]:
    """Every x of theirs, at scale 1.

    Two calls that begin at one point are two-stage methods' (Heun): the second begins with the
    x that is final there.
    """
    path, sigmas = path_of(case, scheduler), grid_of(scheduler)
    if case.theirs == "KarrasVeScheduler":
        return churned(scheduler, network, path, noise, SEED)
    x = math.hypot(*alpha_sigma(case, sigmas[0])) * noise
    times = [float(t) for t in scheduler.timesteps]
    generator = torch.Generator().manual_seed(SEED)
    drawn = "generator" in inspect.signature(scheduler.step).parameters
    extra = {"generator": generator} if drawn else {}
    found: dict[int, Tensor] = {}
    for call, t in enumerate(scheduler.timesteps):
        point = len(set(times[: call + 1])) - 1
        found[point] = x
        asked = float(t) / (1000.0 if case.frame == "flow" else 1.0)
        if case.at_sigma:
            lam = -math.log(sigmas[point])
            asked = sigmas[point] if case.frame == "flow" else path.t_from_lambda(lam)
        model_input = scheduler.scale_model_input(x, t) if case.frame != "flow" else x
        output = network(model_input, torch.full((len(x),), asked), None)
        x = scheduler.step(output, t, x, **dict(case.step_options), **extra).prev_sample
    found[len(sigmas) - 1] = x
    return [found[k] / math.hypot(*alpha_sigma(case, sigmas[k])) for k in range(1, len(sigmas))]


def difference(ours: list[Tensor], theirs: list[Tensor]) -> float:
    """The largest over the steps of max |ours - theirs| / max |theirs|."""
    assert len(ours) == len(theirs)
    gaps = [float((a - b).abs().max() / b.abs().max()) for a, b in zip(ours, theirs, strict=True)]
    assert all(math.isfinite(gap) for gap in gaps)
    return max(gaps)


@cache
def tiny_network() -> torch.nn.Module:
    """A random U-Net of diffusers: 3 channels of 8 x 8, some thousand weights."""
    torch.manual_seed(0)
    return diffusers.UNet2DModel(
        sample_size=8,
        in_channels=3,
        out_channels=3,
        layers_per_block=1,
        block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=4,
        attention_head_dim=8,
    ).eval()


def as_network(scale: float) -> Network:
    """The tiny network as ours; scale: its time in units of theirs."""

    def network(x: Tensor, t: Tensor, condition: object) -> Tensor:
        return tiny_network()(x, scale * t).sample

    return network


MIXTURE = Mixture(
    weights=(0.3, 0.5, 0.2),
    means=(
        (1.0, -1.0, 0.5, 0.0, 0.3, 1.2, -0.7, 0.1, 0.0, -0.4, 0.8, -1.1),
        (-0.8, 0.6, -0.2, 1.0, -1.3, 0.0, 0.4, 0.9, -0.5, 0.2, -0.9, 0.7),
        (0.2, 0.3, 1.1, -0.9, 0.6, -0.5, -1.0, 0.0, 0.7, 1.3, 0.1, -0.2),
    ),
    stds=(0.3, 0.5, 0.2),
)


@torch.inference_mode()
def compare(case: Case, tiny: bool) -> float:
    """The difference of both trajectories, on the tiny network or on the mixture."""
    shape = (2, 3, 8, 8) if tiny else (4, 3, 2, 2)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    scheduler = scheduler_of(case)
    if tiny:
        network: Callable[..., Tensor] = as_network(1000.0 if case.frame == "flow" else 1.0)
    else:
        network = MIXTURE.network(path_of(case, scheduler), prediction_of(case))
    ours = run_ours(case, network, scheduler, noise)
    return difference(ours, run_theirs(case, network, scheduler, noise))
