"""Pictures of every making read as they look; whatever is none ends in one sentence."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from studio.core.errors import DataError
from studio.pictures import reading as pictures
from studio.pictures.reading import _eight_bits, is_picture, pictures_in, read_picture


def colours(height: int = 20, width: int = 30) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * 12, columns * 8, 255 - rows * 6], -1).astype(np.uint8)


def deep_png(values: np.ndarray) -> bytes:
    """A 16-bit PNG (H, W, 1 grey, 2 with alpha, 3 colour or 4 with alpha), written by hand."""
    height, width, channels = values.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize(
    "suffix", ["png", "webp", "bmp", "tif", "ppm", "tga", "jpg", "avif", "gif"]
)
def test_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    lossy = {"webp": {"lossless": True}, "jpg": {"quality": 98, "subsampling": 0}}.get(suffix, {})
    Image.fromarray(colours()).save(path, **lossy)
    found = read_picture(path)
    assert found.name == path.name and found.alpha is None and found.notes == ()
    assert found.pixels.dtype == np.uint8
    off = np.abs(found.pixels.astype(int) - colours())
    assert off.max() <= (0 if suffix not in ("jpg", "avif", "gif") else 60)
    assert off.mean() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path: Path, orientation: int) -> None:
    upright = colours()
    # What a camera stores so that the viewer's turn gives the upright picture (EXIF 2.3, 4.6.4.A).
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / "turned.png"
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif)
    found = read_picture(path)
    np.testing.assert_array_equal(found.pixels, upright)
    assert bool(found.notes) == (orientation > 1)


@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 0), (10, 200, 30)])
def test_straight_alpha_over_the_ground(tmp_path: Path, ground: tuple[int, int, int]) -> None:
    rgba = np.dstack([colours(), (np.mgrid[:20, :30][1] * 8).astype(np.uint8)])
    Image.fromarray(rgba).save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png", ground)
    share = rgba[..., 3:] / 255.0
    expected = rgba[..., :3] * share + np.array(ground) * (1 - share)
    assert np.abs(found.pixels - expected).max() <= 0.51
    assert found.alpha is not None
    np.testing.assert_array_equal(found.alpha, rgba[..., 3])
    assert "transparency" in found.notes[0]


def test_no_colour_from_under_transparent_pixels(tmp_path: Path) -> None:
    rgba = np.zeros((8, 8, 4), np.uint8)
    rgba[..., 0] = 255  # red, none of it visible
    Image.fromarray(rgba).save(tmp_path / "a.png")
    assert bool((read_picture(tmp_path / "a.png").pixels == 255).all())


def test_opaque_alpha_is_none(tmp_path: Path) -> None:
    Image.fromarray(np.dstack([colours(), np.full((20, 30), 255, np.uint8)])).save(
        tmp_path / "a.png"
    )
    found = read_picture(tmp_path / "a.png")
    assert found.alpha is None and found.notes == ()


def test_palette_with_a_transparent_entry(tmp_path: Path) -> None:
    image = Image.new("P", (4, 2), 1)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((0, 0), 0)
    image.save(tmp_path / "p.png", transparency=0)
    found = read_picture(tmp_path / "p.png")
    assert tuple(found.pixels[0, 0]) == (255, 255, 255) and tuple(found.pixels[1, 3]) == (
        200,
        100,
        50,
    )
    assert found.alpha is not None and found.alpha[0, 0] == 0 and found.alpha[1, 3] == 255


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "RGBA", "YCbCr", "LAB"])
def test_modes(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGB", (6, 5), (255, 255, 255))
    if mode == "LAB":
        image = Image.new("LAB", (6, 5), (255, 128, 128))
    image.convert(mode).save(tmp_path / "a.tif")
    found = read_picture(tmp_path / "a.tif")
    assert found.pixels.shape == (5, 6, 3)
    if mode != "LAB":
        assert bool((found.pixels == 255).all())


@pytest.mark.parametrize("mode", ["CMYK", "L", "1"])
def test_jpeg_and_one_bit(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.png" if mode == "1" else "a.jpg")
    image = Image.new("RGB", (16, 16), (255, 255, 255))
    image.paste((0, 0, 0), (0, 0, 8, 16))
    image.convert(mode).save(path)
    found = read_picture(path).pixels
    assert found[:, :7].max() < 12 and found[:, 9:].min() > 243


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path, channels: int) -> None:
    ramp = np.linspace(0, 65535, 400).astype(np.uint16).reshape(20, 20)
    values = np.stack([ramp] * channels, -1)
    if channels in (2, 4):
        values[..., -1] = 65535
    (tmp_path / "deep.png").write_bytes(deep_png(values))
    found = read_picture(tmp_path / "deep.png")
    assert np.abs(found.pixels - ramp[..., None] / 257.0).max() <= 1.0
    assert len(np.unique(found.pixels)) > 250 and found.notes


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_deep_grey_tiff(tmp_path: Path, dtype: type) -> None:
    ramp = np.linspace(0, 1, 400).reshape(20, 20)
    values = (ramp if dtype is np.float32 else ramp * 65535).astype(dtype)
    Image.fromarray(values).save(tmp_path / "deep.tif")
    found = read_picture(tmp_path / "deep.tif")
    assert np.abs(found.pixels - ramp[..., None] * 255).max() <= 0.51


def test_deep_grey_needs_little_more_memory_than_its_values(tmp_path: Path) -> None:
    values = np.arange(4_000_000, dtype=np.uint16).reshape(2000, 2000)
    image = Image.fromarray(values)
    tracemalloc.start()
    scaled, _ = _eight_bits(image, [])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * values.nbytes
    assert np.abs(np.asarray(scaled) - values / 257).max() <= 0.51


def test_floats_beyond_one_and_no_numbers(tmp_path: Path) -> None:
    values = np.array([[-2.0, 0.0], [np.nan, 6.0]], np.float32)
    Image.fromarray(values).save(tmp_path / "f.tif")
    found = read_picture(tmp_path / "f.tif")
    np.testing.assert_array_equal(found.pixels[..., 0], [[0, 64], [0, 255]])
    assert len(found.notes) == 2
    Image.fromarray(np.full((2, 2), np.inf, np.float32)).save(tmp_path / "f.tif")
    assert not read_picture(tmp_path / "f.tif").pixels.any()


def test_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for suffix in ("gif", "webp", "png"):
        path = tmp_path / f"a.{suffix}"
        frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
        found = read_picture(path)
        assert found.pixels[4, 4, 0] > 240 > 15 > found.pixels[4, 4, 2]
        assert found.notes == ("Only the first frame is used.",)


def test_colour_profiles(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = Image.fromarray(colours())
    plain.save(tmp_path / "a.png", icc_profile=srgb)
    found = read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(found.pixels, colours())
    assert found.notes == ()
    plain.save(tmp_path / "a.png", icc_profile=b"not a profile")
    found = read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(found.pixels, colours())
    assert found.notes == ("Its colour profile could not be used.",)
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB", 5000)).tobytes()
    Image.new("LAB", (4, 4), (128, 128, 128)).save(tmp_path / "a.tif", icc_profile=lab)
    found = read_picture(tmp_path / "a.tif")
    assert np.ptp(found.pixels.astype(int)) <= 3 and abs(int(found.pixels[0, 0, 0]) - 119) <= 3
    assert "to sRGB" in found.notes[0]


def linear_profile() -> bytes:
    """sRGB's primaries with a straight tone curve: an ICC profile of version 2, written by hand."""

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    white = (0.9642, 1.0, 0.8249)
    primaries = ((0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
    curve = b"curv\0\0\0\0" + struct.pack(">I", 0)
    parts = {b"desc": b"desc" + bytes(4) + struct.pack(">I", 9) + b"Straight\0" + bytes(79)}
    parts |= {b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": b"XYZ \0\0\0\0" + fixed(*white)}
    for name, primary in zip(b"rgb", primaries, strict=True):
        parts[bytes([name]) + b"XYZ"] = b"XYZ \0\0\0\0" + fixed(*primary)
        parts[bytes([name]) + b"TRC"] = curve
    table, body = struct.pack(">I", len(parts)), b""
    for tag, data in parts.items():
        table += tag + struct.pack(">II", 132 + 12 * len(parts) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = 128 + len(table) + len(body)
    head = struct.pack(">I4xI4s4s4s", size, 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + fixed(*white)
    return head + bytes(128 - len(head)) + table + body


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_a_straight_tone_curve_becomes_srgbs(tmp_path: Path, mode: str) -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(ramp).convert(mode).save(tmp_path / "a.png", icc_profile=linear_profile())
    found = read_picture(tmp_path / "a.png")
    v = ramp[..., None] / 255
    expected = np.where(v <= 0.0031308, 12.92 * v, 1.055 * v ** (1 / 2.4) - 0.055)  # IEC 61966-2-1
    assert np.abs(found.pixels - expected * 255).max() <= 1
    assert found.notes == ("Its colours were converted from Straight to sRGB.",)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "I;16"])
def test_one_pixel(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (1, 1), 0).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").pixels.shape == (1, 1, 3)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "bmp"])
def test_truncated(tmp_path: Path, suffix: str) -> None:
    whole = tmp_path / f"whole.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(whole)
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(DataError, match=rf"^cut\.{suffix} is .*read\.$"):
        read_picture(cut)


def test_what_is_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    for name, words in (
        ("text.png", "not a picture"),
        ("empty.png", "empty"),
        ("folder.png", "is a folder"),
        ("missing.png", "does not exist"),
        ("missing\0.png", "cannot be read|does not exist"),
    ):
        with pytest.raises(DataError, match=words) as caught:
            read_picture(tmp_path / name)
        assert name in str(caught.value) and "\n" not in str(caught.value)

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(DataError, match=r"^text\.png cannot be read: you have no permission\.$"):
        read_picture(tmp_path / "text.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(DataError, match="not a file"):
        read_picture(tmp_path / "pipe.png")


@pytest.mark.parametrize("side", [9_600, 100_000])
def test_decompression_bomb(tmp_path: Path, side: int) -> None:
    path = tmp_path / "bomb.png"
    whole = deep_png(np.zeros((1, 1, 3), np.uint16))
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(whole[:12] + header + struct.pack(">I", zlib.crc32(header)) + whole[33:])
    with pytest.raises(DataError, match=r"bomb\.png has more than 89 million pixels"):
        read_picture(path)


def test_nothing_is_handed_to_an_interpreter(tmp_path: Path) -> None:
    (tmp_path / "a.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    with pytest.raises(DataError, match="not a picture"):
        read_picture(tmp_path / "a.eps")


def test_is_picture() -> None:
    assert is_picture(Path("a.PNG")) and is_picture(Path("b.jpeg"))
    assert not is_picture(Path("a.txt")) and not is_picture(Path("png"))


def test_pictures_in_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no pictures"):
        pictures_in(tmp_path)
    with pytest.raises(DataError, match="not a folder"):
        pictures_in(tmp_path / "missing")
    names = ("b.png", "a/c.JPG", "a/.d.png", ".e/f.png", "notes.txt", "a/b/g.webp")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [str(path.relative_to(tmp_path)) for path in pictures_in(tmp_path)]
    assert found == [str(Path(name)) for name in ("a/b/g.webp", "a/c.JPG", "b.png")]


def samples() -> list[tuple[str, bytes]]:
    found = []
    exif = Image.Exif()
    exif[274] = 6
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for suffix in ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"):
        out = io.BytesIO()
        image = Image.fromarray(colours())
        extra = {"exif": exif, "icc_profile": srgb} if suffix in ("PNG", "JPEG", "WEBP") else {}
        image.save(out, suffix, **extra)
        found.append((suffix, out.getvalue()))
    found.append(("PNG", deep_png(np.full((4, 4, 1), 700, np.uint16))))
    return found


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(samples()),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
    st.floats(0, 1),
)
def test_damaged_bytes_give_a_picture_or_a_sentence(
    tmp_path: Path, sample: tuple[str, bytes], changes: list[tuple[float, int]], kept: float
) -> None:
    data = bytearray(sample[1])
    for where, value in changes:
        data[int(where**3 * len(data))] = value  # mostly in the headers
    path = tmp_path / "mutated.png"
    path.write_bytes(bytes(data[: int((1 - kept**4) * len(data)) + 1]))
    try:
        found = read_picture(path)
    except DataError as error:
        sentence = str(error)
    else:
        sentence = found.name + " was read"
        assert found.pixels.dtype == np.uint8 and found.pixels.shape[2:] == (3,)
        assert found.pixels.size
        assert found.alpha is None or found.alpha.shape == found.pixels.shape[:2]
    assert sentence.startswith("mutated.png ")


def test_the_bound_is_not_above_pillows() -> None:
    assert Image.MAX_IMAGE_PIXELS is not None
    assert pictures.MOST_PIXELS <= Image.MAX_IMAGE_PIXELS
