"""What families share whose texts a language model reads, within a template and at one layer, for a
transformer that was trained on the rectified flow. Must not import torch at run time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.core.errors import UsageError
from studio.core.tokens import Counted
from studio.models.families.adapter import ATTENTION, Adapter, Part
from studio.models.families.flow import published
from studio.networks.tokenizer import words_of

if TYPE_CHECKING:
    from torch import Tensor

    from studio.core.prompts import Phrase
    from studio.diffusion.schedules import Schedule
    from studio.models.families.hearing import Cross, Joint
    from studio.networks.text import TextFeatures
    from studio.networks.tokenizer import Word


@dataclass(frozen=True)
class Template:
    """How a text is read: at most `most` tokens, with those that stand `before` and `after` it.

    `layer`: whose states are taken, counted from the end; `dropped`: from which token to which the
    denoiser is given none.
    """

    most: int
    layer: int = -1
    before: str = ""
    after: str = ""
    dropped: tuple[int, int] = (0, 0)


class LanguageAdapter(Adapter):
    """Text comes before the picture, unless a family says otherwise."""

    asked = "transformer"
    maps = (ATTENTION,)
    template: Template

    def features(self, phrase: Phrase) -> TextFeatures:
        return self.read(phrase, self.template)

    def read(self, phrase: Phrase, template: Template) -> TextFeatures:
        """Unpadded: language models are causal, so padding would change nothing.

        Raises UsageError for weights: these denoisers normalise every state, and what is scaled
        before that stays as it was.
        """
        import torch

        from studio.networks.text import TextFeatures

        if phrase.weighed:
            raise UsageError("this model knows no weights of words; write them without (...:1.2).")
        tokenizer, model = self.networks["tokenizer"], self.networks["text_encoder"]
        text = f"{template.before}{phrase.text}{template.after}"
        ids = tokenizer(text, max_length=template.most, truncation=True, return_tensors="pt")
        with torch.inference_mode():  # `base_model` lacks the head that tells the next word
            output = model.base_model(ids.input_ids.to(model.device), output_hidden_states=True)
        states, (start, end) = output.hidden_states[template.layer][0], template.dropped
        kept = torch.cat([states[:start], states[end:]])[None]
        return TextFeatures(kept, kept.new_ones(kept.shape[:2]).bool(), kept.new_zeros((1, 1)))

    def counted(self, phrase: Phrase) -> Counted:
        return Counted.of(phrase, self._spans(phrase), self.template.most)

    def words(self, phrase: Phrase) -> list[Word]:
        start, end = self.template.dropped
        read = enumerate(self._spans(phrase)[: self.template.most])
        placed = [(n if n < start else n - (end - start), *span)
                  for n, span in read if not start <= n < end]  # fmt: skip
        return words_of(phrase, placed)

    def heard(self, x: Tensor, texts: Mapping[str, Tensor], rows: int) -> Joint | Cross:
        from studio.models.families.hearing import Joint

        return Joint((x.shape[-2] // self.fold(), x.shape[-1] // self.fold()), rows)

    def _spans(self, phrase: Phrase) -> list[tuple[int, int]]:
        """The characters of the phrase that each token stands for, those around it too."""
        before = self.template.before
        whole, start = f"{before}{phrase.text}{self.template.after}", len(before)
        spans = self.networks["tokenizer"](whole, return_offsets_mapping=True).offset_mapping
        return [(a - start, b - start) for a, b in spans]

    def schedule(self, height: int, width: int, config: Mapping[str, Any]) -> Schedule | None:
        return published(config, height * width // self.fold() ** 2)

    def fold(self) -> int:
        """Patches are of two by two latents."""
        return 2


def made_of(transformer: str, tokenizer: str, *models: str) -> Mapping[str, Part]:
    return {
        "transformer": Part((transformer,)),
        "tokenizer": Part((tokenizer, f"{tokenizer}Fast"), "transformers"),
        "text_encoder": Part(models, "transformers"),
    }
