"""What a family's file says: which tensors tell it, and what they leave open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

CHECKPOINT, DENOISER, AUTOENCODER, ENCODER, LORA, EMBEDDING, OTHER = (
    "checkpoint", "denoiser", "autoencoder", "text encoder", "LoRA", "embedding", "other"
)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """Fits where all `required` keys are there and no `forbidden` one is; of the `variants` the
    first that fits counts. Keys are words, each `NAME`, `NAME=320x?x3x3` or `!NAME` (none such):
    `*` is anything in a name, `{a,b}` either, `?` any length in a shape.

    A LoRA's keys are its modules' names with `_` for `.`, their shapes (outputs, inputs).
    """

    kind: str
    required: str
    forbidden: str = ""
    variants: Mapping[str, str] = field(default_factory=dict)
    layout: str = ""
    most: int = 0  # tensors; 0: any number


@dataclass(frozen=True)
class Hint:
    """What tensors cannot tell, prefilled where a marker key is there, or a regular expression
    finds itself in the file's name or metadata; one with neither is what is assumed without."""

    topic: str
    value: str
    text: str = ""
    keys: tuple[str, ...] = ()
    kinds: tuple[str, ...] = (CHECKPOINT, DENOISER, LORA)


@dataclass(frozen=True)
class Config:
    """A diffusers folder whose denoiser, or pipeline, has this class and these settings."""

    name: str
    settings: Mapping[str, object] = field(default_factory=dict)
    variant: str = ""


@dataclass(frozen=True)
class Family:
    name: str
    rules: tuple[Rule, ...]
    hints: tuple[Hint, ...] = ()
    configs: tuple[Config, ...] = ()
    supported: bool = True


@dataclass(frozen=True)
class Key:
    name: str
    shape: tuple[int | None, ...] | None
    absent: bool
    pattern: re.Pattern[str] | None  # finds it in names joined by line feeds


@lru_cache(maxsize=4096)
def keys(words: str) -> tuple[Key, ...]:
    return tuple(map(_key, words.split()))


def _key(word: str) -> Key:
    name, _, lengths = word.removeprefix("!").partition("=")
    text = re.escape(name).replace(r"\*", r"[^\n]*")
    text = re.sub(r"\\{(.*?)\\}", lambda found: f"(?:{found[1].replace(',', '|')})", text)
    plain = not set(name) & set("*{")
    shape = tuple(None if n == "?" else int(n) for n in lengths.split("x")) if lengths else None
    return Key(name, shape, word[0] == "!", None if plain else re.compile(f"^{text}$", re.M))
