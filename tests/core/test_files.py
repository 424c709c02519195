"""Files are written whole or not at all, and only ordinary ones of a bounded size are read."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from studio.core.errors import DataError
from studio.core.files import DRAFT, append, read_regular, replacing, write_all
from studio.gallery.word_lists import read_lines


@pytest.mark.parametrize("alone", [True, False])
def test_a_draft_takes_its_place_or_leaves_no_trace(tmp_path: Path, alone: bool) -> None:
    path = tmp_path / "a.txt"
    with replacing(path, alone=alone) as draft:
        draft.write_text("first")
        assert not path.exists()
    with suppress(RuntimeError), replacing(path, alone=alone) as draft:
        draft.write_text("second")
        raise RuntimeError
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("a.txt", "first")]


@pytest.mark.parametrize("alone", [True, False])
def test_what_a_killed_process_left_is_overwritten_or_known_by_its_name(
    tmp_path: Path, alone: bool
) -> None:
    path = tmp_path / "a"
    with replacing(path, alone=alone) as draft:
        draft.mkdir()
        (draft / "new").touch()
        killed = tmp_path / ".a.part"
        assert (draft == killed) is alone and bool(DRAFT.fullmatch(draft.name)) is not alone
    killed.mkdir()
    (killed / "old").touch()
    with replacing(path, alone=alone) as draft:
        assert not draft.exists()
        draft.mkdir()
        path.joinpath("new").unlink()
    assert not list(path.iterdir()) and killed.exists() is not alone


def test_the_last_named_moves_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[str] = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (moved.append(Path(b).name), replace(a, b)))
    write_all({tmp_path / "weights": b"1", tmp_path / "description": b"2"})
    assert moved == ["weights", "description"]


def test_what_does_not_fit_is_not_appended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    append(path, b"one\n")

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        append(path, b"two\n")
    assert path.read_bytes() == b"one\n"


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "large"])
def test_only_ordinary_files_are_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        with path.open("wb") as file:
            file.truncate(2**23)
    with pytest.raises(OSError, match=r"no ordinary file|more than 1 MB"):
        read_regular(path, 2**20)
    with pytest.raises(DataError):
        read_lines(path)
