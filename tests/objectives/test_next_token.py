"""Next-token prediction, token by token in float64."""

import torch

from studio.objectives.next_token import next_token_loss


def test_token_by_token() -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 4, 5, dtype=torch.float64)
    ids = torch.randint(5, (2, 4))
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]).bool()
    places = [(0, 0), (0, 1), (0, 2), (1, 0)]
    terms = [-logits[b, i].log_softmax(-1)[ids[b, i + 1]] for b, i in places]
    expected = torch.stack(terms).mean()
    torch.testing.assert_close(
        next_token_loss(logits, ids, mask).double(), expected, rtol=1e-6, atol=1e-6
    )
    spread = torch.stack([-logits[b, i].log_softmax(-1).mean() for b, i in places]).mean()
    smooth = next_token_loss(logits, ids, mask, 0.3).double()
    torch.testing.assert_close(smooth, 0.7 * expected + 0.3 * spread, rtol=1e-6, atol=1e-6)


def test_a_lone_start_has_nothing_to_say() -> None:
    """A padded place changes nothing, whatever stands there."""
    logits, ids = torch.randn(1, 3, 5), torch.tensor([[1, 2, 3]])
    mask = torch.tensor([[True, True, False]])
    other = torch.tensor([[1, 2, 4]])
    assert next_token_loss(logits, ids, mask) == next_token_loss(logits, other, mask)
