"""Lumina-Image 2.0 (Qin et al. 2025, arXiv:2503.21758): a transformer of one stream, the picture's
patches and Gemma 2's tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from studio.core.settings import Defaults
from studio.models.families.language import LanguageAdapter, Template, made_of

if TYPE_CHECKING:
    from torch import Tensor

    from studio.core.prompts import Phrase
    from studio.networks.text import TextFeatures

SYSTEM = (
    "You are an assistant designed to generate superior images with the superior degree of"
    " image-text alignment based on textual prompts or user prompts. <Prompt Start> "
)


class Lumina2(LanguageAdapter):
    tiny = "taef1"
    usually = Defaults("flow-euler", 30, 4.0)
    pipelines = ("Lumina2Pipeline", "Lumina2Text2ImgPipeline")
    parts = made_of(
        "Lumina2Transformer2DModel", "GemmaTokenizer", "Gemma2Model", "Gemma2ForCausalLM"
    )
    template = Template(256, -2, SYSTEM)

    def avoided(self, phrase: Phrase) -> TextFeatures:
        """Without a template."""
        return self.read(phrase, replace(self.template, before=""))

    def predict(
        self, x: Tensor, t: Tensor, features: TextFeatures, guidance: float | None
    ) -> Tensor:
        """Its time runs from noise to data, and so does its velocity."""
        output: Tensor = self.denoiser(
            x, 1.0 - t, features.tokens, features.mask, return_dict=False
        )[0]
        return -output


FAMILY = Lumina2
