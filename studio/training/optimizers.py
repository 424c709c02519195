"""Optimisers, the learning-rate curve and the running average of weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from studio.training.muon import Muon
from studio.training.recipe import OptimizerSettings


def hidden_matrices(network: nn.Module) -> set[str]:
    """Names of the matrices inside repeated blocks (`blocks.*`), where Muon belongs."""
    return {
        name
        for name, parameter in network.named_parameters()
        if parameter.ndim == 2 and "blocks." in name and "modulation" not in name
    }


def build(
    network: nn.Module, settings: OptimizerSettings, precision: torch.dtype = torch.float32
) -> list[torch.optim.Optimizer]:
    """AdamW for everything, or Muon, in `precision`, for hidden matrices and AdamW for the rest."""
    chosen = hidden_matrices(network) if settings.muon_learning_rate else set()
    rest = [p for n, p in network.named_parameters() if n not in chosen and p.requires_grad]
    adamw = torch.optim.AdamW(
        rest,
        settings.learning_rate,
        betas=(0.9, settings.beta2),
        weight_decay=settings.weight_decay,
        foreach=True,
    )
    if not chosen:
        return [adamw]
    muon = Muon(
        [p for n, p in network.named_parameters() if n in chosen and p.requires_grad],
        settings.muon_learning_rate,
        settings.weight_decay,
        precision=precision,
    )
    return [muon, adamw]


def learning_rate_factor(step: int, progress: float, warmup: int, decay: float) -> float:
    """Warm-up over `warmup` steps, flat, then linear to 0 over the last `decay` of `progress`."""
    up = min(1.0, (step + 1) / max(1, warmup))
    down = min(1.0, (1.0 - progress) / decay) if decay > 0 else 1.0
    return max(0.0, min(up, down))


class RunningAverage:
    """Exponential moving average of a network's floating-point state (Polyak 1992).

    The decay grows as (1 + n)/(10 + n) up to `decay`, so that a short run is not mostly its start.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.reset(network)

    def reset(self, network: nn.Module) -> None:
        """Begins again at the network's present weights."""
        self.updates = 0
        self.state = {k: v.detach().clone().float() for k, v in self._floats(network).items()}

    @staticmethod
    def _floats(network: nn.Module) -> dict[str, Tensor]:
        return {k: v for k, v in network.state_dict().items() if v.is_floating_point()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        current = self._floats(network)
        averages = list(self.state.values())
        torch._foreach_lerp_(averages, [current[k] for k in self.state], 1.0 - decay)

    @torch.no_grad()
    def copy_to(self, network: nn.Module) -> None:
        network.load_state_dict(self.state, strict=False)


def base_rates(settings: OptimizerSettings) -> list[float]:
    """The undecayed rate of each optimiser that `build` returns, in its order."""
    adamw = [settings.learning_rate]
    return [settings.muon_learning_rate, *adamw] if settings.muon_learning_rate else adamw
