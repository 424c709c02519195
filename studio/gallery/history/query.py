"""What to look for in the history, and the SQL that looks for it.

Text is searched folded: without case, accents and compatibility forms, so that "cafe" finds "Café".
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

Order = Literal["newest", "oldest", "rating"]
ORDERS: dict[Order, str] = {
    "newest": "created DESC, id DESC",
    "oldest": "created, id",
    "rating": "rating DESC, created DESC, id DESC",
}
FIRST_ACCENT = 200  # combining classes from here on are marks above and below Latin letters
MOST_WORDS = 32
TRIGRAM = 3
MOST_INTEGER = 2**63 - 1

Parameter = str | int


@dataclass(frozen=True)
class Query:
    """Pictures for which everything said here is true; None and "" say nothing.

    `text`: each of its words (the first 32) is somewhere in prompt, negative prompt or tags.
    `since` and `until` bound `created` in ms since 1970, UTC: since <= created < until.
    `trashed` looks in the trash instead.
    """

    text: str = ""
    sampler: str = ""
    model: str = ""
    seed: int | None = None
    since: int | None = None
    until: int | None = None
    least_rating: int = 0
    favourite: bool | None = None
    tag: str = ""
    order: Order = "newest"
    trashed: bool = False


@dataclass(frozen=True)
class Condition:
    """SQL after WHERE, and what its question marks stand for."""

    sql: str
    parameters: tuple[Parameter, ...]


def fold(text: str) -> str:
    """Text as it is searched: any two ways to write the same become one."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(c for c in decomposed if unicodedata.combining(c) < FIRST_ACCENT)
    return plain(" ".join(kept.replace("\0", " ").split()))


def plain(text: str) -> str:
    """Text that a database takes: halves of surrogate pairs become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def condition(query: Query, words: bool) -> Condition:
    """`words` tells whether there is a trigram index to ask."""
    parts: list[tuple[str, Parameter]] = [("trashed = ?", int(query.trashed))]
    for sql, text in (
        ("sampler = ?", query.sampler),
        ("model = ?", query.model),
        ("id IN (SELECT picture FROM tags WHERE tag = ?)", query.tag),
    ):
        if text:
            parts.append((sql, plain(text)))
    for sql, number in (
        ("seed = ?", query.seed),
        ("created >= ?", query.since),
        ("created < ?", query.until),
        ("rating >= ?", max(0, query.least_rating) or None),
        ("favourite = ?", query.favourite),
    ):
        if number is not None:
            parts.append((sql, max(-MOST_INTEGER, min(int(number), MOST_INTEGER))))
    parts += _text(query.text, words)
    return Condition(" AND ".join(sql for sql, _ in parts), tuple(value for _, value in parts))


def _text(text: str, words: bool) -> list[tuple[str, Parameter]]:
    wanted = list(dict.fromkeys(fold(text).split()))[:MOST_WORDS]
    long = [word for word in wanted if words and len(word) >= TRIGRAM]
    parts: list[tuple[str, Parameter]] = [
        ("instr(folded, ?) > 0", word) for word in wanted if word not in long
    ]
    if long:  # in quotes nothing is an operator
        match = " AND ".join('"' + word.replace('"', '""') + '"' for word in long)
        parts.append(("id IN (SELECT rowid FROM words WHERE words MATCH ?)", match))
    return parts
