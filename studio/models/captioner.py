"""A captioner: a decoder that writes about what an encoder sees of a picture."""

from __future__ import annotations

from dataclasses import dataclass

import tokenizers
import torch
from torch import Tensor

from studio.networks.decoder import Decoder, generate
from studio.networks.tokenizers.vocabulary import BEGIN, END
from studio.networks.vision import VisionTransformer

BEAMS = 4


@dataclass(frozen=True)
class Captioner:
    """`tokenizer` turns the decoder's numbers into words."""

    decoder: Decoder
    vision: VisionTransformer
    tokenizer: tokenizers.Tokenizer

    @torch.no_grad()
    def memory(self, pictures: Tensor) -> Tensor:
        """What the decoder looks at of pictures (B, 3, S, S), S the encoder's size: [CLS] and the
        patches, (B, 1 + patches, W)."""
        features = self.vision(pictures)
        return torch.cat([features.cls[:, None], features.patches], 1)

    def likeliest(self, memory: Tensor, beams: int = BEAMS) -> list[str]:
        """A text for each memory, by beam search."""
        return self._written(memory, beams=beams)

    def drawn(self, memory: Tensor, temperature: float, generator: torch.Generator) -> list[str]:
        """One drawn by its odds for each."""
        return self._written(memory, temperature=temperature, generator=generator)

    def _written(self, memory: Tensor, **how: object) -> list[str]:
        begin = torch.full((len(memory), 1), BEGIN, device=memory.device)
        written = generate(self.decoder, begin, END, memory, **how)  # type: ignore[arg-type]
        return [text.strip() for text in self.tokenizer.decode_batch(written.ids.tolist())]
