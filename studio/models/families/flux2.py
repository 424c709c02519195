"""FLUX.2 dev and klein (Black Forest Labs 2025): three layers of a language model are its text,
Mistral Small 3 of dev, Qwen3 of klein."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from studio.core.guided import EMBEDDED, NOT_AT_ALL, TWO_CALLS
from studio.core.settings import Defaults
from studio.diffusion.schedules import Schedule, Uniform, shifted
from studio.models.families.adapter import Part
from studio.models.families.chat import ChatText
from studio.models.families.flow import published
from studio.models.families.flux import PACK, Flux

if TYPE_CHECKING:
    from torch import Tensor

    from studio.core.prompts import Phrase
    from studio.networks.text import TextFeatures

KLEIN = "Flux2KleinPipeline"
LENGTH = 512
SYSTEM = (  # dev was trained with this sentence, the line break within it too
    "You are an AI that reasons about image descriptions. You give structured responses focusing on"
    " object relationships, object\nattribution and actions without speculation."
)
DEV, BASE, FEW = (Defaults("flow-euler", n, w) for n, w in ((28, 4.0), (50, 4.0), (4, 1.0)))
MANY = 4300  # tokens, beyond which the number of steps does not count


@dataclass(frozen=True)
class Empirical:
    """Even times shifted by e^mu, mu by the number of tokens and of steps (compute_empirical_mu of
    the published code)."""

    tokens: int

    def __call__(self, steps: int) -> tuple[float, ...]:
        mu = 0.00016927 * self.tokens + 0.45666666  # of 200 steps
        if self.tokens <= MANY:
            ten = 8.73809524e-05 * self.tokens + 1.89833333  # of 10 steps
            mu += (mu - ten) / 190.0 * (steps - 200.0)
        return shifted(Uniform(), math.exp(mu))(steps)


class Flux2(Flux):
    usual, tiny = DEV.guidance, ""
    caches = False  # its last blocks give one stream, its first two: that cache knows no such
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
    def guidance(self) -> str:
        if self.index["_class_name"] != KLEIN:
            return EMBEDDED
        return NOT_AT_ALL if self.index.get("is_distilled") else TWO_CALLS

    @cached_property
    def reader(self) -> ChatText:
        pair = self.networks["tokenizer"], self.networks["text_encoder"]
        if self.index["_class_name"] == KLEIN:
            return ChatText(*pair, LENGTH, (9, 18, 27))
        return ChatText(*pair, LENGTH, (10, 20, 30), SYSTEM)

    def features(self, phrase: Phrase) -> TextFeatures:
        return self.reader(phrase)

    def places(self, x: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """With a fourth number, of each of the text's tokens its place."""
        import torch
        from torch.nn.functional import pad

        words = torch.arange(length, device=x.device)[:, None]
        return pad(super().places(x, length)[0], (0, 1)), pad(words, (3, 0))

    def more(self, x: Tensor, features: TextFeatures) -> dict[str, Any]:
        return {}

    def schedule(self, height: int, width: int, config: Mapping[str, Any]) -> Schedule:
        tokens = height * width // PACK**2
        return (
            Empirical(tokens) if config.get("use_dynamic_shifting") else published(config, tokens)
        )


FAMILY = Flux2
