"""The encoder-decoder of Vaswani et al. 2017: one text is read whole, another is written from it.

Shapes in, shapes out: no files, no devices, no training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor, nn

from studio.core.tables import Within
from studio.networks.attention import Record
from studio.networks.bounds import Depth, Width, check_heads
from studio.networks.decoder import Decoder, DecoderConfig
from studio.networks.transformer import TransformerBlock


@dataclass(frozen=True)
class EncoderDecoderConfig:
    """`depth` blocks on each side; as in the paper unless it is said otherwise."""

    vocabulary: Annotated[int, Within(1, 2**20)] = 4096
    width: Width = 160
    depth: Depth = 3
    heads: Width = 5
    length: Annotated[int, Within(1, 4096)] = 32
    sinusoidal: bool = True
    post_norm: bool = True
    relu: bool = True

    def __post_init__(self) -> None:
        check_heads(self.width, self.heads)


class EncoderDecoder(nn.Module):
    """Both sides and the last layer share one embedding (section 3.4)."""

    def __init__(self, config: EncoderDecoderConfig) -> None:
        super().__init__()
        self.config = config
        width, heads = config.width, config.heads
        self.encoder = nn.ModuleList(
            TransformerBlock(width, heads, post_norm=config.post_norm, relu=config.relu)
            for _ in range(config.depth)
        )
        self.norm = nn.Identity() if config.post_norm else nn.LayerNorm(width)
        self.decoder = Decoder(
            DecoderConfig(
                config.vocabulary, width, config.depth, heads, config.length, width,
                config.sinusoidal, config.post_norm, config.relu,
            )
        )  # fmt: skip

    def encode(self, ids: Tensor, mask: Tensor, record: Record | None = None) -> Tensor:
        """Token numbers (B, M) and their mask (B, M), True at real tokens -> states (B, M, W)."""
        x, seen = self.decoder.embedded(ids), mask[:, None, None, :]
        for block in self.encoder:
            x = block(x, seen, record=record)
        return self.norm(x)

    def forward(
        self,
        source: Tensor,
        source_mask: Tensor,
        target: Tensor,
        record: Record | None = None,
    ) -> Tensor:
        """Log-odds (B, L, vocabulary) of what follows each token of `target` (B, L)."""
        memory = self.encode(source, source_mask, record)
        return self.decoder(target, memory, source_mask, record=record)
