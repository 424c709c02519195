"""A width and a height: how they are written, and which a model makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import UsageError
from studio.core.sizes import LEAST, MOST, RATIOS, Size, Sizes, shape_name

sides = st.integers(1, 9999)
#: Of arXiv:2307.01952, appendix I: what SDXL was trained on, height x width.
BUCKETS = {
    (512, 2048), (512, 1984), (512, 1920), (512, 1856), (576, 1792), (576, 1728), (576, 1664),
    (640, 1600), (640, 1536), (704, 1472), (704, 1408), (704, 1344), (768, 1344), (768, 1280),
    (832, 1216), (832, 1152), (896, 1152), (896, 1088), (960, 1088), (960, 1024), (1024, 1024),
}  # fmt: skip


@given(sides, sides)
def test_what_is_written_is_read(width: int, height: int) -> None:
    size = Size(width, height)
    assert Size.read(str(size)) == Size.read(size.stored) == size
    assert isinstance(size.stored, int) == (width == height)
    assert size.turned.turned == size


@pytest.mark.parametrize("written", ["512", 512, "512x512", "512 × 512"])
def test_squares_may_be_written_by_their_side(written: object) -> None:
    assert Size.read(written) == Size.square(512)


@pytest.mark.parametrize("written", ["", "x", "1x", "1x2x3", "-5", "1.5", 1.5, True, None, [1, 2]])
def test_other_things_are_no_size(written: object) -> None:
    with pytest.raises(UsageError, match="512 or 768x512"):
        Size.read(written)


@given(st.sampled_from((64, 512, 768, 1024)), st.sampled_from((2, 8, 16)), sides, sides)
def test_what_is_offered_is_made_and_all_else_has_a_neighbour(
    side: int, step: int, width: int, height: int
) -> None:
    sizes = Sizes.about(side, step)
    assert sizes.offered[0] == sizes.own == Size.square(side)
    assert all(sizes.makes(size) and size.turned in sizes.offered for size in sizes.offered)
    near = sizes.nearest(Size(width, height))
    assert sizes.makes(near)
    for found, wanted in zip(near.pair, (width, height), strict=True):
        assert LEAST <= found <= MOST
        assert abs(found - min(max(wanted, LEAST), MOST)) <= step / 2


def test_about_a_million_pixels_come_in_the_shapes_that_sdxl_was_trained_on() -> None:
    for step in (8, 16):
        offered = Sizes.about(1024, step).offered
        assert len(offered) == 2 * len(RATIOS) - 1
        assert {tuple(sorted(size.pair)) for size in offered} <= BUCKETS
    assert {shape_name(size) for size in Sizes.about(1024, 8).offered} == {
        *RATIOS, *(":".join(name.split(":")[::-1]) for name in RATIOS)
    }  # fmt: skip


def test_those_about_512_are_near_it() -> None:
    for size in Sizes.about(512, 8).offered:
        assert 0.9 * 512**2 < size.width * size.height <= 512**2


def test_a_model_with_one_size_makes_no_other() -> None:
    only = Sizes(Size.square(256))
    assert only.makes(Size.square(256)) and not only.makes(Size(256, 264))
    assert only.nearest(Size(768, 512)) == Size.square(256)


def test_what_is_cut_is_said() -> None:
    assert not Size(96, 64).cut(1536, 1024) and not Size(768, 512).cut(1000, 667)
    assert Size.square(64).cut(96, 64) == ("Only its middle, a square, is used.",)
    assert Size(96, 64).cut(64, 64) == ("Only its middle, in the shape of 96x64, is used.",)
