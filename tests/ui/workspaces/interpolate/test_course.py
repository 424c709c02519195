"""What stands between the frames of a walk, against closed forms."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from studio.core.errors import UsageError
from studio.core.messages import Request
from studio.core.settings import Settings
from studio.core.sizes import Size
from studio.core.walks import End, Frame, Walk, places
from studio.ui.job import Job
from studio.ui.jobs import Jobs
from studio.ui.workspaces.interpolate.course import MOST_BYTES, Course, cross_fade
from tests.app.fakes import RecordingBridge


class TakingJobs(Jobs):
    """Takes every request."""

    def submit(self, request: Request, front: bool = False) -> Job | None:
        return Job(7, request)


def begun(columns: int, rows: int = 1, side: int = 8) -> Course:
    course = Course(TakingJobs())
    ends = tuple(
        End(Settings("a", seed=n, size=Size.square(side))) for n in range(2 if rows == 1 else 4)
    )
    assert course.begin(Walk(ends, columns=columns, rows=rows))
    return course


def bring(course: Course, index: int, shade: int = 0) -> None:
    assert course.walk is not None
    image = np.full((8, 8, 3), shade, np.uint8)
    course._frame(Frame(7, index, places(course.walk)[index], image, 0.1, 3))


@given(st.integers(2, 9), st.integers(1, 6), st.data())
def test_the_nearest_finished_frame(columns: int, rows: int, data: st.DataObject) -> None:
    course = begun(columns, rows)
    some = st.lists(st.integers(0, course.count - 1), min_size=1, max_size=8, unique=True)
    made = data.draw(some)
    for index in made:
        bring(course, index)

    def far(a: int, b: int) -> int:
        return sum(
            (x - y) ** 2 for x, y in zip(divmod(a, columns), divmod(b, columns), strict=True)
        )

    for index in range(course.count):
        near = course.nearest(index)
        assert near in made
        assert far(near or 0, index) == min(far(each, index) for each in made)


@given(st.integers(2, 9), st.integers(1, 6))
def test_the_route_takes_steps_to_neighbours(columns: int, rows: int) -> None:
    route = begun(columns, rows).route()
    assert sorted(route) == list(range(columns * rows))
    for a, b in pairwise(route):
        (row, column), (other, beside) = divmod(a, columns), divmod(b, columns)
        assert abs(row - other) + abs(column - beside) == 1


@given(
    st.lists(st.integers(0, 255), min_size=4, max_size=4),
    st.floats(0, 1, allow_subnormal=False),
    st.floats(0, 1, allow_subnormal=False),
)
def test_the_cross_fade_is_bilinear(shades: list[int], u: float, v: float) -> None:
    a, b, c, d = shades
    share = ((1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v)
    faded = cross_fade([np.full((2, 2, 3), each, np.uint8) for each in shades], share)
    wanted = (a + (b - a) * u) * (1 - v) + (c + (d - c) * u) * v
    assert np.abs(faded - wanted).max() <= 0.5 + 1e-3


def test_there_is_no_cross_fade_without_all_ends() -> None:
    course = begun(3, 3)
    for end in course.ends():
        assert course.fade(4) is None
        bring(course, end, 30 * end)
    fade = course.fade(4)
    assert fade is not None and (fade == 120).all()  # of 0, 60, 180 and 240
    assert [course.end_at(each) for each in (0, 2, 6, 8, 4)] == [0, 1, 2, 3, None]


def test_frames_of_other_jobs_are_left_alone(qapp: object) -> None:
    jobs, bridge = Jobs(), RecordingBridge()
    jobs.attach(bridge, "fake")  # type: ignore[arg-type]
    course = Course(jobs)
    walk = Walk((End(Settings("a", seed=0)), End(Settings("a", seed=1))), columns=3)
    other = jobs.submit(walk)
    assert other is not None and course.begin(walk)
    image = np.zeros((8, 8, 3), np.uint8)
    bridge.arrived.emit(Frame(other.number, 0, (0.0, 0.0), image, 0.1, 3))
    assert not course.frames and course.nearest(0) is None
    bridge.arrived.emit(Frame(other.number + 1, 0, (0.0, 0.0), image, 0.1, 3))
    assert list(course.frames) == [0]


def test_memory_is_bounded(qtbot: QtBot) -> None:
    with pytest.raises(UsageError, match="fewer"):
        begun(241, side=512)
    course = begun(15, side=256)
    assert course.count * 256**2 * 9 < MOST_BYTES
