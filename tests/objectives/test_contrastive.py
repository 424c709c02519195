"""The contrastive losses against their papers' formulas; in blocks, in memory."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from studio.objectives.contrastive import Contrast, clip_loss, sigmoid_loss
from studio.objectives.positives import Content, fits, pairs
from studio.report.contrastive_costs import cost

KINDS = {"clip": clip_loss, "siglip": sigmoid_loss}
kinds = pytest.mark.parametrize("kind", KINDS)


def vectors(count: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(count, 6, generator=generator, dtype=torch.float64), dim=-1)


def content(count: int) -> Content:
    """Things 0 to 3 over and over; every fourth pair has two things; some texts only name."""
    numbers = torch.arange(count)
    second = torch.where(numbers % 4 == 3, numbers % 3, -1)
    return Content(numbers, torch.stack([numbers % 4, second], 1), numbers % 4 == 1)


def inputs(count: int = 10) -> list[Tensor]:
    scalars = [torch.tensor(v, dtype=torch.float64) for v in (7.0, -2.0)]
    return [x.requires_grad_() for x in (vectors(count, 0), vectors(count, 1), *scalars)]


def plain(kind: str, of: list[Tensor], shown: Content) -> Tensor:
    pictures, texts, scale, bias = of
    return KINDS[kind](scale * pictures @ texts.T + bias, fits(shown, shown).double())


def test_siglip_is_its_papers_formula() -> None:
    logits = torch.randn(4, 4, dtype=torch.float64)
    labels = torch.where(torch.eye(4, dtype=torch.bool), 1.0, -1.0).double()
    expected = sum(
        math.log1p(math.exp(-float(labels[i, j] * logits[i, j])))
        for i in range(4)
        for j in range(4)
    )
    assert sigmoid_loss(logits, labels).item() == pytest.approx(expected / 4, rel=1e-12)


def test_clip_is_open_clips() -> None:
    """ClipLoss: (cross_entropy(logits, diagonal) + cross_entropy(logits^T, diagonal)) / 2."""
    logits, labels = torch.randn(5, 5, dtype=torch.float64), torch.arange(5)
    expected = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
    found = clip_loss(logits, fits(pairs(5), pairs(5)))
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)


def test_several_positives_share_the_target() -> None:
    """The soft target of cross-entropy, without the pairs that cannot be judged."""
    logits = torch.randn(3, 4, dtype=torch.float64)
    judged = torch.tensor([[1, 1, 0, -1], [-1, -1, 1, 0], [1, -1, -1, 1]])
    terms = []
    for values, marks in ((logits, judged), (logits.T, judged.T)):
        rows = []
        for row, known in zip(values, marks, strict=True):
            kept, right = row[known != 0], (known[known != 0] > 0).double()
            rows.append(F.cross_entropy(kept, right / right.sum()))
        terms.append(torch.stack(rows).mean())
    torch.testing.assert_close(clip_loss(logits, judged), sum(terms) / 2, rtol=1e-12, atol=0)


@kinds
def test_a_pair_that_cannot_be_judged_has_no_gradient(kind: str) -> None:
    logits = torch.randn(3, 3, requires_grad=True)
    judged = torch.tensor([[1, -1, 0], [0, 1, -1], [-1, 0, 1]])
    KINDS[kind](logits, judged).backward()
    assert logits.grad is not None
    assert torch.equal(logits.grad == 0, judged == 0)
    assert torch.equal(logits.grad.sign(), -judged.float())  # what fits is pulled up


def test_what_fits() -> None:
    """Pairs: 0 a cat alone, named; 1 a cat and a dog; 2 a dog alone, described; 3 an owl."""
    things = torch.tensor([[5, -1], [5, 6], [6, -1], [7, -1]])
    shown = Content(torch.arange(4), things, torch.tensor([True, False, True, True]))
    said = Content(torch.arange(4), things, torch.tensor([True, False, False, True]))
    expected = [[1, 0, -1, -1], [0, 1, 0, -1], [-1, 0, 1, -1], [-1, -1, -1, 1]]
    assert fits(shown, said).tolist() == expected
    again = Content(torch.tensor([9]), torch.tensor([[5, -1]]), torch.tensor([True]))
    assert fits(again, said).tolist() == [[1, 0, -1, -1]]  # the cat in another style


@kinds
@pytest.mark.parametrize("block", [3, 64])
def test_blocks_change_nothing(kind: str, block: int) -> None:
    of, shown = inputs(), content(10)
    whole = plain(kind, of, shown)
    expected = torch.autograd.grad(whole, of)
    parts = Contrast(kind, block)(*of, shown, shown)
    torch.testing.assert_close(parts, whole, rtol=1e-12, atol=1e-12)
    for gradient, other in zip(torch.autograd.grad(3 * parts, of), expected, strict=True):
        torch.testing.assert_close(gradient, 3 * other, rtol=1e-6, atol=1e-12)
    with torch.no_grad():
        torch.testing.assert_close(Contrast(kind, block)(*of, shown, shown), whole)


@kinds
def test_memory_grows_with_the_batch_and_not_its_square(kind: str) -> None:
    """Counted on the meta device, which computes nothing."""
    peaks = {batch: cost(kind, batch, 256, device="meta").peak for batch in (4096, 16384)}
    assert peaks[16384] < 4.1 * peaks[4096]
    whole = {batch: cost(kind, batch, 0, device="meta").peak for batch in (256, 4096, 16384)}
    assert whole[16384] > 15 * whole[4096]
    assert whole[16384] > 16 * peaks[16384]
    assert whole[256] < cost(kind, 256, 256, device="meta").peak * 2
    real = cost(kind, 512, 64)
    assert real.seconds > 0
    assert real.peak == cost(kind, 512, 64, device="meta").peak
