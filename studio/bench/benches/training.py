"""A training step of the denoiser in each precision, and Muon's share of it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from studio.bench.bench import Bench, Conditions, Row

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from studio.networks.denoiser import DenoiserTransformer
    from studio.training.hardware import Hardware
    from studio.training.loop import Run
    from studio.training.task import Stage

RECIPE = "denoiser-cpu-scenes"
BATCH, WORDS = 32, 16
REPEATS, PATIENCE = 4, 10.0  # seconds: a slower step is not made twice
MUON_SHARE = 20.0
MATRIX, MATRIX_GOAL = (384, 1152), 0.1
SLACK = 0.95  # the precision chosen, of the quickest one's rate


def measure(conditions: Conditions) -> Iterator[Row]:
    rates, shares = {}, {}
    for precision in dict.fromkeys((conditions.device.precision, "float32", "bfloat16")):
        conditions.say(f"training in {precision}")
        with tempfile.TemporaryDirectory() as folder:
            rates[precision], shares[precision] = step(conditions, precision, Path(folder))
        yield Row(f"{precision}: batch {BATCH}", rates[precision], "pictures/s")
    chosen = conditions.device.precision
    quickest = rates[chosen] / max(rates.values())
    yield Row("the precision chosen here, over the quickest", quickest, "x", SLACK, at_least=True)
    yield Row("Muon's share of a step in it", shares[chosen], "%", MUON_SHARE)
    took = conditions.seconds(orthogonalise(conditions)) * 1000
    yield Row(f"Muon's step of one {MATRIX[0]}x{MATRIX[1]} matrix", took, "ms", MATRIX_GOAL * 1000)


def step(conditions: Conditions, precision: str, folder: Path) -> tuple[float, float]:
    """Pictures a second, and Muon's share in percent, of the quickest step."""
    run = run_of(conditions, precision, folder)
    muon = [0.0]
    for optimiser in run.optimisers:
        if type(optimiser).__name__.endswith("Muon"):
            clocked(optimiser, muon)
    best, share = float("inf"), 0.0
    for _ in range(1 + conditions.repeats(REPEATS)):
        muon[0] = 0.0
        took = conditions.seconds(run.step)
        if took < best:
            best, share = took, 100 * muon[0] / took
        if took > PATIENCE:
            break
    return BATCH / best, share


def clocked(optimiser: torch.optim.Optimizer, spent: list[float]) -> None:
    """Adds the time of every step of `optimiser` to spent[0]."""
    usual = optimiser.step

    def step(*arguments: Any) -> Any:
        began = time.perf_counter()
        result = usual(*arguments)
        spent[0] += time.perf_counter() - began
        return result

    vars(optimiser)["step"] = step


def run_of(conditions: Conditions, precision: str, folder: Path) -> Run:
    """The training loop itself, on random latents and texts."""
    from studio.models.registry import open_network
    from studio.training import recipe as recipes
    from studio.training.hardware import Hardware
    from studio.training.loop import Run

    recipe = recipes.load(RECIPE)
    run = replace(recipe.run, batch=BATCH, compile="never", warmup=1)
    network = cast("DenoiserTransformer", open_network(conditions.settings.model, "denoiser"))
    on = Hardware.named(conditions.device.name, precision)
    task = Denoise(network.requires_grad_().train(), on.device)
    made = Run(task, replace(recipe, run=run), folder, on, None, lambda _: None)
    for _ in made.prepare():
        pass
    made.started = time.monotonic()
    return made


class Denoise:
    """A task without data: always the same random batch."""

    def __init__(self, network: DenoiserTransformer, device: torch.device) -> None:
        import torch

        from studio.networks.text import TextFeatures
        from studio.objectives.denoising import Denoising

        self.network: nn.Module = network
        config, made = network.config, torch.Generator().manual_seed(0)

        def normal(*shape: int) -> Tensor:
            return torch.randn(BATCH, *shape, generator=made).to(device)

        self.latents, self.noise = (normal(config.channels, config.side, config.side) for _ in "ab")
        self.times = torch.rand(BATCH, generator=made).to(device)
        pooled = torch.nn.functional.normalize(normal(config.pooled_width), dim=-1)
        mask = torch.ones(BATCH, WORDS, dtype=torch.bool, device=device)
        self.text = TextFeatures(normal(WORDS, config.text_width), mask, pooled)
        self.objective = Denoising.named("rectified-flow", "velocity")
        self.hot: tuple[nn.Module, ...] = (network,)

    def prepare(self, on: Hardware) -> Iterator[Stage]:
        yield from ()

    def batch(self, step: int, rank: int, world: int) -> object:
        return None

    def losses(self, network: nn.Module, batch: object, step: int) -> dict[str, Tensor]:
        losses = self.objective.losses(
            lambda x, t: network(x, t, self.text), self.latents, self.times, self.noise
        )
        return {"loss": losses.mean()}

    def validate(self, network: nn.Module) -> Mapping[str, float]:
        return {}

    def export(self, network: nn.Module, folder: Path, about: Mapping[str, object]) -> None:
        pass


def orthogonalise(conditions: Conditions) -> Any:
    """One step of Muon, as recipes ask for it, on one matrix."""
    import torch

    from studio.training import optimizers
    from studio.training import recipe as recipes
    from studio.training.hardware import Hardware

    network = torch.nn.ModuleDict({"blocks": torch.nn.ModuleList([torch.nn.Linear(*MATRIX)])})
    network.to(conditions.device.name)
    for parameter in network.parameters():
        parameter.grad = torch.randn_like(parameter)
    precision = Hardware.named(conditions.device.name, conditions.device.precision).precision
    muon = optimizers.build(network, recipes.load(RECIPE).optimizer, precision)[0]
    muon.step()
    return muon.step


BENCH = Bench("training", "a training step in each precision, and Muon's share of it", measure)
