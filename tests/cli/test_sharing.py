"""What torchrun's processes would all say is said once."""

from pathlib import Path

import pytest

from .conftest import Run


def test_wrong_usage_is_said_by_the_first_process(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    said = []
    for rank in "10":
        (tmp_path / rank).mkdir()
        monkeypatch.setenv("RANK", rank)
        monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / rank / "error.json"))
        ran = run("generate", "bear", "--count", 0)
        assert (ran.code, ran.out) == (2, "")
        said.append(ran.err.count("error: "))
    assert said == [1, 0]
    assert run("generate").err.count("error: ") == 1  # another error
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", "")  # torchrun --log-dir /dev/null
    assert run("generate").err.count("error: ") == 1
    monkeypatch.setenv("RANK", "1")
    assert run("generate").err == ""
