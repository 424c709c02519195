"""Encoder, decoder and both together equal torch.nn.Transformer, before and after the norm."""

import pytest
import torch
from torch import Tensor, nn

from studio.networks.attention import Record
from studio.networks.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from tests.networks.copying import copy_block

WIDTH, HEADS, DEPTH = 12, 3, 2


def network(post_norm: bool, relu: bool) -> EncoderDecoder:
    torch.manual_seed(0)
    config = EncoderDecoderConfig(20, WIDTH, DEPTH, HEADS, 9, True, post_norm, relu)
    made = EncoderDecoder(config).double()
    for parameter in made.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return made


def theirs_of(ours: EncoderDecoder) -> nn.Transformer:
    """Their stacks always end with a norm, as a pre-norm one must; the paper's does not."""
    post, relu = ours.config.post_norm, ours.config.relu
    like = (WIDTH, HEADS, 4 * WIDTH, 0.0, "relu" if relu else "gelu", 1e-5, True, not post)
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(*like), DEPTH, ours.norm, enable_nested_tensor=False
    )
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(*like), DEPTH, ours.decoder.norm)
    theirs = nn.Transformer(
        WIDTH, HEADS, custom_encoder=encoder, custom_decoder=decoder, batch_first=True
    ).double()
    for blocks, layers in ((ours.encoder, encoder), (ours.decoder.blocks, decoder)):
        for block, layer in zip(blocks, layers.layers, strict=True):
            copy_block(block, layer)
    return theirs


def texts() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    source, target = torch.randint(20, (3, 7)), torch.randint(20, (3, 5))
    source_mask, target_mask = (torch.ones_like(t, dtype=torch.bool) for t in (source, target))
    source_mask[1, 4:] = target_mask[2, 3:] = False
    return source, source_mask, target, target_mask


@pytest.mark.parametrize("post_norm", [False, True])
@pytest.mark.parametrize("relu", [False, True])
def test_equals_torch_s(post_norm: bool, relu: bool) -> None:
    ours = network(post_norm, relu)
    theirs = theirs_of(ours)
    source, mask, target, target_mask = texts()
    x, y = ours.decoder.embedded(source), ours.decoder.embedded(target)
    causal = nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.bool)
    memory = ours.encode(source, mask)
    encoded = theirs.encoder(x, src_key_padding_mask=~mask)
    torch.testing.assert_close(memory[mask], encoded[mask], atol=1e-5, rtol=0)
    expected = theirs(
        x,
        y,
        tgt_mask=causal,
        src_key_padding_mask=~mask,
        tgt_key_padding_mask=~target_mask,
        memory_key_padding_mask=~mask,
    )
    states = ours.decoder.states(target, memory, mask)
    torch.testing.assert_close(states[target_mask], expected[target_mask], atol=1e-5, rtol=0)
    logits = ours(source, mask, target)
    torch.testing.assert_close(logits, states @ ours.decoder.embedding.weight.T)


@torch.no_grad()
def test_what_a_record_holds() -> None:
    ours, (source, mask, target, _), record = network(True, True), texts(), Record()
    logits = ours(source, mask, target, record)
    torch.testing.assert_close(logits, ours(source, mask, target))
    assert [tuple(w.shape) for w in record.weights] == 2 * [(3, 3, 7, 7)] + 2 * [(3, 3, 5, 5)]
    assert [tuple(w.shape) for w in record.cross] == 2 * [(3, 3, 5, 7)]
    assert not record.cross[0][1, ..., 4:].any()  # padding is not looked at
    assert not record.weights[-1].triu(1).any()  # nor what comes later
    assert len(record.states) == 4 and len(record.heard) == len(record.after) == 2
