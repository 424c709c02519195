"""Texts as chatting language models read them: within a template, at the depth of some layers.

Must not import torch at run time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.core.prompts import Phrase
from studio.core.tokens import Counted
from studio.models.families.t5 import weighed

if TYPE_CHECKING:
    from studio.networks.text import TextFeatures


@dataclass(frozen=True)
class ChatText:
    """A tokenizer (or the processor around one) and a language model of the package transformers.

    `layers`: those whose states are taken, side by side. `system`: what it is told beforehand.
    """

    templates: Any
    encoder: Any
    length: int
    layers: tuple[int, ...]
    system: str = ""

    def __call__(self, phrase: Phrase) -> TextFeatures:
        """Each word's states times its weight, and what the text does not fill as if it were
        words; no vector of the whole."""
        import torch

        text, fill = self._typed(phrase.text), {"truncation": True, "padding": "max_length"}
        found = self._tokens(text, max_length=self.length, return_tensors="pt", **fill)
        ids, there = (found[key].to(self.encoder.device) for key in ("input_ids", "attention_mask"))
        with torch.inference_mode():  # `base_model` lacks the head that tells the next word
            states = self.encoder.base_model(
                input_ids=ids, attention_mask=there, output_hidden_states=True, use_cache=False
            ).hidden_states
        beside = torch.cat([states[layer] for layer in self.layers], -1)
        return weighed(phrase, beside, found["offset_mapping"][0].tolist(), text.rfind(phrase.text))

    def counted(self, phrase: Phrase) -> Counted:
        """What is cut off is the end, the template's own words there first."""
        return Counted.of(phrase, self._spans(phrase), self.length)

    def placed(self, phrase: Phrase) -> list[tuple[int, int, int]]:
        """The number of every token that is read, and its characters in the phrase."""
        return [(n, *span) for n, span in enumerate(self._spans(phrase)[: self.length])]

    def _spans(self, phrase: Phrase) -> list[tuple[int, int]]:
        whole = self._typed(phrase.text)
        start, spans = whole.rfind(phrase.text), self._tokens(whole)["offset_mapping"]
        return [(first - start, end - start) for first, end in spans]

    def _typed(self, text: str) -> str:
        """What the user says, before an answer that does not come."""
        if not self.system:
            asked = [{"role": "user", "content": text}]
            return self._template(asked, add_generation_prompt=True, enable_thinking=False)
        said = (("system", self.system), ("user", text))
        return self._template(
            [{"role": role, "content": [{"type": "text", "text": words}]} for role, words in said]
        )

    def _template(self, messages: list[dict[str, Any]], **more: Any) -> str:
        return str(self.templates.apply_chat_template(messages, tokenize=False, **more))

    def _tokens(self, text: str, **more: Any) -> Any:
        tokenizer = getattr(self.templates, "tokenizer", self.templates)
        begun = bool(tokenizer.bos_token) and text.startswith(tokenizer.bos_token)
        return tokenizer(text, return_offsets_mapping=True, add_special_tokens=not begun, **more)
