"""The heat map's colours."""

from __future__ import annotations

import numpy as np

from studio.gallery.heat import COLOURS, heat_map


def test_lightness_grows_all_the_way() -> None:
    light = COLOURS.astype(float) @ (0.2126, 0.7152, 0.0722)
    assert np.all(np.diff(light) > -1.0)
    assert light[0] < 5
    assert light[-1] > 230


def test_ends_and_what_is_no_number() -> None:
    made = heat_map(np.array([[0.0, 2.0], [np.nan, 9.0]]), 2.0)
    assert made.shape == (2, 2, 3)
    assert made.dtype == np.uint8
    assert (made[0, 0] == COLOURS[0]).all()
    assert (made[0, 1] == COLOURS[255]).all()
    assert (made[1, 0] == COLOURS[0]).all()
    assert (made[1, 1] == COLOURS[255]).all()
