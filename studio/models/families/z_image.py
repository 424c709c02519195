"""Z-Image (Cai et al. 2025, arXiv:2511.22699): a transformer of one stream, the picture's patches
and Qwen3's tokens. Its Turbo is distilled: guidance 1 is right for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from studio.core.settings import Defaults
from studio.models.families.language import LanguageAdapter, Template, made_of

if TYPE_CHECKING:
    from torch import Tensor

    from studio.models.families.hearing import Joint
    from studio.networks.text import TextFeatures

FILLED = 32  # tokens, of which its picture and its text are filled up to a multiple
USER, END = "<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"


class ZImage(LanguageAdapter):
    tiny = "taef1"
    usually = Defaults("flow-euler", 50, 5.0)
    distilled: ClassVar[Mapping[str, Defaults]] = {"Turbo": Defaults("flow-euler", 8, 1.0)}
    latent_side = 128
    pipelines = ("ZImagePipeline",)
    parts = made_of("ZImageTransformer2DModel", "Qwen2Tokenizer", "Qwen3Model", "Qwen3ForCausalLM")
    template = Template(512, -2, USER, END)

    def predict(
        self, x: Tensor, t: Tensor, features: TextFeatures, guidance: float | None
    ) -> Tensor:
        """Its time runs from noise to data, and so does its velocity; its pictures are films."""
        import torch

        texts = [tokens[mask] for tokens, mask in zip(features.tokens, features.mask, strict=True)]
        films = list(x[:, :, None].unbind())
        output = self.denoiser(films, 1.0 - t, texts, return_dict=False)[0]
        return -torch.stack(output)[:, :, 0]

    def heard(self, x: Tensor, texts: Mapping[str, Tensor], rows: int) -> Joint:
        """The picture comes first."""
        from studio.models.families.hearing import Joint

        height, width = (side // self.fold() for side in x.shape[-2:])
        return Joint((height, width), rows, text_at=-(-height * width // FILLED) * FILLED)


FAMILY = ZImage
