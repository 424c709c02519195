"""The Vision Transformer equals torchvision's; crops of other sizes; what it shows of itself."""

from functools import partial

import pytest
import torch
from torch import nn
from torchvision.models import VisionTransformer as Theirs

from studio.networks.attention import Record
from studio.networks.vision import VisionConfig, VisionTransformer

TINY = VisionConfig(size=16, patch=4, width=24, depth=2, heads=3, classes=5)


def copied(theirs: Theirs) -> VisionTransformer:
    """Ours with torchvision's weights; its [CLS] has a position, which ours is added to."""
    ours = VisionTransformer(TINY).double()
    state = {"embed.weight": theirs.conv_proj.weight, "embed.bias": theirs.conv_proj.bias}
    places = theirs.encoder.pos_embedding[0]
    state |= {"cls": theirs.class_token[0, 0] + places[0], "positions.table": places[1:]}
    pairs = [("norm", theirs.encoder.ln), ("head", theirs.heads.head)]
    for i, layer in enumerate(theirs.encoder.layers):
        attention = layer.self_attention
        state[f"blocks.{i}.qkv.weight"] = attention.in_proj_weight
        state[f"blocks.{i}.qkv.bias"] = attention.in_proj_bias
        own = {"norm1": layer.ln_1, "norm2": layer.ln_2, "out": attention.out_proj}
        own |= {"up": layer.mlp[0], "down": layer.mlp[3]}
        pairs += [(f"blocks.{i}.{name}", module) for name, module in own.items()]
    for name, module in pairs:
        state |= {f"{name}.weight": module.weight, f"{name}.bias": module.bias}
    ours.load_state_dict(state)
    return ours


def test_equals_torchvision_s() -> None:
    torch.manual_seed(0)
    theirs = Theirs(16, 4, 2, 3, 24, 96, num_classes=5, norm_layer=partial(nn.LayerNorm, eps=1e-5))
    theirs = theirs.double().eval()
    nn.init.normal_(theirs.heads.head.weight)
    for parameter in theirs.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    pictures = torch.rand(3, 3, 16, 16, dtype=torch.float64) * 2 - 1
    features = copied(theirs)(pictures)
    torch.testing.assert_close(features.logits, theirs(pictures), atol=1e-5, rtol=0)
    assert features.patches.shape == (3, 16, 24)


@pytest.mark.parametrize("sinusoidal", [False, True])
def test_crops_of_other_sizes(sinusoidal: bool) -> None:
    network = VisionTransformer(VisionConfig(16, 4, 24, 1, 3, sinusoidal))
    features = network(torch.rand(2, 3, 8, 12))
    assert features.cls.shape == (2, 24) and features.patches.shape == (2, 6, 24)
    assert features.logits.shape == (2, 0)
    with pytest.raises(ValueError, match="10x12"):
        network(torch.rand(2, 3, 10, 12))


@torch.no_grad()
def test_recording_changes_nothing() -> None:
    network, pictures, record = VisionTransformer(TINY), torch.rand(2, 3, 16, 16), Record()
    seen = network(pictures, record)
    torch.testing.assert_close(seen.cls, network(pictures).cls)
    assert [w.shape for w in record.weights] == 2 * [(2, 3, 17, 17)]
    torch.testing.assert_close(record.weights[0].sum(-1), torch.ones(2, 3, 17))
    torch.testing.assert_close(network.norm(record.states[-1])[:, 0], seen.cls)
