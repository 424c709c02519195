"""FLUX.1 dev and schnell (Black Forest Labs 2024): T5's tokens beside the picture's, CLIP's vector
and the time modulating both; guidance is a number it is told (dev) or inside (schnell)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from studio.core.settings import Defaults
from studio.models.families.adapter import T5_TOKENIZERS, Adapter, Part
from studio.models.families.flow import published
from studio.models.families.packed import PACK, packed, places, unpacked
from studio.models.families.stable_diffusion import TOKENIZERS
from studio.models.model import EMBEDDED, NOT_AT_ALL

if TYPE_CHECKING:
    from torch import Tensor

    from studio.core.prompts import Phrase
    from studio.diffusion.schedules import Schedule
    from studio.models.families.clip import ClipText
    from studio.models.families.t5 import T5Text
    from studio.networks.text import TextFeatures

DEV, SCHNELL = Defaults("flow-euler", 28, 3.5), Defaults("flow-euler", 4, 1.0)
FEWER = Defaults("flow-euler", 8, 3.5)  # of dev, distilled once more


class Flux(Adapter):
    asked = "transformer"
    latent_side = 128
    pipelines = ("FluxPipeline",)
    parts: ClassVar[Mapping[str, Part]] = {
        "transformer": Part(("FluxTransformer2DModel",)),
        "tokenizer": Part(TOKENIZERS, "transformers"),
        "text_encoder": Part(("CLIPTextModel",), "transformers"),
        "tokenizer_2": Part(T5_TOKENIZERS, "transformers"),
        "text_encoder_2": Part(("T5EncoderModel",), "transformers"),
    }

    @classmethod
    def defaults(cls, told: Mapping[str, str], index: Mapping[str, Any]) -> Defaults:
        if told["variant"] == "schnell":
            return SCHNELL
        return FEWER if told.get("distilled") == "8 steps" else DEV

    @property
    def guidance(self) -> str:
        return EMBEDDED if self.denoiser.config.guidance_embeds else NOT_AT_ALL

    @cached_property
    def clip(self) -> ClipText:
        from studio.models.families.clip import ClipText

        return ClipText(self.networks["tokenizer"], self.networks["text_encoder"])

    @cached_property
    def t5(self) -> T5Text:
        """schnell was trained with fewer tokens."""
        from studio.models.families.t5 import T5Text

        length = 512 if self.guidance == EMBEDDED else 256
        return T5Text(self.networks["tokenizer_2"], self.networks["text_encoder_2"], length)

    def features(self, phrase: Phrase) -> TextFeatures:
        from studio.networks.text import TextFeatures

        return TextFeatures(*self.t5(phrase), self.clip(phrase)[1])

    def predict(
        self, x: Tensor, t: Tensor, features: TextFeatures, guidance: float | None
    ) -> Tensor:
        told = DEV.guidance if guidance is None else guidance
        embedded = self.guidance == EMBEDDED
        output = self.denoiser(
            packed(x),
            features.tokens,
            features.pooled,
            t,
            img_ids=places(x),
            txt_ids=x.new_zeros(features.tokens.shape[1], 3),
            guidance=t.new_full((len(x),), told) if embedded else None,
            return_dict=False,
        )[0]
        return unpacked(output, x)

    def unread(self, text: str) -> str:
        return self.t5.unread(text)

    def schedule(self, height: int, width: int, config: Mapping[str, Any]) -> Schedule:
        return published(config, height * width // PACK**2)

    def fold(self) -> int:
        return PACK


FAMILY = Flux
