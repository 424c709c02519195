"""Muon against torch's own, and against the singular value decomposition."""

import copy

import pytest
import torch
from torch import nn

from studio.training.muon import Muon, orthogonalised

SHAPES = [(24, 24), (16, 48), (48, 16), (16, 24), (1, 5)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_singular_values_come_near_one_and_vectors_stay(
    shape: tuple[int, int], precision: torch.dtype
) -> None:
    torch.manual_seed(0)
    u, _, vt = torch.linalg.svd(torch.randn(shape), full_matrices=False)
    matrix = u @ torch.diag(torch.linspace(1.0, 3.0, len(vt))) @ vt
    values = u.T @ orthogonalised(matrix, precision).float() @ vt.T
    off = values - torch.diag(values.diagonal())
    assert off.abs().max() < (1e-5 if precision == torch.float32 else 0.1)
    assert ((values.diagonal() > 0.6) & (values.diagonal() < 1.25)).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_steps_as_torch(shape: tuple[int, int]) -> None:
    """To what torch's bfloat16 leaves of the digits."""
    torch.manual_seed(1)
    ours, theirs = (nn.ParameterList([nn.Parameter(torch.randn(shape))]) for _ in range(2))
    theirs.load_state_dict(copy.deepcopy(ours.state_dict()))
    begun = ours[0].detach().clone()
    muon = Muon(ours, 0.02, 0.1)
    reference = torch.optim.Muon(
        theirs, 0.02, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw"
    )
    for step in range(4):
        gradient = torch.randn(shape, generator=torch.Generator().manual_seed(step))
        ours[0].grad, theirs[0].grad = gradient, gradient.clone()
        muon.step()
        reference.step()
    moved = (ours[0] - begun).norm()
    assert (ours[0] - theirs[0]).norm() < 0.03 * moved
    saved = muon.state_dict()["state"][0]["momentum_buffer"]
    assert torch.allclose(saved, reference.state_dict()["state"][0]["momentum_buffer"])


def test_parameters_without_a_gradient_stay() -> None:
    parameter = nn.Parameter(torch.ones(2, 3))
    Muon([parameter], 0.1).step()
    assert torch.equal(parameter.detach(), torch.ones(2, 3))
