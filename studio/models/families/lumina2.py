"""Lumina-Image 2.0 (Qin et al. 2025, arXiv:2503.21758): a transformer of one stream, the picture's
patches and Gemma 2's tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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

PATCH, LENGTH = 2, 256
SYSTEM = (
    "You are an assistant designed to generate superior images with the superior degree of"
    " image-text alignment based on textual prompts or user prompts. <Prompt Start> "
)


class Lumina2(Adapter):
    asked = "transformer"
    pipelines = ("Lumina2Pipeline", "Lumina2Text2ImgPipeline")
    parts: ClassVar[Mapping[str, Part]] = {
        "transformer": Part(("Lumina2Transformer2DModel",)),
        "tokenizer": Part(("GemmaTokenizer", "GemmaTokenizerFast"), "transformers"),
        "text_encoder": Part(("Gemma2Model", "Gemma2ForCausalLM"), "transformers"),
    }

    @cached_property
    def text(self) -> LanguageText:
        """The last layer but one."""
        from studio.models.families.language import LanguageText

        networks = self.networks
        return LanguageText(networks["tokenizer"], networks["text_encoder"], LENGTH, -2, SYSTEM)

    def features(self, phrase: Phrase) -> TextFeatures:
        return self.text(phrase)

    def avoided(self, phrase: Phrase) -> TextFeatures:
        """Alone."""
        return replace(self.text, before="")(phrase)

    def predict(
        self, x: Tensor, t: Tensor, features: TextFeatures, guidance: float | None
    ) -> Tensor:
        """Its time runs from noise to data, and so does its velocity."""
        output: Tensor = self.denoiser(
            x, 1.0 - t, features.tokens, features.mask, return_dict=False
        )[0]
        return -output

    def schedule(self, height: int, width: int, config: Mapping[str, Any]) -> Schedule | None:
        return published(config, height * width // PATCH**2)

    def unread(self, text: str) -> str:
        return self.text.unread(text)

    def fold(self) -> int:
        return PATCH


FAMILY = Lumina2
