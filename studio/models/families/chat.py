"""Texts as chatting language models read them: within a template, at the depths of some layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from studio.core.prompts import Phrase
from studio.models.families.t5 import weights_at


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

    @torch.inference_mode()
    def __call__(self, phrase: Phrase) -> tuple[Tensor, Tensor]:
        """(1, L, layers x W), each word's states times its weight, and (1, L), all True: what the
        text does not fill is read as if it were words."""
        text = self._typed(phrase.text)
        found = self._tokens(
            text, max_length=self.length, truncation=True, padding="max_length", return_tensors="pt"
        )
        ids, there = (
            each.to(self.encoder.device) for each in (found.input_ids, found.attention_mask)
        )
        output = self.encoder.base_model(
            input_ids=ids, attention_mask=there, output_hidden_states=True, use_cache=False
        )
        tokens = torch.cat([output.hidden_states[layer] for layer in self.layers], -1)
        spans = found["offset_mapping"][0].tolist()
        weights = weights_at(phrase, spans, text.rfind(phrase.text))
        return tokens * tokens.new_tensor(weights)[:, None], torch.ones_like(ids, dtype=torch.bool)

    def unread(self, text: str) -> str:
        """What is cut off is the end, the template's own words there first."""
        whole = self._typed(text)
        start = whole.rfind(text)
        rest = self._tokens(whole)["offset_mapping"][self.length :]
        return text[max(rest[0][0] - start, 0) :].lstrip() if rest else ""

    def _typed(self, text: str) -> str:
        """A question of the user's, before an answer that does not come."""
        if not self.system:
            asked = [{"role": "user", "content": text}]
            return str(self._template(asked, add_generation_prompt=True, enable_thinking=False))
        said = (("system", self.system), ("user", text))
        messages = [{"role": r, "content": [{"type": "text", "text": t}]} for r, t in said]
        return str(self._template(messages))

    def _template(self, messages: list[dict[str, Any]], **more: Any) -> Any:
        return self.templates.apply_chat_template(messages, tokenize=False, **more)

    def _tokens(self, text: str, **more: Any) -> Any:
        tokenizer = getattr(self.templates, "tokenizer", self.templates)
        begun = bool(tokenizer.bos_token) and text.startswith(tokenizer.bos_token)
        return tokenizer(text, return_offsets_mapping=True, add_special_tokens=not begun, **more)
