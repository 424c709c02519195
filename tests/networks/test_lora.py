"""Low-rank adapters: silent at first, equal to a merged network, gone without a trace."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from studio.networks import lora
from studio.networks.denoiser import DenoiserTransformer
from studio.networks.lora import PREFIX, AdapterConfig
from studio.networks.text import TextFeatures
from tests.tiny import DENOISER, randomised

CONFIG = AdapterConfig(rank=3, alpha=6.0)
SIDE = DENOISER.side
X = torch.randn(2, DENOISER.channels, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def network() -> DenoiserTransformer:
    torch.manual_seed(0)
    made = randomised(DenoiserTransformer(DENOISER))
    assert isinstance(made, DenoiserTransformer)
    return made.eval().requires_grad_(False)  # as opened: torch multiplies in another order else


def adapted(weight: float = 1.0) -> DenoiserTransformer:
    made = network()
    lora.add(made, CONFIG, weight)
    torch.manual_seed(2)
    for part in lora.adapters(made).values():
        nn.init.normal_(part.lora_B.weight, std=0.1)
    return made


@torch.no_grad()
def answer(made: DenoiserTransformer) -> Tensor:
    torch.manual_seed(3)
    tokens, pooled = torch.randn(2, 5, DENOISER.text_width), torch.randn(2, DENOISER.pooled_width)
    text = TextFeatures(tokens, torch.ones(2, 5, dtype=torch.bool), pooled)
    return made(X, torch.tensor([0.3, 0.9]), text)


def test_it_begins_silent_and_learns_alone() -> None:
    plain, made = network(), network()
    lora.add(made, CONFIG)
    assert torch.equal(answer(made), answer(plain))
    learning = {name for name, p in made.named_parameters() if p.requires_grad}
    assert learning and all(".lora_" in name for name in learning)


def test_merged_it_answers_as_with_the_update_beside_and_is_plain() -> None:
    made = adapted()
    beside = answer(made)
    assert not torch.allclose(beside, answer(network()), atol=1e-3)
    lora.merge(made)
    assert not lora.adapters(made)
    assert made.state_dict().keys() == network().state_dict().keys()
    assert (answer(made) - beside).abs().max() <= 1e-6 * max(1.0, float(beside.abs().max()))


def test_removed_the_network_is_what_it_was() -> None:
    made = adapted()
    lora.remove(made)
    assert torch.equal(answer(made), answer(network()))


def test_a_weight_scales_the_update() -> None:
    half, whole = adapted(0.5), adapted()
    for name, part in lora.adapters(half).items():
        difference = part.merged() - part.weight
        other = lora.adapters(whole)[name]
        torch.testing.assert_close(2 * difference, other.merged() - other.weight, atol=1e-6, rtol=0)
    nothing = adapted(0.0)
    assert torch.equal(answer(nothing), answer(network()))


def test_what_is_saved_is_loaded_again_under_peft_s_names() -> None:
    made = adapted()
    state = lora.state_of(made)
    assert f"{PREFIX}blocks.0.attention.qkv.lora_A.weight" in state
    again = network()
    lora.load(again, state, CONFIG)
    torch.testing.assert_close(answer(again), answer(made), atol=1e-6, rtol=0)


def test_an_update_shares_the_weights_that_it_stands_beside() -> None:
    made = network()
    shared = made.get_parameter("blocks.0.attention.qkv.weight")
    before = shared.clone()
    lora.load(made, lora.state_of(adapted()), CONFIG)
    assert made.get_parameter("blocks.0.attention.qkv.weight") is shared
    lora.merge(made)
    assert torch.equal(shared, before)
    assert not torch.equal(made.get_parameter("blocks.0.attention.qkv.weight"), before)


@pytest.mark.parametrize("fault", ["name", "shape", "half", "rank"])
def test_another_network_s_adapter_is_refused_before_any_change(fault: str) -> None:
    state, config = lora.state_of(adapted()), CONFIG
    first = next(iter(state))
    if fault == "name":
        state[first.replace("embed", "other")] = state[first]
    elif fault == "shape":
        state[first] = state[first][:, :-1]
    elif fault == "half":
        del state[first]
    else:
        config = AdapterConfig(rank=4)
    made = network()
    with pytest.raises(ValueError, match=r"it adapts|its tensors"):
        lora.load(made, state, config)
    assert not lora.adapters(made)


def test_peft_reads_it() -> None:
    """The same file in PEFT's own hands gives the same answer."""
    peft = pytest.importorskip("peft")
    made = adapted()
    names = [name for name, _ in lora.adapters(made).items()]
    config = peft.LoraConfig(r=CONFIG.rank, lora_alpha=CONFIG.alpha, target_modules=names)
    theirs = peft.get_peft_model(network(), config)
    loaded = peft.set_peft_model_state_dict(theirs, lora.state_of(made))
    assert not loaded.unexpected_keys
    torch.testing.assert_close(answer(theirs.base_model.model), answer(made), atol=1e-5, rtol=1e-5)
