"""Tokenisers: whatever one can type comes back; each kind cuts as it says; how they compare."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from studio.core.errors import ModelError
from studio.core.installation import bundled
from studio.networks.tokenizer import Tokenizer
from studio.networks.tokenizers import KINDS, open_tokenizer
from studio.networks.tokenizers.protocol import compare, valid
from studio.networks.tokenizers.vocabulary import (
    BEGIN,
    END,
    FIRST_PIECE,
    LENGTH,
    PAD,
    VocabularyTokenizer,
)

OPENED = {kind: open_tokenizer(kind) for kind in KINDS}
TEXTS = ["a red teddy bear on a blue background", "a red tram, 3d", "an aardvark", "🧸"]


@pytest.fixture(scope="module")
def teacher() -> Tokenizer:
    return Tokenizer(bundled("studio-256") / "text" / "tokenizer.json")


@pytest.mark.parametrize("kind", KINDS)
@given(st.text(st.characters(codec=None), max_size=80))
@example("")
@example(" ")
@example("  two  spaces \n\ttabs ")
@example("\x00\x1b\x7f")
@example("a\ud800b")
@example("👩🏽‍🚀 e\u0301 שלום مرحبا \u202e")
@example("[UNK] [PAD] <0x41> ##s �")
@example("x" * 300 + "é" * 300)
def test_any_text_comes_back(kind: str, text: str) -> None:
    tokenizer = OPENED[kind]
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == valid(text)
    assert all(END < number < tokenizer.size for number in ids)
    assert len(tokenizer.pieces(text)) == len(ids)


@pytest.mark.parametrize("kind", KINDS)
def test_for_a_network(kind: str) -> None:
    ids, mask = OPENED[kind](["", "bear", "a bear and a tram " * 20])
    assert ids.shape == mask.shape == (3, LENGTH)
    assert ids[0, :3].tolist() == [BEGIN, END, PAD]
    assert mask.sum(1).tolist()[::2] == [2, LENGTH]
    assert ids[2, -1] == END and not ids[~mask].any()


def test_each_kind_cuts_as_it_says() -> None:
    def pieces(kind: str, text: str) -> list[str]:
        return OPENED[kind].pieces(text)

    assert pieces("arbitrary", "a red bear") == ["a r", "ed ", "bea", "r"]
    assert pieces("word", "a red teddy bear") == [" a", " red", " teddy", " bear"]
    assert pieces("character", "bear") == list("bear")
    for kind in ("bpe", "wordpiece"):
        assert pieces(kind, "a bear") == [" a", " bear"]
        rare = pieces(kind, "teddybearish")
        assert 1 < len(rare) < 12 and "".join(rare) == " teddybearish"
    assert pieces("word", "🧸") == ["<0x20>", "<0xF0>", "<0x9F>", "<0xA7>", "<0xB8>"]


def test_the_vocabularies_compare(teacher: Tokenizer) -> None:
    rows = {row.name: row for row in compare([*OPENED.values(), teacher], TEXTS)}
    assert rows["character"].mean > rows["arbitrary"].mean > rows["word"].mean
    assert rows["character"].size < rows["bpe"].size == FIRST_PIECE + 2048
    assert rows["word"].unknown == 0.5  # the aardvark, and the emoji
    assert all(rows[kind].unknown == 0.25 for kind in ("bpe", "wordpiece"))
    assert all(rows[kind].lossless == 1 for kind in KINDS)
    assert rows["teacher"].size == 30522 and rows["teacher"].lossless < 1
    assert teacher.unknown("a 🧸") == ["🧸"]


def test_the_teacher_s_reads_more_than_it_hands_on(teacher: Tokenizer) -> None:
    text = "a red cat " * 40
    assert len(teacher.encode(text)) == len(teacher.pieces(text)) == 120
    assert teacher.decode(teacher.encode("a red cat")) == "a red cat"
    assert teacher(["a red cat"])[0][0, 1:-1].tolist() == teacher.encode("a red cat")


@pytest.mark.parametrize(
    "content",
    [None, "", "[]", "{}", '{"kind": "bpe"}', '{"kind": "word", "pieces": [1]}',
     '{"kind": "bpe", "pieces": [["a", "b"]]}', '{"kind": "bpe", "pieces": [["a"]]}',
     '{"kind": "bpe", "pieces": 7}', '{"kind": ["bpe"], "pieces": []}'],
)  # fmt: skip
def test_a_damaged_file(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "own.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ModelError, match=r"own\.json"):
        open_tokenizer(str(path))


def test_all_files_together_are_small() -> None:
    assert sum(path.stat().st_size for path in bundled("tokenizers").iterdir()) < 150_000
    assert isinstance(OPENED["bpe"], VocabularyTokenizer)


def test_counting_needs_no_torch() -> None:
    code = (
        "import sys; from studio.networks.tokenizers import open_tokenizer;"
        "print(len(open_tokenizer('bpe').encode('a red bear')), 'torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["3", "False"]
