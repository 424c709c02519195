"""FLUX.2 dev and klein (Black Forest Labs 2025): three layers of a language model are its text,
Mistral Small 3 of dev, Qwen3 of klein."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from studio.core.settings import Defaults
from studio.diffusion.schedules import Schedule, Uniform, shifted
from studio.models.families.adapter import Adapter, Part
from studio.models.families.flow import published
from studio.models.families.packed import PACK, packed, places, unpacked
from studio.models.model import EMBEDDED, NOT_AT_ALL, TWO_CALLS

if TYPE_CHECKING:
    from torch import Tensor

    from studio.core.prompts import Phrase
    from studio.models.families.chat import ChatText
    from studio.networks.text import TextFeatures

KLEIN = "Flux2KleinPipeline"
LENGTH = 512
SYSTEM = (  # dev was trained with this sentence, the line break within it too
    "You are an AI that reasons about image descriptions. You give structured responses focusing on"
    " object relationships, object\nattribution and actions without speculation."
)
DEV, BASE, FEW = (Defaults("flow-euler", n, w) for n, w in ((28, 4.0), (50, 4.0), (4, 1.0)))


@dataclass(frozen=True)
class Empirical:
    """Even times shifted by e^mu, mu by the number of tokens and, up to MANY of them, of steps
    (compute_empirical_mu of the published code)."""

    tokens: int

    def __call__(self, steps: int) -> tuple[float, ...]:
        return shifted(Uniform(), math.exp(self.mu(steps)))(steps)

    def mu(self, steps: int) -> float:
        most = 0.00016927 * self.tokens + 0.45666666  # of 200 steps
        if self.tokens > MANY:
            return most
        least = 8.73809524e-05 * self.tokens + 1.89833333  # of 10 steps
        return most + (most - least) / 190.0 * (steps - 200.0)


MANY = 4300


class Flux2(Adapter):
    asked = "transformer"
    latent_side = 128
    pipelines = ("Flux2Pipeline", KLEIN)
    parts: ClassVar[Mapping[str, Part]] = {
        "transformer": Part(("Flux2Transformer2DModel",)),
        "tokenizer": Part(
            ("Qwen2Tokenizer", "Qwen2TokenizerFast", "PixtralProcessor"), "transformers"
        ),
        "text_encoder": Part(
            ("Qwen3ForCausalLM", "Mistral3ForConditionalGeneration"), "transformers"
        ),
    }

    @classmethod
    def defaults(cls, told: Mapping[str, str], index: Mapping[str, Any]) -> Defaults:
        if index["_class_name"] != KLEIN:
            return DEV
        return FEW if index.get("is_distilled") else BASE

    @property
    def klein(self) -> bool:
        return bool(self.index["_class_name"] == KLEIN)

    @property
    def guidance(self) -> str:
        if not self.klein:
            return EMBEDDED
        return NOT_AT_ALL if self.index.get("is_distilled") else TWO_CALLS

    @cached_property
    def text(self) -> ChatText:
        from studio.models.families.chat import ChatText

        pair = self.networks["tokenizer"], self.networks["text_encoder"]
        if self.klein:
            return ChatText(*pair, LENGTH, (9, 18, 27))
        return ChatText(*pair, LENGTH, (10, 20, 30), SYSTEM)

    def features(self, phrase: Phrase) -> TextFeatures:
        from studio.networks.text import TextFeatures

        tokens, mask = self.text(phrase)
        return TextFeatures(tokens, mask, tokens.new_zeros(1, 1))

    def predict(
        self, x: Tensor, t: Tensor, features: TextFeatures, guidance: float | None
    ) -> Tensor:
        import torch
        from torch.nn.functional import pad

        words = torch.arange(features.tokens.shape[1], device=x.device)[:, None]
        told = DEV.guidance if guidance is None else guidance
        output = self.denoiser(
            packed(x),
            features.tokens,
            t,
            img_ids=pad(places(x), (0, 1)),
            txt_ids=pad(words, (3, 0)),
            guidance=t.new_full((len(x),), told) if self.guidance == EMBEDDED else None,
            return_dict=False,
        )[0]
        return unpacked(output, x)

    def unread(self, text: str) -> str:
        return self.text.unread(text)

    def schedule(self, height: int, width: int, config: Mapping[str, Any]) -> Schedule:
        tokens = height * width // PACK**2
        return (
            Empirical(tokens) if config.get("use_dynamic_shifting") else published(config, tokens)
        )

    def fold(self) -> int:
        return PACK


FAMILY = Flux2
