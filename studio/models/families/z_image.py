"""Z-Image (Cai et al. 2025, arXiv:2511.22699): a transformer of one stream, the picture's patches
and Qwen3's tokens. Its Turbo is distilled: guidance 1 is right for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from studio.models.families.adapter import Adapter, Part
from studio.models.families.flow import published

if TYPE_CHECKING:
    from torch import Tensor

    from studio.core.prompts import Phrase
    from studio.diffusion.schedules import Schedule
    from studio.models.families.language import LanguageText
    from studio.networks.text import TextFeatures

PATCH, LENGTH = 2, 512
USER, END = "<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"


class ZImage(Adapter):
    asked, latent_side = "transformer", 128
    pipelines = ("ZImagePipeline",)
    parts: ClassVar[Mapping[str, Part]] = {
        "transformer": Part(("ZImageTransformer2DModel",)),
        "tokenizer": Part(("Qwen2Tokenizer", "Qwen2TokenizerFast"), "transformers"),
        "text_encoder": Part(("Qwen3Model", "Qwen3ForCausalLM"), "transformers"),
    }

    @cached_property
    def text(self) -> LanguageText:
        """The last layer but one."""
        from studio.models.families.language import LanguageText

        networks = self.networks
        return LanguageText(networks["tokenizer"], networks["text_encoder"], LENGTH, -2, USER, END)

    def features(self, phrase: Phrase) -> TextFeatures:
        return self.text(phrase)

    def predict(
        self, x: Tensor, t: Tensor, features: TextFeatures, guidance: float | None
    ) -> Tensor:
        """Its time runs from noise to data, and so does its velocity; its pictures are films."""
        import torch

        texts = [tokens[mask] for tokens, mask in zip(features.tokens, features.mask, strict=True)]
        films = list(x[:, :, None].unbind())
        output = self.denoiser(films, 1.0 - t, texts, return_dict=False)[0]
        return -torch.stack(output)[:, :, 0]

    def schedule(self, height: int, width: int, config: Mapping[str, Any]) -> Schedule | None:
        return published(config, height * width // PATCH**2)

    def unread(self, text: str) -> str:
        return self.text.unread(text)

    def fold(self) -> int:
        return PATCH


FAMILY = ZImage
