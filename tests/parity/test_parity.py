"""Whole trajectories beside diffusers' schedulers: docs/samplers.md is the table of these."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

pytest.importorskip("diffusers", reason="compares with diffusers: pip install '.[test]'")

from tests.parity.cases import CASES
from tests.parity.harness import Case, compare

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers")
TOLERANCE = 1e-5


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tensors this small are slower on more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("tiny", [False, True], ids=["analytic", "tiny"])
def test_the_trajectory_is_theirs(case: Case, tiny: bool) -> None:
    assert compare(case, tiny) < TOLERANCE
