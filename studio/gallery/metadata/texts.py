"""The texts that studios put inside pictures: chunks, EXIF, the lowest bits of the pixels; their
sizes are never trusted.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from studio.core.errors import DataError
from studio.pictures.chunks import MOST_TEXT, tidied

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "JXL")  # where Pillow can
MOST_PIXELS = 2**25  # that are decoded to look for hidden texts
EXIF_IFD, USER_COMMENT = 0x8769, 0x9286
MAKE_AND_BEFORE = range(0x10B, 0x111)  # where ComfyUI writes "prompt:{...}", "workflow:{...}"
PARAMETERS = "parameters"  # A1111's name in PNG files for what EXIF calls the user's comment


def texts_in(path: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """Every text by name, and a note on each that is too long. Raises DataError for no picture."""
    try:
        with _opened(path) as (image, notes):
            found = _exif(image) if image.format != "PNG" or "exif" in image.info else {}
            for name, value in image.info.items():
                if isinstance(name, str) and isinstance(value, str):
                    found[name] = _mended(value)
    except FileNotFoundError as error:
        raise DataError(f"{path.name} does not exist.") from error
    except Exception as error:  # Pillow's parsers raise nearly every kind for damaged files
        raise DataError(f"{path.name} cannot be read as a picture.") from error
    too_long = tuple(note for note in notes if note.startswith("Its text"))
    return {name: text for name, text in found.items() if len(text) <= MOST_TEXT}, too_long


def hidden_in(path: Path) -> dict[str, str]:
    """The texts that some studios write into the lowest bits of the pixels ("stealth")."""
    try:
        with _opened(path) as (image, _):
            lossless = image.format in ("PNG", "WEBP") and image.mode in ("RGB", "RGBA")
            if not lossless or image.width * image.height > MOST_PIXELS:
                return {}
            pixels = np.asarray(image)
        text = _in_bits(pixels[..., 3:], b"png") or _in_bits(pixels[..., :3], b"rgb")
    except Exception:  # damaged pixels hide nothing
        return {}
    return {PARAMETERS: text} if text else {}


def _in_bits(pixels: np.ndarray, kind: bytes) -> str:
    """Column after column: a name, the length in bits, then the text, compressed or not."""
    height, _, channels = pixels.shape
    if not channels:
        return ""

    def content(start: int, end: int) -> bytes:
        columns = pixels[:, : -(-end * 8 // (height * channels))]
        return np.packbits(columns.swapaxes(0, 1).reshape(-1) & 1).tobytes()[start:end]

    head = content(0, 19)
    length = int.from_bytes(head[15:], "big") // 8
    if not head.startswith(b"stealth_" + kind) or length > min(pixels.size // 8, MOST_TEXT):
        return ""
    text = content(19, 19 + length)
    if head[11:15] == b"comp":
        text = zlib.decompressobj(31).decompress(text, MOST_TEXT)
    return text.decode("utf-8", "replace")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Image.Image, tuple[str, ...]]]:
    Image.init()
    formats = [each for each in FORMATS if each in Image.OPEN]
    with open(path, "rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # oddities that are read past
        tidy, notes = tidied(file)
        with Image.open(tidy, formats=formats) as image:
            yield image, notes


def _mended(text: str) -> str:
    """UTF-8 that was written where PNG wants Latin-1, as some studios do; else as it is."""
    if isinstance(text, PngImagePlugin.iTXt) or text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _exif(image: Image.Image) -> dict[str, str]:
    exif = image.getexif()
    found = {}
    for tag in MAKE_AND_BEFORE:
        value = exif.get(tag)
        if isinstance(value, str):
            name, colon, text = value.partition(":")
            if colon:
                found[name.strip()] = text.strip("\0")
    comment = exif.get_ifd(EXIF_IFD).get(USER_COMMENT)
    if isinstance(comment, str):
        found[PARAMETERS] = comment
    elif isinstance(comment, bytes) and len(comment) <= 2 * MOST_TEXT:
        found[PARAMETERS] = user_comment(comment)
    return found


def user_comment(value: bytes) -> str:
    """EXIF's user comment: eight bytes that name the characters' coding, then the characters.

    "UNICODE" is UTF-16, of either byte order: A1111 writes the high byte first, others last, and
    some write UTF-8 there, which has no zeros inside.
    """
    coding, text = value[:8], value[8:]
    if coding.startswith(b"UNICODE"):
        if 0 not in text.strip(b"\0"):
            with suppress(UnicodeDecodeError):
                return text.decode("utf-8").strip("\0")
        high_first = text[0::2].count(0) >= text[1::2].count(0)
        return text.decode("utf-16-be" if high_first else "utf-16-le", "replace").strip("\ufeff\0")
    if coding.startswith(b"ASCII") or coding == bytes(8):
        return text.decode("utf-8", "replace").strip("\0")
    return value.decode("utf-8", "replace").strip("\0")
