"""Qwen-Image (Wu et al. 2025, arXiv:2508.02324): a transformer of two streams, one of them the
picture in patches, the other Qwen2.5-VL's tokens."""

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
SYSTEM = (
    "<|im_start|>system\nDescribe the image by detailing the color, shape, size, texture, quantity,"
    " text, spatial relationships of the objects and background:<|im_end|>\n<|im_start|>user\n"
)
END = "<|im_end|>\n<|im_start|>assistant\n"
DROPPED = 34  # tokens of what is before the prompt, which the denoiser is not given


class QwenImage(Adapter):
    asked, latent_side = "transformer", 128
    pipelines = ("QwenImagePipeline",)
    parts: ClassVar[Mapping[str, Part]] = {
        "transformer": Part(("QwenImageTransformer2DModel",)),
        "tokenizer": Part(("Qwen2Tokenizer", "Qwen2TokenizerFast"), "transformers"),
        "text_encoder": Part(("Qwen2_5_VLForConditionalGeneration",), "transformers"),
    }

    @cached_property
    def text(self) -> LanguageText:
        from studio.models.families.language import LanguageText

        return LanguageText(
            self.networks["tokenizer"],
            self.networks["text_encoder"],
            DROPPED + LENGTH,
            before=SYSTEM,
            after=END,
            dropped=(0, DROPPED),
        )

    def features(self, phrase: Phrase) -> TextFeatures:
        return self.text(phrase)

    def predict(
        self, x: Tensor, t: Tensor, features: TextFeatures, guidance: float | None
    ) -> Tensor:
        from torch.nn.functional import pixel_shuffle, pixel_unshuffle

        patches = pixel_unshuffle(x, PATCH)
        size = patches.shape[-2:]
        output: Tensor = self.denoiser(
            patches.flatten(2).transpose(1, 2),
            features.tokens,
            features.mask,
            t,
            img_shapes=[[(1, *size)]] * len(x),
            return_dict=False,
        )[0]
        return pixel_shuffle(output.transpose(1, 2).unflatten(2, size), PATCH)

    def schedule(self, height: int, width: int, config: Mapping[str, Any]) -> Schedule | None:
        return published(config, height * width // PATCH**2)

    def unread(self, text: str) -> str:
        return self.text.unread(text)

    def fold(self) -> int:
        return PATCH


FAMILY = QwenImage
