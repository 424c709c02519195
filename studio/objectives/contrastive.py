"""Contrastive training of a picture tower against texts: CLIP's softmax, SigLIP's sigmoid.

Both take logits (pictures x texts) and, for each pair, whether it fits; several texts may fit a
picture and several pictures a text. `Contrast` never holds all pairs at once, and reaches across
processes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, distributed
from torch.nn import functional as F

from studio.objectives.positives import Content, fits

Rows = Callable[[Tensor, Tensor], Tensor]  # logits and fits (B, T) -> losses (B,)


def sigmoid_rows(logits: Tensor, fits: Tensor) -> Tensor:
    """-sum over j of log sigma(fits_ij logits_ij) (B,), over the pairs that were judged."""
    return -(F.logsigmoid(fits * logits) * fits.abs()).sum(1)


def softmax_rows(logits: Tensor, fits: Tensor) -> Tensor:
    """Cross-entropy (B,) of each row's softmax against all that fits, in equal parts (Khosla et al.
    2020, equation 2). Pairs that cannot be judged are not in the sum; rows that nothing fits are 0.
    """
    logits = logits.masked_fill(fits == 0, -1e30)
    right = fits > 0
    count = right.sum(1)
    mean = logits.masked_fill(~right, 0.0).sum(1) / count.clamp_min(1)
    return torch.where(count > 0, logits.logsumexp(1) - mean, 0.0)


def sigmoid_loss(logits: Tensor, fits: Tensor) -> Tensor:
    """SigLIP: every pair is its own yes-or-no question (Zhai et al. 2023, equation 1).

    Args:
        logits: (B, T), log-odds that text j fits picture i.
        fits: (B, T), +1 where it does, -1 where it does not, 0 where neither can be said.

    Returns:
        The sum over texts, averaged over pictures.
    """
    return sigmoid_rows(logits, fits).mean()


def clip_loss(logits: Tensor, fits: Tensor) -> Tensor:
    """CLIP: which text of all belongs to the picture, and which picture to the text (Radford et al.
    2021, figure 3), in nats; arguments as in `sigmoid_loss`."""
    return (softmax_rows(logits, fits).mean() + softmax_rows(logits.T, fits.T).mean()) / 2


@dataclass(frozen=True)
class Contrast:
    """A contrastive loss in blocks of `block` rows: memory grows with the batch, not its square.

    `kind` is "clip" or "siglip". Of several processes each brings its part of the batch: its
    pictures meet everybody's texts, and gradients find their way back. The mean over processes
    (what DistributedDataParallel makes of them) is the loss of the whole batch and its gradient.
    """

    kind: str
    block: int = 256

    def __call__(
        self, pictures: Tensor, texts: Tensor, scale: Tensor, bias: Tensor,
        shown: Content, said: Content,
    ) -> Tensor:  # fmt: skip
        """The loss of unit vectors (B, D) and (T, D), logits being scale * cosine + bias.

        Args:
            scale, bias: scalars; a softmax does not see the bias.
            shown, said: what the pictures show, what the texts say.
        """
        every_text, all_said = gathered(texts), said.map(together)
        if self.kind == "siglip":
            rows = in_blocks(sigmoid_rows, pictures, every_text, scale, bias, self.block,
                             lambda part: fits(shown[part], all_said))  # fmt: skip
            return rows / len(pictures)
        every_picture, all_shown = gathered(pictures), shown.map(together)
        rows = in_blocks(softmax_rows, pictures, every_text, scale, bias, self.block,
                         lambda part: fits(shown[part], all_said))  # fmt: skip
        columns = in_blocks(softmax_rows, texts, every_picture, scale, bias, self.block,
                            lambda part: fits(all_shown, said[part]).T)  # fmt: skip
        return (rows / len(pictures) + columns / len(texts)) / 2


def in_blocks(
    loss: Rows, rows: Tensor, columns: Tensor, scale: Tensor, bias: Tensor, block: int,
    judged: Callable[[slice], Tensor],
) -> Tensor:  # fmt: skip
    """The sum of `loss` over the rows of scale * rows columns^T + bias, with its exact gradient.

    Args:
        judged: the fits (rows of the slice, T) of a part of the rows.
    """

    def part(at: slice, *of: Tensor) -> Tensor:
        kind = "cuda" if rows.is_cuda else "cpu"
        with torch.autocast(kind, enabled=False):  # bf16 is too coarse for logits
            these, those, factor, shift = of
            logits = these @ those.T * factor + shift
            return loss(logits, judged(at).to(logits.dtype)).sum()

    return cast(Tensor, _Blocks.apply(part, block, rows, columns, scale, bias))  # type: ignore[no-untyped-call]


class _Blocks(torch.autograd.Function):
    """Each block's gradient is taken at once, so that no two blocks are there at a time."""

    @staticmethod
    def forward(
        ctx: Any, part: Callable[..., Tensor], block: int, rows: Tensor, *others: Tensor
    ) -> Tensor:
        learns = any(ctx.needs_input_grad)
        of_rows, gradients = torch.zeros_like(rows), [torch.zeros_like(x) for x in others]
        total = rows.new_zeros(())
        for start in range(0, len(rows), block):
            at = slice(start, start + block)
            inputs = [x.detach().requires_grad_(learns) for x in (rows[at], *others)]
            with torch.set_grad_enabled(learns):
                value = part(at, *inputs)
            total += value.detach()
            if learns:
                here, *shared = torch.autograd.grad(value, inputs, allow_unused=True)
                of_rows[at] = here
                for sum_, gradient in zip(gradients, shared, strict=True):
                    sum_ += 0 if gradient is None else gradient
        ctx.save_for_backward(of_rows, *gradients)
        return total

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        return None, None, *(upstream * gradient for gradient in ctx.saved_tensors)


def gathered(vectors: Tensor) -> Tensor:
    """Every process's (B, D) one after the other, with gradients; itself when alone."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return vectors
    return cast(Tensor, _Gather.apply(vectors))  # type: ignore[no-untyped-call]


def together(values: Tensor) -> Tensor:
    """As `gathered`, of what has no gradient."""
    return gathered(values.detach())


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, vectors: Tensor) -> Tensor:
        parts = [torch.empty_like(vectors) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, vectors.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Tensor:  # type: ignore[override]
        total = upstream.contiguous().clone()
        distributed.all_reduce(total)
        return total.chunk(distributed.get_world_size())[distributed.get_rank()]
