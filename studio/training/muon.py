"""Muon: momentum whose every update is orthogonalised (Jordan et al. 2024).

torch.optim.Muon, which it agrees with, always orthogonalises in bfloat16: on a processor without
instructions for it that takes 25 times as long as the float32 of this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # steepest at 0; singular values end in 0.7 to 1.2
ROUNDS = 5


def orthogonalised(matrix: Tensor, precision: torch.dtype) -> Tensor:
    """About U V^T of `matrix` = U S V^T, (m, n), by Newton and Schulz's iteration.

    A round is X <- (a + b G + c G^2) X with G = X X^T: a polynomial of G times X. In float32 the
    polynomials alone are multiplied, square and small, and X once at the end; in bfloat16 their
    rounding errors would grow, so X is carried along.
    """
    wide = matrix.shape[0] <= matrix.shape[1]
    x = (matrix if wide else matrix.T).to(precision)
    x = x / x.norm().clamp_min(1e-7)
    small = precision == torch.float32 and 2 * x.shape[0] <= x.shape[1]
    x = _through_gram(x) if small else _rounds(x)
    return x if wide else x.T


def _polynomial(gram: Tensor) -> Tensor:
    """b G + c G^2."""
    _, b, c = COEFFICIENTS
    return torch.addmm(gram, gram, gram, beta=b, alpha=c)


def _rounds(x: Tensor) -> Tensor:
    for _ in range(ROUNDS):
        x = torch.addmm(x, _polynomial(x @ x.T), x, beta=COEFFICIENTS[0])
    return x


def _through_gram(x: Tensor) -> Tensor:
    """The same, as one product: all the rounds' polynomials of G commute."""
    gram = x @ x.T
    whole = None
    for _ in range(ROUNDS):
        factor = _polynomial(gram)
        factor.diagonal().add_(COEFFICIENTS[0])
        whole = factor if whole is None else factor @ whole
        gram = factor @ gram @ factor
    assert whole is not None
    return whole @ x


class Muon(torch.optim.Optimizer):
    """For matrices (m, n). Nesterov momentum 0.95; the rate is scaled by 0.2 sqrt(max(m, n)), so
    that an update is as large as one of AdamW's (Liu et al. 2025); decoupled weight decay.

    Args:
        precision: of the orthogonalisation: bfloat16 where that is quicker.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        weight_decay: float = 0.0,
        momentum: float = 0.95,
        precision: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})
        self.precision = precision

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        assert closure is None
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group)

    def _update(self, parameter: Tensor, gradient: Tensor, group: dict[str, float]) -> None:
        state, momentum = self.state[parameter], group["momentum"]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        average: Tensor = state["momentum_buffer"].lerp_(gradient, 1 - momentum)
        update = orthogonalised(gradient.lerp(average, momentum), self.precision)
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.add_(update, alpha=-group["lr"] * 0.2 * max(parameter.shape) ** 0.5)
