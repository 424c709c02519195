"""The tokens of a prompt, as a window shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studio.core.prompts import Phrase


@dataclass(frozen=True)
class Token:
    """A piece of a word, typed at characters `start` to `end`; `read` unless the prompt is longer
    than the model reads."""

    text: str
    start: int
    end: int
    weight: float
    read: bool

    @classmethod
    def of(cls, phrase: Phrase, start: int, end: int, read: bool = True) -> Token:
        """Characters `start` to `end` of a phrase, at least one."""
        typed = phrase.places[start], phrase.places[end - 1] + 1
        return cls(phrase.text[start:end], *typed, phrase.weight(start, end), read)


@dataclass(frozen=True)
class Counted:
    """What is read together of a prompt: `count` tokens, of which the model reads `limit`; its own
    that begin and end a text are counted in both or in neither. Where it reads in chunks, `begins`
    are the words that the second and further ones begin with."""

    tokens: tuple[Token, ...]
    count: int
    limit: int
    begins: tuple[Token, ...] = ()

    @classmethod
    def of(
        cls, phrase: Phrase, spans: Sequence[tuple[int, int]], limit: int, ends: int = 0
    ) -> Counted:
        """Of all tokens, by the characters of the phrase that they stand for; what stands before or
        behind it is not counted. `ends`: more that follow and are always read."""
        before = sum(end <= 0 for _, end in spans)
        inside = [(max(a, 0), min(b, len(phrase.text))) for a, b in spans[before:]]
        inside = [(a, b) for a, b in inside if a < b]
        room = limit - before - ends
        tokens = tuple(Token.of(phrase, a, b, n < room) for n, (a, b) in enumerate(inside))
        return cls(tokens, len(inside) + ends, limit - before)

    @property
    def cut(self) -> tuple[tuple[int, int], ...]:
        """From where to where typed characters are not read."""
        return tuple((token.start, token.end) for token in self.tokens if not token.read)


@dataclass(frozen=True)
class Tokens:
    """One Counted for each text that is read of the prompt: those that AND joins, those before and
    after a switch. `unmatched` are the places of brackets that nothing closes."""

    counted: tuple[Counted, ...]
    unmatched: tuple[int, ...]
