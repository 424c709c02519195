"""Qwen-Image (Wu et al. 2025, arXiv:2508.02324): a transformer of two streams, one of them the
picture in patches, the other Qwen2.5-VL's tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from studio.core.settings import Defaults
from studio.models.families.language import LanguageAdapter, Template, made_of

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
    usually = Defaults("flow-euler", 50, 4.0)
    distilled: ClassVar[Mapping[str, Defaults]] = {"Lightning": Defaults("flow-euler", 8, 1.0)}
    latent_side = 128
    caches = True
    pipelines = ("QwenImagePipeline",)
    parts = made_of(
        "QwenImageTransformer2DModel", "Qwen2Tokenizer", "Qwen2_5_VLForConditionalGeneration"
    )
    template = Template(BEFORE + 512, -1, SYSTEM, END, dropped=(0, BEFORE))

    def channels(self) -> int:
        return super().channels() // 4  # two by two positions are one token

    def predict(
        self, x: Tensor, t: Tensor, features: TextFeatures, guidance: float | None
    ) -> Tensor:
        from torch.nn.functional import pixel_shuffle, pixel_unshuffle

        patches = pixel_unshuffle(x, self.fold())
        size = patches.shape[-2:]
        output = self.denoiser(
            patches.flatten(2).transpose(1, 2),
            features.tokens,
            features.mask,
            t,
            img_shapes=[[(1, *size)]] * len(x),
            return_dict=False,
        )[0]
        return pixel_shuffle(output.transpose(1, 2).unflatten(2, size), self.fold())


FAMILY = QwenImage
