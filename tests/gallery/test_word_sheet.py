"""The sheet of a picture's words."""

from __future__ import annotations

import numpy as np

from studio.core.word_maps import WordMap, WordsMapped
from studio.gallery.heat import COLOURS
from studio.gallery.word_sheet import SEEN, overlay, word_sheet


def test_one_scale_for_all_words_and_steps() -> None:
    def flat(*steps: float) -> np.ndarray:
        return np.array(steps, np.float32)[:, None, None].repeat(4, 1).repeat(4, 2)

    likeness = flat(-1, 1)
    words = [WordMap("a", 0, 1, flat(0, 0.1), likeness), WordMap("fox", 2, 5, flat(0, 1), likeness)]
    black = np.zeros((8, 8, 3), np.uint8)
    tiles = [overlay(black, word.maps("attention").mean(0), 0, 1) for word in words]
    for tile, share in zip(tiles, (0.05, 0.5), strict=True):
        assert np.abs(tile - SEEN * COLOURS[int(255 * share)]).max() <= 1
    found = WordsMapped(1, (*words, WordMap("moss", -1, -1, None, likeness)), (1.0, 0.5), black)
    sheet = word_sheet(found, "a fox")
    assert sheet.shape[1] == word_sheet(WordsMapped(1, (), (1.0, 0.5), black), "").shape[1] + 5 * 24
    for tile in tiles:  # as large as they are, somewhere on it
        places = np.lib.stride_tricks.sliding_window_view(sheet, (8, 8, 3))
        assert (places == tile).all((-1, -2, -3)).any()
