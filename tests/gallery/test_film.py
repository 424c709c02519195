"""Films read back by Pillow and FFmpeg: how many frames, how long, how large, which colours."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from studio.core.errors import Cancelled, OutputError, UsageError
from studio.gallery import film
from studio.gallery.film import durations, ping_pong, write_film

ENDINGS = (".webp", ".gif", ".mp4")


def frame(share: float, height: int = 48, width: int = 64) -> np.ndarray:
    """A soft gradient that moves, as (H, W, 3) uint8."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    channels = (x, (y + share) % 1.0 * 0.2 + share * 0.8, 1.0 - x * share)
    return np.stack([np.clip(c, 0, 1) * 255 for c in channels], axis=-1).astype(np.uint8)


FRAMES = tuple(frame(k / 11) for k in range(12))


def read(path: Path) -> tuple[list[np.ndarray], float]:
    """The frames and how many seconds they last."""
    if path.suffix == ".mp4":
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            seconds = float((stream.duration or 0) * (stream.time_base or 0))
            return [each.to_ndarray(format="rgb24") for each in container.decode(stream)], seconds
    frames, milliseconds = [], 0
    with Image.open(path) as image:
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            frames.append(np.asarray(image.convert("RGB")))
            milliseconds += image.info["duration"]
    return frames, milliseconds / 1000.0


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("fps", [0.5, 7.0, 24.0])
def test_every_frame_is_there_for_its_time(ending: str, fps: float, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / f"walk{ending}"
    write_film(path, iter(FRAMES), fps)
    frames, seconds = read(path)
    assert len(frames) == len(FRAMES)
    assert seconds == pytest.approx(len(FRAMES) / fps, abs=0.006)
    for found, wanted in zip(frames, FRAMES, strict=True):
        assert found.shape == wanted.shape
        assert np.abs(found.astype(float) - wanted).mean() < (
            8.0 if ending == ".gif" else 5.0
        )  # 256 colours, dithered
        assert np.abs((found.astype(float) - wanted).mean((0, 1))).max() < 2.0
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("size", [(1, 1), (33, 64), (64, 33), (35, 37)])
def test_odd_sizes_lose_nothing(ending: str, size: tuple[int, int], tmp_path: Path) -> None:
    path, (height, width) = tmp_path / f"walk{ending}", size
    write_film(path, [frame(0.2, *size), frame(0.9, *size)], 10.0)
    first, _ = read(path)[0]
    if ending == ".mp4":
        assert first.shape == (height + height % 2, width + width % 2, 3)
    else:
        assert first.shape == (height, width, 3)
    assert np.abs(first[:height, :width].astype(float) - frame(0.2, *size)).mean() < 6.0


@pytest.mark.parametrize("loop", [True, False])
def test_the_loop_is_the_callers_choice(loop: bool, tmp_path: Path) -> None:
    for ending, for_ever, once in ((".webp", 0, 1), (".gif", 0, None)):
        write_film(tmp_path / f"walk{ending}", FRAMES, 10.0, loop=loop)
        with Image.open(tmp_path / f"walk{ending}") as image:
            assert image.info.get("loop") == (for_ever if loop else once)


def test_an_mp4_is_what_every_player_knows_and_its_colours_are_marked(tmp_path: Path) -> None:
    """BT.709's luma by hand: 16 + 219 (0.2126 R + 0.7152 G + 0.0722 B)."""
    path = tmp_path / "colours.mp4"
    colours = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)], dtype=np.uint8)
    write_film(path, [np.broadcast_to(each, (32, 32, 3)) for each in colours], 4.0, quality=100)
    with av.open(str(path)) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")
        assert (codec.colorspace, codec.color_range) == (1, 1)
        lumas = [float(each.to_ndarray()[:32].mean()) for each in container.decode(video=0)]
    wanted = 16 + 219 * (colours / 255.0) @ (0.2126, 0.7152, 0.0722)
    np.testing.assert_allclose(lumas, wanted, atol=1.0)
    moov, mdat = (path.read_bytes().index(box) for box in (b"moov", b"mdat"))
    assert moov < mdat  # plays before it has arrived as a whole


def test_a_gif_has_one_palette_so_that_nothing_flickers(tmp_path: Path) -> None:
    """What stays the same is the same in every frame, dither and all, wherever it lies."""
    frames = [each.copy() for each in FRAMES]
    for each in frames:
        each[20:40, 30:60] = FRAMES[0][20:40, 30:60]
    write_film(tmp_path / "walk.gif", frames, 10.0)
    found, _ = read(tmp_path / "walk.gif")
    assert len(found) == len(frames)
    assert all(np.array_equal(each[20:40, 30:60], found[0][20:40, 30:60]) for each in found)
    colours = np.unique(np.concatenate([each.reshape(-1, 3) for each in found]), axis=0)
    assert 100 < len(colours) <= 256


@pytest.mark.parametrize("ending", [".webp", ".mp4"])
def test_quality_is_size_and_closeness(ending: str, tmp_path: Path) -> None:
    noisy = np.random.default_rng(0).integers(0, 256, (6, 48, 64, 3), dtype=np.uint8)
    sizes, errors = [], []
    for quality in (10, 50, 100):
        path = tmp_path / f"{quality}{ending}"
        write_film(path, noisy, 10.0, quality=quality)
        sizes.append(path.stat().st_size)
        errors.append(np.abs(read(path)[0][0].astype(float) - noisy[0]).mean())
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1]
    assert errors == sorted(errors, reverse=True) and errors[0] > errors[-1]


@pytest.mark.parametrize("ending", ENDINGS)
def test_frames_that_stand_still_last_as_long(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"still{ending}"
    write_film(path, [FRAMES[0]] * 5 + [FRAMES[11]] * 5, 10.0)
    frames, seconds = read(path)
    assert seconds == pytest.approx(1.0, abs=0.006)
    assert np.abs(frames[-1].astype(float) - FRAMES[11]).mean() < 5.0


@given(st.integers(1, 300), st.floats(0.1, 60.0), st.sampled_from([0.01, 0.001]))
def test_rounded_durations_never_drift(count: int, fps: float, unit: float) -> None:
    found = durations(count, fps, unit)
    assert len(found) == count
    for k in range(count + 1):
        assert sum(found[:k]) * unit == pytest.approx(k / fps, abs=0.5001 * unit)


def test_a_gif_is_never_faster_than_browsers_play_it(tmp_path: Path) -> None:
    write_film(tmp_path / "walk.gif", FRAMES, 60.0)
    assert read(tmp_path / "walk.gif")[1] == pytest.approx(12 / 50)


def test_there_and_back_sees_each_end_once_a_turn() -> None:
    assert ping_pong("abcd") == tuple("abcdcb")
    assert ping_pong("ab") == tuple("ab")
    assert ping_pong("a") == ("a",)
    assert ping_pong("") == ()


@pytest.mark.parametrize("name", ["walk.avi", "walk", "walk.png"])
def test_another_ending_is_an_output_error_that_names_the_known(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"\.webp, \.gif, \.mp4"):
        write_film(tmp_path / name, FRAMES, 10.0)
    assert list(tmp_path.iterdir()) == []


def test_numbers_that_make_no_sense_are_usage_errors(tmp_path: Path) -> None:
    for fps in (0.0, -1.0, 61.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="frames a second"):
            write_film(tmp_path / "a.gif", FRAMES, fps)
    for quality in (0, 101):
        with pytest.raises(UsageError, match="1 to 100"):
            write_film(tmp_path / "a.gif", FRAMES, 10.0, quality=quality)
    with pytest.raises(UsageError, match="at least one frame"):
        write_film(tmp_path / "a.gif", [], 10.0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_full_disk_leaves_the_older_film_whole(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"walk{ending}"
    write_film(path, FRAMES, 10.0)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        write_film(path, FRAMES[:3], 10.0)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == before


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_that_is_a_file_is_an_output_error(ending: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(OutputError, match="choose another folder"):
            write_film(folder / f"a{ending}", FRAMES, 10.0)
    (tmp_path / f"taken{ending}").mkdir()
    with pytest.raises(OutputError, match="choose another folder"):
        write_film(tmp_path / f"taken{ending}", FRAMES, 10.0)
    assert len(list(tmp_path.iterdir())) == 2


def test_what_ffmpeg_cannot_write_is_an_output_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise av.error.FFmpegError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(av, "open", full)
    with pytest.raises(OutputError, match="No space left"):
        write_film(tmp_path / "a.mp4", FRAMES, 10.0)


def test_without_pyav_or_its_codec_webp_is_recommended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film, "CODEC", "no-such-codec")
    with pytest.raises(OutputError, match=r"H\.264; save a \.webp"):
        write_film(tmp_path / "a.mp4", FRAMES, 10.0)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(OutputError, match=r"save a \.webp"):
        write_film(tmp_path / "a.mp4", FRAMES, 10.0)
    assert list(tmp_path.iterdir()) == []


def test_frames_that_are_cancelled_leave_no_trace(tmp_path: Path) -> None:
    def cancelled() -> Iterator[np.ndarray]:
        yield FRAMES[0]
        raise Cancelled

    with pytest.raises(Cancelled):
        write_film(tmp_path / "a.webp", cancelled(), 10.0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("ending", "most"), [(".webp", 16_383), (".gif", 65_535)])
def test_a_film_larger_than_its_format_allows_is_one_sentence(
    tmp_path: Path, ending: str, most: int
) -> None:
    wide = np.zeros((1, most + 1, 3), np.uint8)
    with pytest.raises(OutputError, match=f"at most {most:,} pixels a side, not {most + 1:,}"):
        write_film(tmp_path / f"a{ending}", [wide, wide], 10.0)
    write_film(tmp_path / f"a{ending}", [wide[:, :-1]], 10.0)
    assert [path.name for path in tmp_path.iterdir()] == [f"a{ending}"]


def test_an_encoder_that_fails_in_any_way_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (ValueError("encoding error 5"), RuntimeError("encoding error 5"), OSError()):
        monkeypatch.setitem(film.ENCODERS, ".webp", Mock(side_effect=error))
        with pytest.raises(OutputError, match="could not be written"):
            write_film(tmp_path / "a.webp", FRAMES, 10.0)
