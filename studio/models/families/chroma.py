"""Chroma (lodestones 2025): FLUX.1 schnell with a smaller modulation, trained anew with guidance by
two calls and negative prompts; T5 alone reads, and what its text does not fill is masked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from studio.core.guided import TWO_CALLS
from studio.core.settings import Defaults
from studio.models.families.adapter import T5_TOKENIZERS, Part
from studio.models.families.flux import Flux
from studio.models.families.t5 import T5Text

if TYPE_CHECKING:
    from torch import Tensor

    from studio.core.prompts import Phrase
    from studio.networks.text import TextFeatures

WHOLE, FLASH = Defaults("flow-euler", 40, 3.0), Defaults("flow-heun", 8, 1.0)


class Chroma(Flux):
    guidance = TWO_CALLS
    caches = False
    pipelines = ("ChromaPipeline",)
    parts: ClassVar[Mapping[str, Part]] = {
        "transformer": Part(("ChromaTransformer2DModel",)),
        "tokenizer": Part(T5_TOKENIZERS, "transformers"),
        "text_encoder": Part(("T5EncoderModel",), "transformers"),
    }

    @classmethod
    def defaults(cls, told: Mapping[str, str], index: Mapping[str, Any]) -> Defaults:
        return FLASH if told.get("distilled") == "Flash" else WHOLE

    @cached_property
    def reader(self) -> T5Text:
        return T5Text(self.networks["tokenizer"], self.networks["text_encoder"], 512, masked=True)

    def features(self, phrase: Phrase) -> TextFeatures:
        return self.reader(phrase)

    def more(self, x: Tensor, features: TextFeatures) -> dict[str, Any]:
        """Masked by True and False, as its authors do; diffusers (0.42) adds 1 to the scores of
        what is not masked instead, and so reads all of the padding (its issue 12116)."""
        from torch.nn.functional import pad

        if features.mask.all():
            return {}
        return {"attention_mask": pad(features.mask, (0, x[0, 0].numel()), value=True)}


FAMILY = Chroma
