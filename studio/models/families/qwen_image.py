"""Qwen-Image (Wu et al. 2025, arXiv:2508.02324): a transformer of two streams, one of them the
picture in patches, the other Qwen2.5-VL's tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.models.families.language import LanguageAdapter, Template, made_of
from studio.models.families.packed import PACK, packed, unpacked

if TYPE_CHECKING:
    from torch import Tensor

    from studio.networks.text import TextFeatures

SYSTEM = (
    "<|im_start|>system\nDescribe the image by detailing the color, shape, size, texture, quantity,"
    " text, spatial relationships of the objects and background:<|im_end|>\n<|im_start|>user\n"
)
END = "<|im_end|>\n<|im_start|>assistant\n"
BEFORE = 34  # tokens of SYSTEM, which the denoiser is not given


class QwenImage(LanguageAdapter):
    latent_side = 128
    pipelines = ("QwenImagePipeline",)
    parts = made_of(
        "QwenImageTransformer2DModel", "Qwen2Tokenizer", "Qwen2_5_VLForConditionalGeneration"
    )
    template = Template(BEFORE + 512, -1, SYSTEM, END, dropped=(0, BEFORE))

    def predict(
        self, x: Tensor, t: Tensor, features: TextFeatures, guidance: float | None
    ) -> Tensor:
        height, width = (side // PACK for side in x.shape[-2:])
        output = self.denoiser(
            packed(x),
            features.tokens,
            features.mask,
            t,
            img_shapes=[[(1, height, width)]] * len(x),
            return_dict=False,
        )[0]
        return unpacked(output, x)


FAMILY = QwenImage
