"""Training on several devices under `torchrun`: plain data parallelism, nothing to configure."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
from torch import distributed, nn


@dataclass(frozen=True)
class World:
    """This process among its peers; alone when not started by torchrun."""

    rank: int
    size: int
    device: torch.device

    @classmethod
    def join(cls, device: torch.device) -> World:
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return cls(0, 1, device)
        if device.type == "cuda":
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return cls(distributed.get_rank(), size, device)

    def average_gradients(self, network: nn.Module) -> None:
        """Every process steps with the mean gradient: one all-reduce of one flat buffer."""
        if self.size == 1:
            return
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        flat = torch.cat([g.reshape(-1) for g in gradients])
        distributed.all_reduce(flat)
        flat /= self.size
        for gradient, part in zip(
            gradients, flat.split([g.numel() for g in gradients]), strict=True
        ):
            gradient.copy_(part.view_as(gradient))

    def any(self, flag: bool) -> bool:
        """True if any process says so, so that all stop at the same step."""
        if self.size == 1:
            return flag
        vote = torch.tensor(float(flag), device=self.device)
        distributed.all_reduce(vote, op=distributed.ReduceOp.MAX)
        return bool(vote)

    def leave(self) -> None:
        if self.size > 1:
            distributed.destroy_process_group()
