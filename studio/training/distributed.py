"""Training by several processes under torchrun: torch's own data parallelism, nothing to set."""

from __future__ import annotations

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from studio.core.world import World


def join(device: torch.device) -> World:
    """Meets the other processes, if there are any."""
    world = World.here()
    if world.size > 1 and not together():
        backend = "nccl" if device.type == "cuda" else "gloo"
        met, rank, size = next(distributed.rendezvous("env://"))  # type: ignore[attr-defined]
        # torchrun's store outlives a restart, and with it the addresses of those who died
        store = distributed.PrefixStore(world.attempt, met)  # type: ignore[attr-defined]
        distributed.init_process_group(backend, store=store, rank=rank, world_size=size)
    return world


def world() -> World:
    """The processes that have met."""
    return World.here() if together() else World()


def together() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def parallel(module: nn.Module, unused: bool = False) -> nn.Module:
    """`module`, whose backward passes give every process the mean gradient; itself when alone.

    `unused`: some parameters may have no gradient, which takes a search of the graph a step.
    """
    if not together():
        return module
    return DistributedDataParallel(
        module,
        broadcast_buffers=False,  # ours are constants
        gradient_as_bucket_view=True,
        find_unused_parameters=unused,
    )


def any_of(flag: bool, device: torch.device) -> bool:
    """True if any process says so, so that all stop at the same step."""
    if not together():
        return flag
    vote = torch.tensor(float(flag), device=device)
    distributed.all_reduce(vote, op=distributed.ReduceOp.MAX)
    return bool(vote)


def add_up(*tensors: Tensor) -> None:
    """Each becomes, in place, the sum of all processes'."""
    if together():
        for tensor in tensors:
            distributed.all_reduce(tensor)


def mean_of(tensor: Tensor) -> Tensor:
    """`tensor`, made in place the mean of all processes'."""
    add_up(tensor)
    return tensor.div_(world().size)


def leave() -> None:
    """Ends the talk once every process is here. One that went ahead of the others could be at its
    end while a thread of gloo's still lets go of the last sum, and that aborts the process."""
    if together():
        nccl = distributed.get_backend() == "nccl"
        distributed.barrier(device_ids=[torch.cuda.current_device()] if nccl else None)
        distributed.destroy_process_group()


def lost_a_peer(error: RuntimeError) -> bool:
    """Whether this is what torch says where another process is gone."""
    return isinstance(error, distributed.DistError) or "gloo" in str(error)
