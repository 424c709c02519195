"""Several prompts as one."""

from __future__ import annotations

import pytest

from studio.diffusion.denoised import Denoised
from studio.diffusion.guidance import ClassifierFree, find
from studio.diffusion.guidance.composed import Composed, composed

from ..cases import MIXTURE
from ..test_denoiser import Recorder, pictures, word_denoiser
from .cases import CONDITIONAL, UNCONDITIONAL, each_point, each_rule, same, there

OTHER = MIXTURE.conditional((1,))


@each_point
def test_guided_it_is_the_papers_sum(alpha: float, sigma: float) -> None:
    """Eq. 11: epsilon_u + sum_i w_i (epsilon_i - epsilon_u), here w_i = scale x weight."""
    x = there(alpha, sigma)
    both = Composed((CONDITIONAL, OTHER), (1.0, -0.5), UNCONDITIONAL)
    guided = ClassifierFree(both, UNCONDITIONAL, 3.0)(x, alpha, sigma)
    a, b, u = (each(x, alpha, sigma) for each in (CONDITIONAL, OTHER, UNCONDITIONAL))
    papers = Denoised(
        u.x0 + 3.0 * (a.x0 - u.x0) - 1.5 * (b.x0 - u.x0),
        u.epsilon + 3.0 * (a.epsilon - u.epsilon) - 1.5 * (b.epsilon - u.epsilon),
        3,
    )
    same(guided, papers)
    assert guided.nfe == 3


@each_rule
def test_every_rule_takes_one_prompt_of_weight_one_as_that_prompt(name: str) -> None:
    x = there(0.6, 0.4)
    single = Composed((CONDITIONAL,), (1.0,), UNCONDITIONAL)
    for conditional in (single, composed([CONDITIONAL], [1.0], UNCONDITIONAL)):
        same(
            find(name).guide(conditional, UNCONDITIONAL, 2.5)(x, 0.6, 0.4),
            find(name).guide(CONDITIONAL, UNCONDITIONAL, 2.5)(x, 0.6, 0.4),
        )


def test_all_prompts_share_one_network_call() -> None:
    network = Recorder()
    a, b, u = (word_denoiser(network, value) for value in (1.0, 2.0, 0.0))
    x = pictures()
    ClassifierFree(Composed((a, b), (1.0, 1.0), u), u, 2.0)(x, 0.6, 0.4)
    assert network.batches == [3 * len(x)]


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_without_guidance_only_what_is_needed_is_asked(scale: float) -> None:
    both = Composed((CONDITIONAL, OTHER), (1.0, 1.0), UNCONDITIONAL)
    answer = ClassifierFree(both, UNCONDITIONAL, scale)(there(0.6, 0.4), 0.6, 0.4)
    assert answer.nfe == (1 if scale == 0.0 else 3)
