"""A prompt's tokens, without loading its model or torch."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from studio.core.errors import ModelError
from studio.core.prompts import Phrase, read
from studio.core.tokens import Counted, Tokens
from studio.models.formats.native import TOKENIZER
from studio.models.registry import find
from studio.networks.tokenizer import Tokenizer, tokenizer_at


@lru_cache(maxsize=4)
def tokenizer_of(model: str) -> Tokenizer:
    """Raises ModelError."""
    path = find(model).path / "text" / TOKENIZER
    if not path.is_file():
        raise ModelError(f"{model} reads no prompts.")
    return tokenizer_at(path)


def tokens_of(
    prompt: str, model: str, joins: bool = True, count: Callable[[Phrase], Counted] | None = None
) -> Tokens:
    """Every text that is read of the prompt, each once; a negative one `joins` nothing. `count`
    is that of a model which is loaded.

    Raises ModelError.
    """
    count, reading = count or tokenizer_of(model).counted, read(prompt, joins)
    phrases = dict.fromkeys(reading.phrases())
    return Tokens(tuple(count(phrase) for phrase in phrases), reading.unmatched)
