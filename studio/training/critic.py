"""The autoencoder's opponent: trained beside it, one step after each of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from studio.networks.discriminator import DiscriminatorConfig
from studio.objectives.adversarial import Adversary, adaptive_weight
from studio.training import distributed, states
from studio.training.hardware import Hardware


class Critic:
    """A companion (see `studio.training.task`): an Adversary and its optimiser.

    Args:
        weight: times the adaptive weight; 0.5 in Esser et al. 2021.
        adaptive: False leaves the adaptive weight out, and lets the critic take over.
        rate: Adam's learning rate, with betas (0.5, 0.9) as there.
    """

    def __init__(
        self,
        config: DiscriminatorConfig,
        weight: float,
        rate: float,
        on: Hardware,
        adaptive: bool = True,
    ) -> None:
        self.adversary = Adversary(config).to(on.device)
        self._parallel = distributed.parallel(self.adversary)
        self.weight, self.on, self.adaptive = weight, on, adaptive
        self.optimizer = torch.optim.Adam(self.adversary.parameters(), rate, betas=(0.5, 0.9))
        self._shown: tuple[Tensor, Tensor] | None = None
        self._loss = torch.ones((), device=on.device)

    def terms(
        self, terms: Mapping[str, Tensor], real: Tensor, decoded: Tensor, last: Tensor
    ) -> dict[str, Tensor]:
        """The terms with the adversarial one in "loss"; remembers the pictures for `step`.

        Args:
            terms: at least "loss", of which the part that depends on the decoder is reconstruction.
            real, decoded: (B, 3, H, W) in [-1, 1].
            last: the weight of the decoder's last layer.
        """
        adversarial = self.adversary.generator_term(decoded)
        weight = torch.tensor(self.weight, device=self.on.device)
        if self.adaptive:
            mean = distributed.mean_of
            weight = weight * adaptive_weight(terms["loss"], adversarial, last, mean)
        self._shown = real, decoded.detach()
        return {
            **terms,
            "loss": terms["loss"] + weight * adversarial,
            "adversarial": adversarial,
            "adversarial_weight": weight,
            "discriminator": self._loss,
        }

    def step(self) -> None:
        """Trains the discriminator on what `terms` saw last; nothing to do before its start."""
        if self._shown is None:
            return
        (real, decoded), self._shown = self._shown, None
        with self.on.autocast():
            loss: Tensor = self._parallel(real, decoded)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self._loss = loss.detach()

    def state_dict(self) -> dict[str, Any]:
        return {
            "adversary": self.adversary.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Raises ValueError for what is not of this critic, which is then untouched."""
        own = self.adversary.state_dict()
        adversary = states.tensors(state.get("adversary"), own, "critic")
        moments = states.moments(state.get("optimizer"), self.optimizer, "critic's moments")
        self.adversary.load_state_dict(adversary)
        self.optimizer.load_state_dict(moments)
