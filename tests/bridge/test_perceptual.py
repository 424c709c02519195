"""The window's view of LPIPS's weights."""

from pathlib import Path
from unittest.mock import Mock

import pytest

from studio.bridge import perceptual
from studio.metrics.perceptual import CHECKPOINT


def test_where_they_would_be_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    place = tmp_path / "hub" / "checkpoints" / CHECKPOINT
    assert perceptual.missing() == str(place)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"weights")
    assert perceptual.missing() == ""
    never = Mock(side_effect=AssertionError)
    assert perceptual.fetch(never, never) == place  # nothing is fetched that is there
    assert place.read_bytes() == b"weights"
