from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from studio.core.errors import DataError
from studio.dataset.build import held_out
from studio.dataset.catalogue import Catalogue


def test_bundled_pictures_are_rgba_and_not_empty(catalogue: Catalogue) -> None:
    for style in catalogue.styles:
        for code in catalogue.codes(style.name)[::60]:
            picture = catalogue.picture(code, style.name)
            assert picture.shape == (256, 256, 4)
            assert picture.dtype == np.uint8
            assert (picture[..., 3] > 127).mean() > 0.01


def test_the_two_taller_pictures_are_cropped(catalogue: Catalogue) -> None:
    assert catalogue.picture("1fa90", "fluent-3d").shape == (256, 256, 4)


def test_codes_are_in_catalogue_order_and_known(catalogue: Catalogue) -> None:
    order = {concept.code: i for i, concept in enumerate(catalogue.concepts)}
    assert len(order) == len(catalogue.concepts)
    for style in catalogue.styles:
        places = [order[code] for code in catalogue.codes(style.name)]
        assert places == sorted(places)
        assert len(places) > 1500


def test_variants_of_a_codepoint_share_a_side(catalogue: Catalogue) -> None:
    sides: dict[str, set[str]] = {}
    for concept in catalogue.concepts:
        sides.setdefault(concept.code.split("-")[0], set()).add(concept.split)
    assert all(len(side) == 1 for side in sides.values())


def test_the_split_is_the_builders(catalogue: Catalogue) -> None:
    heads: dict[str, bool] = {}
    for concept in catalogue.concepts:
        head = concept.code.split("-")[0]
        heads.setdefault(head, held_out(concept.code, concept.label))
        assert (concept.split == "held-out") == heads[head]
    assert sum(c.split == "held-out" for c in catalogue.concepts) == 120


def test_no_one_word_label_leads_a_held_out_codepoint(catalogue: Catalogue) -> None:
    heads = {c.code for c in catalogue.concepts if c.split == "held-out" and " " not in c.label}
    assert all("-" in code for code in heads)


def test_travels_to_another_process_without_its_open_files(catalogue: Catalogue) -> None:
    catalogue.picture("1f9f8", "noto")
    again = pickle.loads(pickle.dumps(catalogue))
    np.testing.assert_array_equal(
        again.picture("1f9f8", "noto"), catalogue.picture("1f9f8", "noto")
    )


def test_missing_folder_says_how_to_build(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="dataset build"):
        Catalogue(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"styles": []}', '{"styles": [{}], "concepts": []}']
)
def test_damaged_index(tiny: Path, text: str) -> None:
    (tiny / "concepts.json").write_text(text)
    with pytest.raises(DataError, match=r"concepts\.json is damaged"):
        Catalogue(tiny)


def test_truncated_zip(tiny: Path) -> None:
    data = (tiny / "plain.zip").read_bytes()
    (tiny / "plain.zip").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=r"plain\.zip cannot be read"):
        Catalogue(tiny).picture("1", "plain")


def test_missing_zip(tiny: Path) -> None:
    (tiny / "plain.zip").unlink()
    with pytest.raises(DataError, match=r"plain\.zip cannot be read"):
        Catalogue(tiny).codes("plain")


def test_flipped_byte_in_a_picture(tiny: Path) -> None:
    data = bytearray((tiny / "plain.zip").read_bytes())
    data[120] ^= 0xFF
    (tiny / "plain.zip").write_bytes(bytes(data))
    with pytest.raises(DataError, match=r"picture of 1 .* is damaged"):
        Catalogue(tiny).picture("1", "plain")


def test_unknown_style_and_picture_name_what_there_is(tiny: Path) -> None:
    with pytest.raises(DataError, match=r"Unknown style 'oil'; the dataset has plain\."):
        Catalogue(tiny).codes("oil")
    with pytest.raises(DataError, match="No picture of 9"):
        Catalogue(tiny).picture("9", "plain")
