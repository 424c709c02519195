"""What a contrastive loss costs: memory and time against the batch, whole and in blocks."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from studio.objectives.contrastive import Contrast, clip_loss, sigmoid_loss
from studio.objectives.positives import fits, pairs

Report = Callable[[str], None]


@dataclass(frozen=True)
class Cost:
    """Of one loss and its gradient. `block` 0: all pairs at once. `peak` bytes beyond the vectors
    that went in."""

    kind: str
    batch: int
    block: int
    peak: int
    seconds: float


class PeakMemory(TorchDispatchMode):
    """Counts the bytes of all tensors made inside; on the "meta" device, without making them."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        given = {x.untyped_storage()._cdata for x in tree_leaves((args, kwargs)) if _is(x)}
        for made in filter(_is, tree_leaves(result)):
            storage = made.untyped_storage()
            if storage._cdata not in given | self._known:
                self._known.add(storage._cdata)
                self.now += storage.nbytes()
                weakref.finalize(storage, self._gone, storage._cdata, storage.nbytes())
        self.peak = max(self.peak, self.now)
        return result

    def _gone(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


def _is(value: object) -> bool:
    return isinstance(value, Tensor)


def cost(kind: str, batch: int, block: int, width: int = 384, device: str = "cpu") -> Cost:
    """One loss of `batch` random pairs and its gradient, counted and, where there is something to
    compute, timed."""
    inputs = _inputs(batch, width, device)
    with PeakMemory() as memory:
        _gradient(kind, inputs, block)
    seconds = 0.0 if device == "meta" else least_time(kind, batch, block, width, device)
    return Cost(kind, batch, block, memory.peak, seconds)


def _inputs(batch: int, width: int, device: str) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    vectors = [
        F.normalize(torch.randn(batch, width, generator=generator), dim=-1) for _ in range(2)
    ]
    inputs = (*vectors, torch.tensor(10.0), torch.tensor(-10.0))
    return [x.to(device).requires_grad_() for x in inputs]


def least_time(
    kind: str, batch: int, block: int, width: int = 384, device: str = "cpu", enough: float = 1.0
) -> float:
    """Seconds; the least of five, or of as many as begin within `enough` seconds."""
    inputs, times = _inputs(batch, width, device), list[float]()
    while len(times) < 5 and sum(times) <= enough:
        started = time.perf_counter()
        _gradient(kind, inputs, block)
        times.append(time.perf_counter() - started)
    return min(times)


def _gradient(kind: str, inputs: list[Tensor], block: int) -> None:
    pictures, texts, scale, bias = inputs
    content = pairs(len(pictures), pictures.device)
    if block:
        loss = Contrast(kind, block)(pictures, texts, scale, bias, content, content)
    else:
        whole = {"clip": clip_loss, "siglip": sigmoid_loss}[kind]
        judged = fits(content, content).to(pictures.dtype)
        loss = whole(pictures @ texts.T * scale + bias, judged)
    torch.autograd.grad(loss, inputs, allow_unused=True)


def costs(
    batches: Iterable[int], block: int = 256, timed: int = 4096, report: Report = print
) -> list[Cost]:
    """Both losses, all pairs at once and in blocks. Memory is counted without making it; whole
    ones larger than `timed` are not computed (0 seconds)."""
    found = list[Cost]()
    for batch in batches:
        for kind in ("clip", "siglip"):
            for size in (0, block):
                report(f"{kind}, a batch of {batch}, {'in blocks' if size else 'whole'}")
                counted = cost(kind, batch, size, device="meta")
                seconds = least_time(kind, batch, size) if size or batch <= timed else 0.0
                found.append(replace(counted, seconds=seconds))
    return found
