from __future__ import annotations

import pytest
import torch
from torch import Tensor

from studio.diffusion.denoised import Denoised
from studio.diffusion.guidance import ClassifierFree, find
from studio.diffusion.guidance.rescale import Rescaled

from .cases import CONDITIONAL, UNCONDITIONAL, each_point, same, there

W = 5.0


def at(phi: float, alpha: float, sigma: float) -> Denoised:
    guided = find("rescale").guide(CONDITIONAL, UNCONDITIONAL, W, options=(("phi", phi),))
    return guided(there(alpha, sigma), alpha, sigma)


def std(x: Tensor) -> Tensor:
    return x.flatten(1).std(1)


@each_point
def test_phi_zero_is_classifier_free_guidance(alpha: float, sigma: float) -> None:
    plain = ClassifierFree(CONDITIONAL, UNCONDITIONAL, W)(there(alpha, sigma), alpha, sigma)
    same(at(0.0, alpha, sigma), plain)


@each_point
def test_phi_one_has_the_conditionals_std_in_x0(alpha: float, sigma: float) -> None:
    conditional = CONDITIONAL(there(alpha, sigma), alpha, sigma)
    unscaled, rescaled = at(0.0, alpha, sigma), at(1.0, alpha, sigma)
    torch.testing.assert_close(std(rescaled.x0), std(conditional.x0), rtol=1e-10, atol=1e-10)
    assert (std(unscaled.x0) - std(conditional.x0)).abs().max() > 1e-6  # there was work to do


@each_point
def test_phi_mixes_the_two(alpha: float, sigma: float) -> None:
    plain, whole, part = (at(phi, alpha, sigma) for phi in (0.0, 1.0, 0.7))
    mixed = Denoised(
        0.3 * plain.x0 + 0.7 * whole.x0, 0.3 * plain.epsilon + 0.7 * whole.epsilon, nfe=2
    )
    same(part, mixed)


def test_the_scale_one_is_the_conditional_in_one_evaluation() -> None:
    here = Rescaled(CONDITIONAL, UNCONDITIONAL, 1.0)(there(0.6, 0.4), 0.6, 0.4)
    same(here, CONDITIONAL(there(0.6, 0.4), 0.6, 0.4), 0.0)
    assert here.nfe == 1


def test_a_blank_picture_stays_blank() -> None:
    def blank(x: Tensor, alpha: float, sigma: float) -> Denoised:
        x0 = torch.full_like(x, 0.5)
        return Denoised(x0, (x - alpha * x0) / sigma, nfe=1)

    here = Rescaled(blank, blank, 3.0, phi=1.0)(there(0.6, 0.4), 0.6, 0.4)
    assert torch.equal(here.x0, torch.full_like(here.x0, 0.5))


def test_each_picture_keeps_its_own_std() -> None:
    x = torch.cat((there(0.6, 0.4), 30.0 * there(0.6, 0.4)))
    guided = Rescaled(CONDITIONAL, UNCONDITIONAL, W, phi=1.0)
    both = guided(x, 0.6, 0.4).x0
    torch.testing.assert_close(both[:5], guided(x[:5], 0.6, 0.4).x0, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("sigma", [1e-3, 1e-5, 1e-7])
def test_towards_clean_data_it_vanishes_like_guidance_itself(sigma: float) -> None:
    x = there(1.0, sigma)
    change = Rescaled(CONDITIONAL, UNCONDITIONAL, W)(x, 1.0, sigma).x0 - x
    assert change.abs().max() < 200.0 * sigma
