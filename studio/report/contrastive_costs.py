"""What a contrastive loss costs: memory and time against the batch, whole and in blocks."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from studio.objectives.contrastive import Contrast, clip_loss, sigmoid_loss
from studio.objectives.positives import fits, pairs


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


def cost(
    kind: str, batch: int, block: int, width: int = 384, device: str = "cpu", repeats: int = 1
) -> Cost:
    """One loss of `batch` random pairs and its gradient; the least time of `repeats`."""
    generator = torch.Generator().manual_seed(0)
    vectors = [
        F.normalize(torch.randn(batch, width, generator=generator), dim=-1).to(device)
        for _ in range(2)
    ]
    inputs = [x.requires_grad_() for x in (*vectors, torch.tensor(10.0), torch.tensor(-10.0))]
    inputs = [x.detach().to(device).requires_grad_() for x in inputs]
    with PeakMemory() as memory:
        _gradient(kind, inputs, block)
    seconds = min(_timed(kind, inputs, block) for _ in range(repeats)) if device != "meta" else 0.0
    return Cost(kind, batch, block, memory.peak, seconds)


def _timed(kind: str, inputs: list[Tensor], block: int) -> float:
    started = time.perf_counter()
    _gradient(kind, inputs, block)
    return time.perf_counter() - started


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


def costs(batches: Iterable[int], block: int = 256, whole_up_to: int = 8192) -> list[Cost]:
    """Both losses, whole where the square of the batch is bearable, and in blocks."""
    return [
        cost(kind, batch, size)
        for batch in batches
        for kind in ("clip", "siglip")
        for size in (0, block)
        if size or batch <= whole_up_to
    ]
