"""Films of walks, trajectories and comparisons, WebP, GIF or MP4, written whole or not at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from PIL import Image

from studio.core.errors import OutputError, UsageError
from studio.core.files import saving

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.codeccontext import VideoCodecContext

FRAMES_A_SECOND = (0.1, 60.0)
#: Pixels a side that a format has room for; an MP4's are its encoder's affair.
LARGEST = {".webp": 16_383, ".gif": 65_535}
GIF_FRAMES_A_SECOND = 50.0  # a GIF counts hundredths of seconds, and browsers slow down below two
PALETTE_PIXELS = 2**17  # of all frames together, to choose a GIF's colours from
CODEC: Final = "h264"
BT709, LIMITED = 1, 1  # H.264's numbers for a film's colours and for luma from 16 to 235

Frames = tuple[np.ndarray, ...]
T = TypeVar("T")


#: Writes frames of one size to a new file: encode(path, frames, fps, loop, quality).
Encode = Callable[[Path, Frames, float, bool, int], None]


def write_film(
    path: Path, frames: Iterable[np.ndarray], fps: float, *, loop: bool = True, quality: int = 80
) -> None:
    """Writes frames (H, W, 3) uint8 of one size to `path`, replacing what is there; makes missing
    folders. The name's end says how: .webp, .gif or .mp4.

    fps: frames a second, 0.1 to 60 (a GIF's at most 50). loop: play for ever or once; an MP4
    cannot say, its player decides. quality: 1 to 100, nothing to a GIF, which has 256 colours.
    A film may show equal neighbours as one frame that lasts as long as both.
    Raises UsageError for numbers outside these; OutputError, and then leaves no trace: an older
    file of that name is still whole.
    """
    encode = check(path.name, fps, quality)
    kept = tuple(frames)
    if not kept:
        raise UsageError("a film needs at least one frame; make the frames first.")
    assert all(each.dtype == np.uint8 and each.shape == kept[0].shape for each in kept)
    assert kept[0].shape[2:] == (3,)
    _check_size(path, max(kept[0].shape))
    with saving(path) as draft:
        try:
            encode(draft, kept, fps, loop, quality)
        except (ValueError, RuntimeError) as error:  # encoders raise what they like
            raise OSError(str(error)) from error


def check(name: str, fps: float, quality: int = 80) -> Encode:
    """What writes such a film. Raises OutputError or UsageError, also before there are frames."""
    suffix = Path(name).suffix
    encode = ENCODERS.get(suffix.lower())
    if encode is None:
        raise OutputError(
            f"a film's name ends in {', '.join(ENCODERS)}, not {suffix!r}; rename {name}."
        )
    if encode is _mp4 and find_spec("av") is None:
        raise OutputError("an MP4 needs PyAV (pip install av); save a .webp instead.")
    low, high = FRAMES_A_SECOND
    if not low <= fps <= high:
        raise UsageError(f"a film has {low:g} to {high:g} frames a second, not {fps:g}.")
    if not 1 <= quality <= 100:
        raise UsageError(f"a film's quality is a number from 1 to 100, not {quality}.")
    return encode


def _check_size(path: Path, side: int) -> None:
    """Raises OutputError for frames that the format has no room for."""
    if side > (most := LARGEST.get(path.suffix.lower(), side)):
        raise OutputError(
            f"{path} could not be written: such a film has at most {most:,} pixels a side,"
            f" not {side:,}; choose another format or show fewer pictures."
        )


def write_steps(folder: Path, frames: Iterable[np.ndarray]) -> Path:
    """Writes frames (H, W, 3) uint8 as 0000.png, 0001.png, ... into a new folder, which appears
    once all are there. Raises OutputError, and then leaves no trace."""
    with saving(folder) as draft:
        draft.mkdir()
        for number, frame in enumerate(frames):
            Image.fromarray(frame).save(draft / f"{number:04d}.png", "PNG")
    return folder


def ping_pong(frames: Sequence[T]) -> tuple[T, ...]:
    """There and back: a loop without a jump, each end seen once a turn."""
    return *frames, *frames[-2:0:-1]


def durations(count: int, fps: float, unit: float) -> tuple[int, ...]:
    """Whole units (seconds each) that `count` frames are shown for: each ends at the unit nearest
    to where it should, so that rounding never adds up."""
    ends = [round(k / (fps * unit)) for k in range(count + 1)]
    return tuple(end - start for start, end in pairwise(ends))


def _webp(path: Path, frames: Frames, fps: float, loop: bool, quality: int) -> None:
    first, *others = map(Image.fromarray, frames)
    first.save(
        path,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=list(durations(len(frames), fps, 0.001)),
        loop=0 if loop else 1,  # 0 stands for ever
        quality=quality,
    )


def _gif(path: Path, frames: Frames, fps: float, loop: bool, quality: int) -> None:
    """One palette for all frames: colours of their own for each would flicker."""
    first, *others = _in_palette(frames, _palette(frames))
    hundredths = durations(len(frames), min(fps, GIF_FRAMES_A_SECOND), 0.01)
    repeat = {"loop": 0} if loop else {}  # without the mark a GIF plays once
    milliseconds = [10 * each for each in hundredths]
    first.save(path, "GIF", save_all=True, append_images=others, duration=milliseconds, **repeat)


def _in_palette(frames: Frames, palette: Image.Image) -> Iterator[Image.Image]:
    """Dithered; what stands still keeps its dots, wherever the dither's errors come from."""
    before, shown = None, np.empty(0, np.uint8)
    for each in frames:
        if each is not before:
            dithered = Image.fromarray(each).quantize(
                palette=palette, dither=Image.Dither.FLOYDSTEINBERG
            )
            fresh = np.asarray(dithered)
            if before is not None:
                fresh = np.where((each == before).all(-1), shown, fresh)
            before, shown = each, fresh
        image = Image.frombytes("P", (each.shape[1], each.shape[0]), shown.tobytes())
        image.putpalette(palette.getpalette() or [])
        yield image


def _palette(frames: Frames) -> Image.Image:
    """256 colours for what is to be seen in all frames."""
    pixels = sum(each.shape[0] * each.shape[1] for each in frames)
    stride = math.ceil(math.sqrt(pixels / PALETTE_PIXELS))
    seen = np.concatenate([each[::stride, ::stride].reshape(1, -1, 3) for each in frames], axis=1)
    return Image.fromarray(seen).quantize(256, Image.Quantize.MEDIANCUT, kmeans=1)


def _mp4(path: Path, frames: Frames, fps: float, loop: bool, quality: int) -> None:
    """H.264, 4:2:0 as every player wants it, in the colours of BT.709."""
    import av

    try:
        with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
            stream = container.add_stream(CODEC, rate=Fraction(fps).limit_denominator(1001))
            stream.pix_fmt = "yuv420p"
            stream.height, stream.width = _even(frames[0]).shape[:2]
            stream.options = {"crf": str(round(50 - 0.4 * quality))}  # 80: 18, hardly to be seen
            _mark_colours(stream.codec_context)
            for each in frames:
                picture = av.VideoFrame.from_ndarray(_even(each), format="rgb24")
                container.mux(stream.encode(_as_marked(picture)))
            container.mux(stream.encode())
    except av.codec.codec.UnknownCodecError as error:
        raise OutputError("this PyAV cannot write H.264; save a .webp instead.") from error
    except av.error.FFmpegError as error:
        raise OSError(error.errno, error.strerror) from error


def _mark_colours(codec: VideoCodecContext) -> None:
    """Unmarked, a small film is taken for BT.601 by some players and for BT.709 by others."""
    codec.colorspace = codec.color_primaries = codec.color_trc = BT709
    codec.color_range = LIMITED


def _as_marked(picture: VideoFrame) -> VideoFrame:
    return picture.reformat(format="yuv420p", dst_colorspace=BT709, dst_color_range=LIMITED)


def _even(frame: np.ndarray) -> np.ndarray:
    """4:2:0 halves both sides: an odd one gets its last row or column twice."""
    height, width = frame.shape[:2]
    return np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


ENCODERS: dict[str, Encode] = {".webp": _webp, ".gif": _gif, ".mp4": _mp4}
