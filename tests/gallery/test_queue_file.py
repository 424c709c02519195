"""The queue on the disk, lists of words, and pictures kept by their digests."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import DataError, OutputError
from studio.core.generating import Generate, Inputs
from studio.core.settings import Settings
from studio.gallery import inputs, queue_file, word_lists

WAITING = (
    Generate(Settings("a bear", seed=4, options=(("eta", 0.5),), sampler="ddim"), 3),
    Generate(Settings("ein Bär \ud83e\n", guidance_interval=(0.2, 0.9)), 1, trajectories=True),
)


def test_what_waits_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "new" / "queue.json"
    queue_file.write(file, WAITING)
    assert queue_file.read(file, tmp_path) == (WAITING, ())
    assert [each.name for each in file.parent.iterdir()] == ["queue.json"]
    queue_file.write(file, ())
    assert not file.exists() and queue_file.read(file, tmp_path) == ((), ())


def test_each_window_has_a_file_and_the_next_takes_over_those_without(tmp_path: Path) -> None:
    first, second, third = (
        queue_file.take_over(tmp_path / "new" / "queue.json", tmp_path)[0] for _ in range(3)
    )
    names = [own.path.name for own in (first, second, third)]
    assert names == ["queue.json", "queue-2.json", "queue-3.json"]
    for own, request in ((first, WAITING[0]), (second, WAITING[1]), (third, WAITING[0])):
        own.write((request,))
    second.release()
    third.release()
    fourth, found, problems = queue_file.take_over(first.path, tmp_path)
    assert (fourth.path, found, problems) == (second.path, (WAITING[1], WAITING[0]), ())
    assert queue_file.read(fourth.path, tmp_path)[0] == found  # before the third's goes
    assert not third.path.exists()
    assert queue_file.read(first.path, tmp_path)[0] == WAITING[:1]
    fourth.write(())
    assert first.path.is_file() and not second.path.exists()


def test_what_ended_windows_left_stays_if_it_cannot_be_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "queue.json"
    queue_file.write(file, WAITING)
    queue_file.write(tmp_path / "queue-2.json", WAITING)

    def full(*_: object) -> None:
        raise OutputError("the disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(queue_file, "write", full)
        with pytest.raises(OutputError):
            queue_file.take_over(file, tmp_path)
    assert queue_file.take_over(file, tmp_path)[1] == WAITING * 2
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be kept"):
        queue_file.take_over(tmp_path / "file" / "queue.json", tmp_path)


def test_what_waited_under_an_alias_waits_under_the_samplers_name(tmp_path: Path) -> None:
    file = tmp_path / "queue.json"
    queue_file.write(file, (Generate(Settings("a bear", sampler="flow-unipc")),))
    assert "flow-unipc" in file.read_text()
    assert queue_file.read(file, tmp_path) == (
        (Generate(Settings("a bear", sampler="unipc")),),
        (),
    )


def test_drafts_of_killed_writers_are_cleared_away(tmp_path: Path) -> None:
    queue_file.write(tmp_path / "queue.json", WAITING)
    old, young = tmp_path / ".0f.part", tmp_path / ".1f.part"
    for draft in (old, young):
        draft.write_bytes(b"{")
    os.utime(old, (1e9, 1e9))
    assert queue_file.read(tmp_path / "queue.json", tmp_path) == (WAITING, ())
    assert sorted(each.name for each in tmp_path.iterdir()) == [".1f.part", "queue.json"]


def test_pictures_to_start_from_come_back_or_are_said_to_be_gone(tmp_path: Path) -> None:
    given = Inputs(np.arange(48, dtype=np.uint8).reshape(4, 4, 3), np.eye(4, dtype=np.uint8) * 255)
    request = Generate(given.named(Settings("x")), inputs=given)
    file, kept = tmp_path / "queue.json", tmp_path / "inputs"
    inputs.keep(given, kept)
    queue_file.write(file, (request,))
    ((found,), problems) = queue_file.read(file, kept)
    assert problems == () and found.inputs is not None and found.inputs.mask is not None
    assert (found.inputs.source == given.source).all()
    assert (found.inputs.mask == given.mask).all()
    for picture in kept.iterdir():
        picture.unlink()
    found_again, problems = queue_file.read(file, kept)
    assert found_again == () and "made from" in problems[0]


def test_damaged_inputs_are_not_taken(tmp_path: Path) -> None:
    given = Inputs(np.zeros((4, 4, 3), np.uint8))
    settings = given.named(Settings("x"))
    inputs.keep(given, tmp_path)
    other = Inputs(np.ones((4, 4, 3), np.uint8))
    inputs.keep(other, tmp_path)
    names = [each.named(settings).source for each in (given, other)]
    (tmp_path / f"{names[1]}.png").replace(tmp_path / f"{names[0]}.png")
    with pytest.raises(DataError):
        inputs.find(settings, tmp_path)
    for name in ("../../etc/passwd", "0" * 63, "g" * 64):
        with pytest.raises(DataError):
            inputs.find(Settings("x", source=name), tmp_path)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        inputs.keep(Inputs(np.zeros((2, 2, 3), np.uint8)), tmp_path / "file" / "inputs")
    with pytest.raises(OutputError):
        queue_file.write(tmp_path / "file" / "queue.json", WAITING)


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.floats(),
        lambda each: (
            st.lists(each)
            | st.dictionaries(
                st.sampled_from(
                    ["format", "requests", "settings", "count", "kept", "prompt", "seed", "steps"]
                )
                | st.text(),
                each,
            )
        ),
    )
)
def test_whatever_the_file_holds_it_is_read_or_said(tmp_path_factory, content: object) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path_factory.mktemp("queue") / "queue.json"
    for document in (
        content,
        {"format": 1, "requests": [content]},
        {"format": 1, "requests": content},
    ):
        file.write_text(json.dumps(document), encoding="ascii")
        found, problems = queue_file.read(file, file.parent)
        assert all(isinstance(each, Generate) for each in found)
        assert all(isinstance(each, str) for each in problems)


def test_lists_of_words(tmp_path: Path) -> None:
    (tmp_path / "colours.txt").write_text("\ufeffred\n\n# no\n  blue \n", encoding="utf-8")
    (tmp_path / "empty.txt").write_text("# nothing\n")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\xff")
    lines = word_lists.lines_in(tmp_path)
    assert lines("colours") == ("red", "blue")
    for name in ("empty", "bytes", "missing"):
        with pytest.raises(DataError):
            lines(name)
