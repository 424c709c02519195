"""Sheets: words and pictures where they are put."""

from __future__ import annotations

import numpy as np

from studio.pictures.sheet import FAINT, GAP, INK, LABEL, PAPER, TITLE, Sheet, contact_sheet
from studio.report.prompts import PAIR_PROMPTS, PROMPTS


def test_pictures_are_where_the_grid_says_with_words_under_them() -> None:
    pictures = np.stack([np.full((64, 64, 3), 5 * i, np.uint8) for i in range(8)])
    sheet = contact_sheet(pictures, [f"number {i}" for i in range(8)], "eight")
    assert sheet.shape == (TITLE + 2 * (64 + LABEL + GAP), GAP + 6 * (64 + GAP), 3)
    for i in range(8):
        left, top = GAP + (i % 6) * (64 + GAP), TITLE + (i // 6) * (64 + LABEL + GAP)
        assert (sheet[top : top + 64, left : left + 64] == 5 * i).all()
        assert sheet[top + 64 : top + 64 + LABEL, left : left + 64].min() < 120


def test_lines_stand_below_each_other_on_their_side_and_are_cut() -> None:
    ends = {}
    for side in ("l", "m", "r"):
        sheet = Sheet(200, 60)
        sheet.write(100, 15, ("w" * 99, 14, INK), ("i", 14, FAINT), leading=30, side=side, room=80)
        written = (np.asarray(sheet.image) != PAPER).any(-1)
        first, second = written[:30].any(0).nonzero()[0], written[30:].any(0).nonzero()[0]
        assert len(second) < 8 < first[-1] - first[0] <= 80
        ends[side] = first[0], first[-1]
    assert ends["l"][0] >= 100 >= ends["r"][1] and 60 <= ends["m"][0] < 100 < ends["m"][1] <= 140


def test_long_labels_stay_in_their_column() -> None:
    sheet = contact_sheet(np.zeros((2, 64, 64, 3), np.uint8), ["w" * 80, ""], "")
    below = sheet[TITLE + 64 : TITLE + 64 + LABEL]
    assert (below[:, :GAP] == sheet[0, 0]).all()
    assert (below[:, GAP + 64 :] == sheet[0, 0]).all()


def test_twenty_four_different_prompts() -> None:
    for prompts in (PROMPTS, PAIR_PROMPTS):
        assert len(set(prompts)) == len(prompts) == 24


def test_pictures_that_are_not_square_lie_whole_beside_each_other() -> None:
    pictures = np.stack([np.full((20, 60, 3), 40 * k, np.uint8) for k in (1, 2)])
    sheet = contact_sheet(pictures, ["a", "b"], "title")
    for k in (1, 2):
        down, across = np.nonzero((sheet == 40 * k).all(-1))
        assert (np.ptp(down), np.ptp(across)) == (19, 59)
