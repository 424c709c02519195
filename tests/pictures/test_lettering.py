"""Each run of letters is drawn in a font that has them, bundled or the system's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image, ImageDraw

from studio.pictures import lettering
from studio.pictures.lettering import INTER, fitted, runs, width, write

BUNDLED = "ÀéîñøßŁőşẾ Ελληνικά ΑΩ Кириллица ЁЖщї «“”» … × − ≤ ∞ · 1²"


def blocks(path: Path, letters: str) -> Path:
    """A font whose `letters` are full squares."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for point in ((0, 1000), (1000, 1000), (1000, 0)):
        pen.lineTo(point)
    pen.closePath()
    square, names = pen.glyph(), [".notdef", *(f"u{ord(letter):04X}" for letter in letters)]
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(letter): f"u{ord(letter):04X}" for letter in letters})
    font.setupGlyf(dict.fromkeys(names, square))
    font.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    font.setupHorizontalHeader(ascent=1000, descent=0)
    font.setupNameTable({"familyName": path.stem, "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(path)
    return path


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system whose fonts are those in the folder."""
    monkeypatch.setattr(
        "find_system_fonts_filename.get_system_fonts_filename",
        lambda: {str(path) for path in tmp_path.iterdir()},
    )
    for found in (lettering._face_of, lettering._system_paths):
        found.cache_clear()
    return tmp_path


@pytest.mark.parametrize("letter", sorted(set(BUNDLED) - {" "}))
def test_the_bundled_font_has_latin_greek_and_cyrillic(letter: str, system: Path) -> None:
    assert [(face.path, run) for face, run in runs(letter)] == [(INTER, letter)]


def test_other_letters_are_the_systems(system: Path) -> None:
    blocks(system / "SomeSans.ttf", "中文")
    (system / "BrokenSans.ttf").write_bytes(b"no font")
    (system / "Empty.ttf").write_bytes(b"")
    assert [(face.path.stem, run) for face, run in runs("кот 中文, ok")] == [
        ("Inter-Regular", "кот "),
        ("SomeSans", "中文"),
        ("Inter-Regular", ", ok"),
    ]
    assert width("中文", 20) == pytest.approx(40)
    sheet = Image.new("L", (60, 40))
    write(ImageDraw.Draw(sheet), (10, 20), "中文", 255, 20)
    assert np.asarray(sheet)[15:25, 12:48].all()  # two squares, where the line is


def test_upright_sans_serif_fonts_come_first(system: Path) -> None:
    for name in ("Serif", "Sans-Bold", "AnotherSans", "SansMono"):
        blocks(system / f"{name}.ttf", "中")
    assert runs("中")[0][0].path.stem == "AnotherSans"


def test_what_no_font_has_is_a_box_and_joining_signs_are_nothing(system: Path) -> None:
    assert [(face.path, run) for face, run in runs("a中")] == [(INTER, "a中")]
    assert runs("\u2764\ufe0f\u200d")[0][1] == "\u2764"
    assert runs("") == []


def test_accents_are_one_letter_with_what_they_stand_on(system: Path) -> None:
    assert runs("cafe\u0301") == [(lettering._inter(), "café")]


@pytest.mark.parametrize(("side", "first", "last"), [("l", 60, 80), ("m", 50, 70), ("r", 40, 60)])
def test_lines_begin_are_centred_or_end_at_their_place(
    system: Path, side: str, first: int, last: int
) -> None:
    blocks(system / "Sans.ttf", "中")
    sheet = Image.new("L", (120, 40))
    write(ImageDraw.Draw(sheet), (60, 20), "中", 255, 20, side)
    columns = np.flatnonzero(np.asarray(sheet).max(0))
    assert (columns[0], columns[-1] + 1) == (first, last)


@pytest.mark.parametrize("text", ["teddy bear " * 9, "плюшевый мишка " * 9])
def test_long_words_are_cut_to_fit(text: str) -> None:
    cut = fitted(text, 15, 150)
    assert cut.endswith("…") and text.startswith(cut[:-1])
    assert 110 < width(cut, 15) <= 150
    assert fitted("short", 15, 150) == "short"
