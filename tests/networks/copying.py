"""torch's own transformer layers with the weights of our blocks."""

from torch import nn

from studio.networks.transformer import TransformerBlock


def copy_block(block: TransformerBlock, layer: nn.Module) -> None:
    """Into a TransformerEncoderLayer, or a TransformerDecoderLayer if the block has a memory."""
    own = layer.self_attn
    pairs = [(own.out_proj, block.out), (layer.linear1, block.up), (layer.linear2, block.down)]
    pairs.append((layer.norm1, block.norm1))
    own.in_proj_weight.data, own.in_proj_bias.data = block.qkv.weight, block.qkv.bias
    cross = block.cross
    if cross is None:
        pairs.append((layer.norm2, block.norm2))
    else:
        pairs += [(layer.norm2, cross.norm), (layer.norm3, block.norm2)]
        theirs, width = layer.multihead_attn, cross.query.out_features
        pairs.append((theirs.out_proj, cross.out))
        theirs.in_proj_weight.data[:width] = cross.query.weight
        theirs.in_proj_weight.data[width:] = cross.key_value.weight
        theirs.in_proj_bias.data[:width] = cross.query.bias
        theirs.in_proj_bias.data[width:] = cross.key_value.bias
    for theirs, ours in pairs:
        theirs.load_state_dict(ours.state_dict())
