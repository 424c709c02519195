"""Sana (Xie et al. 2024, arXiv:2410.10629): a transformer of linear attention on latents that are a
32nd of the picture's side, beside Gemma 2's tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from studio.core.settings import Defaults
from studio.models.families.language import LanguageAdapter, Template, made_of

if TYPE_CHECKING:
    from torch import Tensor

    from studio.core.prompts import Phrase
    from studio.core.tokens import Counted
    from studio.models.families.hearing import Cross
    from studio.networks.text import TextFeatures
    from studio.networks.tokenizer import Word

LENGTH, TIMES = 300, 1000
#: What Gemma is told before a prompt (the paper's section 2.4), word for word.
TOLD = """\
Given a user prompt, generate an 'Enhanced prompt' that provides detailed visual descriptions \
suitable for image generation. Evaluate the level of detail in the user prompt:
- If the prompt is simple, focus on adding specifics about colors, shapes, sizes, textures, and \
spatial relationships to create vivid and concrete scenes.
- If the prompt is already detailed, refine and enhance the existing details slightly without \
overcomplicating.
Here are examples of how to transform or refine prompts:
- User Prompt: A cat sleeping -> Enhanced: A small, fluffy white cat curled up in a round shape, \
sleeping peacefully on a warm sunny windowsill, surrounded by pots of blooming red flowers.
- User Prompt: A busy city street -> Enhanced: A bustling city street scene at dusk, featuring \
glowing street lamps, a diverse crowd of people in colorful clothing, and a double-decker bus \
passing by towering glass skyscrapers.
Please generate only the enhanced description for the prompt below and avoid including any \
additional commentary or evaluations:
User Prompt: """


class Sana(LanguageAdapter):
    usually = Defaults("flow-euler", 20, 4.5)
    pipelines = ("SanaPipeline",)
    parts = made_of("SanaTransformer2DModel", "GemmaTokenizer", "Gemma2Model", "Gemma2ForCausalLM")

    @cached_property
    def template(self) -> Template:  # type: ignore[override]
        """Of what Gemma is told the denoiser is given the beginning and the last token."""
        last = len(self.networks["tokenizer"].encode(TOLD)) - 1
        return Template(last + LENGTH - 1, before=TOLD, dropped=(1, last))

    def features(self, phrase: Phrase) -> TextFeatures:
        return self.read(_lowered(phrase), self.template)

    def avoided(self, phrase: Phrase) -> TextFeatures:
        """Gemma is told nothing."""
        return self.read(_lowered(phrase), Template(LENGTH))

    def predict(
        self, x: Tensor, t: Tensor, features: TextFeatures, guidance: float | None
    ) -> Tensor:
        output: Tensor = self.denoiser(
            x,
            features.tokens,
            t * TIMES * self.denoiser.config.timestep_scale,
            encoder_attention_mask=features.mask,
            return_dict=False,
        )[0]
        return output[:, : x.shape[1]]  # some tell a variance too

    def counted(self, phrase: Phrase) -> Counted:
        return super().counted(phrase.lowered())

    def words(self, phrase: Phrase) -> list[Word]:
        low = phrase.lowered()
        first = len(low.text) - len(low.text.lstrip())
        return super().words(replace(low, text=low.text[first:], places=low.places[first:]))

    def heard(self, x: Tensor, texts: Mapping[str, Tensor], rows: int) -> Cross:
        from studio.models.families.hearing import Cross

        return Cross(self.denoiser, x, texts, rows)

    def fold(self) -> int:
        return int(self.denoiser.config.patch_size)


def _lowered(phrase: Phrase) -> Phrase:
    return replace(phrase, text=phrase.text.lower().strip())


FAMILY = Sana
