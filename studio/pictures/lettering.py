"""Words on sheets and films: each run of letters in a font that has them.

The bundled Inter has Latin, Greek, Cyrillic and the signs of mathematics. What it lacks is looked
for in the system's fonts, upright sans-serif ones first; what no font has is drawn as its box.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path

from PIL import ImageDraw, ImageFont

from studio.core.installation import ASSETS

INTER = ASSETS / "fonts" / "Inter-Regular.otf"
Ink = tuple[int, int, int]
OUTLINES = ("glyf", "CFF ", "CFF2")  # a font without them has pictures of one size
UNLIKE_INTER = ("serif", "mono", "bold", "italic", "oblique", "light", "thin", "black", "condensed")


@dataclass(frozen=True)
class Face:
    path: Path
    letters: frozenset[int]  # codepoints

    @lru_cache(maxsize=16)  # noqa: B019 (there are few faces, and they stay)
    def at(self, size: int) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(self.path, size)


def write(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    ink: Ink,
    size: int,
    side: str = "l",
) -> None:
    """`text` of `size` pixels, in a line whose middle is at y, and whose left side ("l"), middle
    ("m") or right side ("r") is at x."""
    x, y = at
    x -= {"l": 0.0, "m": 0.5, "r": 1.0}[side] * width(text, size)
    ascent, descent = _inter().at(size).getmetrics()
    for face, letters in runs(text):
        draw.text((x, y + (ascent - descent) / 2), letters, ink, face.at(size), anchor="ls")
        x += face.at(size).getlength(letters)


def width(text: str, size: int) -> float:
    """Pixels."""
    return sum(face.at(size).getlength(letters) for face, letters in runs(text))


def fitted(text: str, size: int, room: int) -> str:
    """The text, cut with an ellipsis where it would be wider than `room` pixels."""
    if width(text, size) <= room:
        return text
    fits = bisect_left(range(1, len(text)), True, key=lambda n: width(text[:n] + "…", size) > room)
    return text[:fits].rstrip() + "…"


def runs(text: str) -> list[tuple[Face, str]]:
    """The text in pieces, each with the font that has its letters."""
    if text.isascii():
        return [(_inter(), text)] if text else []
    chosen: list[tuple[Face, str]] = []
    face = _inter()
    for letter in unicodedata.normalize("NFC", text):
        found = face if ord(letter) in face.letters else _face_of(letter)
        if found is None and unicodedata.category(letter) in ("Cf", "Mn"):
            continue  # a sign between letters that is nothing by itself
        face = found or _inter()
        chosen.append((face, letter))
    return [(face, "".join(letter for _, letter in run))
            for face, run in groupby(chosen, key=lambda pair: pair[0])]  # fmt: skip


@cache
def _inter() -> Face:
    face = _opened(INTER)
    assert face is not None
    return face


@cache
def _face_of(letter: str) -> Face | None:
    if ord(letter) in _inter().letters:
        return _inter()
    faces = filter(None, map(_opened, _system_paths()))
    return next((face for face in faces if ord(letter) in face.letters), None)


@cache
def _system_paths() -> tuple[Path, ...]:
    """The system's fonts, those that go with Inter first."""
    from find_system_fonts_filename import (
        FindSystemFontsFilenameException,
        get_system_fonts_filename,
    )

    try:
        paths = map(Path, get_system_fonts_filename())
    except FindSystemFontsFilenameException:
        return ()

    def unlike(path: Path) -> tuple[bool, int, str]:
        name = path.name.lower()
        strange = sum(word in name.replace("sansserif", "") for word in UNLIKE_INTER)
        return "sans" not in name, strange, name

    return tuple(sorted(paths, key=unlike))


@cache
def _opened(path: Path) -> Face | None:
    """The face in a file, the first of a collection; None where there is nothing to draw with."""
    from fontTools.ttLib import TTFont

    try:
        with TTFont(path, fontNumber=0, lazy=True) as font:
            letters = font.getBestCmap() if any(table in font for table in OUTLINES) else None
    except Exception:  # somebody's damaged font, in whichever way, must not stop a sheet
        return None
    return Face(path, frozenset(letters)) if letters else None
