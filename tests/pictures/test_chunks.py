"""PNG files that Pillow alone would refuse, or whose texts it would not see."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from studio.core.errors import DataError
from studio.pictures.chunks import MOST_TEXT, MOST_TEXTS, PACKED, tidied
from studio.pictures.reading import read_picture

PIXELS = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)


def chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body).to_bytes(4, "big")
    return len(body).to_bytes(4, "big") + kind + body + check


def with_chunks(*chunks: bytes, late: bool = False, **saved: object) -> bytes:
    """A PNG of PIXELS, these chunks before or after its pixels."""
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "PNG", **saved)
    whole = file.getvalue()
    at = len(whole) - 12 if late else 33
    return whole[:at] + b"".join(chunks) + whole[at:]


def opened(content: bytes) -> tuple[Image.Image, tuple[str, ...]]:
    tidy, notes = tidied(io.BytesIO(content))
    return Image.open(tidy), notes


def test_a_file_that_needs_nothing_is_itself() -> None:
    for content in (with_chunks(chunk(b"tEXt", b"a\0b")), b"", b"GIF89a", b"\x89PNG\r\n\x1a\n"):
        file = io.BytesIO(content)
        assert tidied(file) == (file, ())
        assert file.tell() == 0


def test_texts_after_the_pixels_are_seen_without_decoding_these() -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker"
    late = (
        chunk(b"tEXt", b"a\0b"),
        chunk(b"iTXt", b"c\0\0\0\0\0d"),
        chunk(b"eXIf", exif.tobytes()[6:]),
    )
    image, notes = opened(with_chunks(*late, late=True))
    assert (image.info["a"], image.info["c"], notes) == ("b", "d", ())
    assert image.getexif()[0x010F] == "maker"
    assert np.array_equal(np.asarray(image), PIXELS)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
def test_a_long_compressed_text_is_whole(kind: bytes, late: bool) -> None:
    text = "é" * PACKED
    coded = text.encode("latin-1" if kind == b"zTXt" else "utf-8")
    head = b"long\0\0" if kind == b"zTXt" else b"long\0\1\0en\0lang\0"
    image, notes = opened(with_chunks(chunk(kind, head + zlib.compress(coded)), late=late))
    assert (image.info["long"], notes) == (text, ())
    assert np.array_equal(np.asarray(image), PIXELS)


def test_what_is_too_large_is_left_out_with_a_note(tmp_path: Path) -> None:
    endless = zlib.compress(bytes(MOST_TEXT + 1))
    path = tmp_path / "a.png"
    path.write_bytes(
        with_chunks(
            chunk(b"zTXt", b"packed\0\0" + endless),
            chunk(b"tEXt", b"plain\0" + bytes(MOST_TEXT)),
            chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(PACKED + 1))),
        )
    )
    found = read_picture(path)
    assert np.array_equal(found.pixels, PIXELS)
    assert found.notes == (
        "Its text 'packed' was left out: it is too long.",
        "Its text 'plain' was left out: it is too long.",
        "Its colour profile was left out: it is larger than 1 MB.",
    )


def test_many_long_texts_are_bounded_together() -> None:
    packed = zlib.compress(bytes(MOST_TEXT - 100))
    image, notes = opened(with_chunks(*(chunk(b"zTXt", b"%d\0\0" % i + packed) for i in range(40))))
    kept = [text for text in image.info.values() if isinstance(text, str)]
    assert 3 <= len(kept) <= MOST_TEXTS // (MOST_TEXT - 100)
    assert len(notes) == 40 - len(kept)
    assert np.array_equal(np.asarray(image), PIXELS)


def test_a_long_text_with_a_wrong_checksum_is_still_damage(tmp_path: Path) -> None:
    whole = bytearray(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(PACKED + 1))))
    whole[-1] ^= 1
    (tmp_path / "a.png").write_bytes(with_chunks(bytes(whole)))
    with pytest.raises(DataError, match="damaged"):
        read_picture(tmp_path / "a.png")


def test_compressed_texts_of_pillow_itself_stay_as_they_are() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("a", "b" * 5000, zip=True)
    info.add_itxt("c", "d" * 5000, zip=True)
    content = with_chunks(pnginfo=info)
    file = io.BytesIO(content)
    assert tidied(file)[0] is file
