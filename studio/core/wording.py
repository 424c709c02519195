"""Small matters of English."""

from __future__ import annotations

from pathlib import PurePath


def capitalised(text: str) -> str:
    """With a capital at its beginning; the rest stays."""
    return f"{text[:1].upper()}{text[1:]}"


def size_text(count: int) -> str:
    """Of a file with so many bytes, as file managers say it."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def model_name(model: str) -> str:
    """Of a model by its name or path, whatever is chosen for it after a bar."""
    return PurePath(model.split("|")[0]).name


def loaded_text(name: str, bytes: int, read: int) -> str:
    """How far the loading of a model is, of which so many bytes are known."""
    of = f"{size_text(read)} of {size_text(bytes)}" if read else size_text(bytes) if bytes else ""
    return f"{model_name(name)}, {of}" if of else model_name(name)


def many(count: int, thing: str) -> str:
    """1 thing, 2 things."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
