"""The plain pre-norm transformer block of both towers. Shapes in, shapes out."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from studio.networks.attention import attention, join_heads, split_heads


class TransformerBlock(nn.Module):
    """Attention and a GELU network, each a residual after its layer norm (Xiong et al. 2020)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """x (B, L, W); `mask` broadcastable to (B, heads, L, L), True where a key may be seen."""
        parts = self.qkv(self.norm1(x)).chunk(3, dim=-1)
        q, k, v = (split_heads(part, self.heads) for part in parts)
        x = x + self.out(join_heads(attention(q, k, v, mask)))
        output: Tensor = x + self.down(F.gelu(self.up(self.norm2(x))))
        return output
