"""The tables of encoders on ones whose figures are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from studio import cli
from studio.core.installation import ASSETS
from studio.dataset.catalogue import BUNDLED, Catalogue
from studio.report.encoders import card
from studio.report.encoders.measures import SIDE, STYLE, Pictures, shown
from studio.report.encoders.subjects import Pair, Subjects, opened, parts, small

MOST = 14 * 2**20  # DESIGN.md: all of assets/encoders


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Every twentieth concept of the bundled catalogue, and those of the words that no caption
    uses, as far as their codes come first."""
    folder = tmp_path_factory.mktemp("dataset")
    index = json.loads((BUNDLED / "concepts.json").read_text(encoding="utf-8"))
    index["concepts"] = index["concepts"][::20]
    (folder / "concepts.json").write_text(json.dumps(index), encoding="utf-8")
    for archive in (*BUNDLED.glob("*.zip"), BUNDLED / "words.json"):
        (folder / archive.name).symlink_to(archive)
    return Catalogue(folder)


def pixels(pictures: Tensor) -> Tensor:
    return F.normalize(small(pictures, 24).flatten(1) - 0.7, dim=-1)


class Knows:
    """Reads a thing's name, and words for it, as its picture's own vector."""

    def __init__(self, catalogue: Catalogue) -> None:
        pictures = Pictures(catalogue)
        codes = pictures.codes(STYLE)
        vectors = parts(pixels, shown(pictures, STYLE, codes).pictures)
        of = dict(zip(codes, vectors, strict=True))
        self.known = {pictures.phrase(code): of[code] for code in codes}
        words = catalogue.unsaid.items()
        self.words = {word: of[owners[0]] for word, owners in words if owners[0] in of}

    def __call__(self, texts: Sequence[str]) -> Tensor:
        return torch.stack([self.read(text) for text in texts])

    def read(self, text: str) -> Tensor:
        found = [v for word, v in self.words.items() if text.endswith(word)]
        return self.known.get(text, found[0] if found else torch.ones(24 * 24 * 3))


@pytest.fixture(scope="module")
def found(catalogue: Catalogue) -> card.EncoderCard:
    knows = Knows(catalogue)
    subjects = Subjects(
        knows,
        [Pair("knows", pixels, knows)],
        {"pixels": pixels, "blind": lambda x: torch.ones(len(x), 3)},
        {"mute": lambda x: ["nothing"] * len(x)},
    )
    return card.compare(subjects, catalogue, lambda _: None, batches=(64,), count=12)


def value(found: card.EncoderCard, section: str, name: str, encoder: str = "knows") -> float:
    (only,) = (
        row
        for row in found.rows
        if (row.section, row.name, row.encoder) == (section, name, encoder)
    )
    return only.value


def test_what_knows_all_has_perfect_figures(found: card.EncoderCard) -> None:
    section = f"retrieval, {STYLE}"
    for way in ("picture to text", "text to picture"):
        assert value(found, section, f"{way} R@1") == 1
    assert value(found, "zero-shot classification", "by label, top-1") == 1
    assert value(found, "zero-shot classification", "by group, of the nearest label") == 1
    assert value(found, "zero-shot classification", "by group, its name") < 1
    assert value(found, "words that no caption uses", "word to picture hit@1") == 1
    assert value(found, "nearest neighbour", "same thing, scene to white", "blind") < 0.5
    assert value(found, "captions", "named", "mute") == 0


def test_every_figure_has_chance_and_ceiling(found: card.EncoderCard) -> None:
    for row in found.rows:
        assert 0 <= row.chance <= 1 and 0 <= row.value <= 1 and 0 <= row.ceiling <= 1 and row.n > 0


def test_files_say_what_was_measured(found: card.EncoderCard, tmp_path: Path) -> None:
    table, figures, *sheets = card.write(found, tmp_path / "new")
    text = table.read_text(encoding="utf-8")
    assert "| by label, top-1 | " in text and "| 64 | " in text and "knows |" in text
    document = json.loads(figures.read_text(encoding="utf-8"))
    assert len(document["figures"]) == len(found.rows) and len(document["costs"]) == 4
    for sheet, picture in zip(sheets, found.sheets.values(), strict=True):
        with Image.open(sheet) as image:
            assert np.asarray(image).shape == picture.shape


def test_styles_of_another_dataset_are_unseen(catalogue: Catalogue) -> None:
    pictures = Pictures(catalogue, Catalogue())
    assert list(pictures.styles) == [style.name for style in catalogue.styles]
    assert pictures.styles[STYLE] is catalogue
    assert shown(pictures, STYLE, pictures.codes(STYLE)[:2]).pictures.shape == (2, 3, SIDE, SIDE)


def test_a_pair_is_opened_by_its_name() -> None:
    subjects = opened(["siglip"])
    (pair,) = subjects.pairs
    vectors = pair.texts(["a cat", "a dog", "a cat"])
    assert torch.equal(vectors[0], vectors[2])
    seen = parts(pair.pictures, torch.zeros(1, 3, 64, 64))
    assert seen.shape[1] == vectors.shape[1]
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(3))


@pytest.mark.parametrize("name", ["nothing-like-it", "studio-256/text"])
def test_what_is_no_encoder_is_one_line(capfd: pytest.CaptureFixture[str], name: str) -> None:
    assert cli.main(["evaluate", "--encoders", name]) in (1, 2)
    out, err = capfd.readouterr()
    assert out == "" and err.startswith("error:") and err.count("\n") == 1


def test_all_encoders_together_are_small() -> None:
    size = sum(path.stat().st_size for path in (ASSETS / "encoders").rglob("*") if path.is_file())
    assert size <= MOST
