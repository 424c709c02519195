"""The contact sheet's layout."""

from __future__ import annotations

import numpy as np

from studio.pictures.sheet import GAP, LABEL, TITLE, contact_sheet
from studio.report.prompts import PAIR_PROMPTS, PROMPTS


def test_pictures_are_where_the_grid_says_with_words_under_them() -> None:
    pictures = np.stack([np.full((64, 64, 3), 5 * i, np.uint8) for i in range(8)])
    sheet = contact_sheet(pictures, [f"number {i}" for i in range(8)], "eight")
    assert sheet.shape == (TITLE + 2 * (64 + LABEL + GAP), GAP + 6 * (64 + GAP), 3)
    for i in range(8):
        left, top = GAP + (i % 6) * (64 + GAP), TITLE + (i // 6) * (64 + LABEL + GAP)
        assert (sheet[top : top + 64, left : left + 64] == 5 * i).all()
        assert sheet[top + 64 : top + 64 + LABEL, left : left + 64].min() < 120


def test_long_labels_stay_in_their_column() -> None:
    sheet = contact_sheet(np.zeros((2, 64, 64, 3), np.uint8), ["w" * 80, ""], "")
    below = sheet[TITLE + 64 : TITLE + 64 + LABEL]
    assert (below[:, :GAP] == sheet[0, 0]).all()
    assert (below[:, GAP + 64 :] == sheet[0, 0]).all()


def test_twenty_four_different_prompts() -> None:
    for prompts in (PROMPTS, PAIR_PROMPTS):
        assert len(set(prompts)) == len(prompts) == 24
