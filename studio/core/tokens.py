"""The tokens of a prompt, as a window shows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Token:
    """A piece of a word, typed at characters `start` to `end`; `read` unless the prompt is longer
    than the model reads."""

    text: str
    start: int
    end: int
    weight: float
    read: bool


@dataclass(frozen=True)
class Counted:
    """What is read together of a prompt: `count` tokens, the model's own that begin and end it
    included, of which it reads `limit`."""

    tokens: tuple[Token, ...]
    count: int
    limit: int

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
