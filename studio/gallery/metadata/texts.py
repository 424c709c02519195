"""The texts that studios put inside pictures: PNG chunks and EXIF, never trusting their sizes.

Must not import Qt or torch.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, PngImagePlugin

from studio.core.errors import DataError

MOST_CHARACTERS = 2**23  # of one text; the largest workflows known have a tenth
EXIF_IFD, USER_COMMENT = 0x8769, 0x9286
MAKE_AND_BEFORE = range(0x10B, 0x111)  # where ComfyUI writes "prompt:{...}", "workflow:{...}"
PARAMETERS = "parameters"  # A1111's name in PNG files for what EXIF calls the user's comment


def texts_in(path: Path) -> dict[str, str]:
    """Every text that is not too long, by name. Raises DataError if it is no picture."""
    try:
        with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as image:
            found = _exif(image) if image.format != "PNG" or "exif" in image.info else {}
            for name, value in image.info.items():
                if isinstance(name, str) and isinstance(value, str):
                    found[name] = _mended(value)
    except FileNotFoundError as error:
        raise DataError(f"{path.name} does not exist.") from error
    except Exception as error:  # Pillow's parsers raise nearly every kind for damaged files
        raise DataError(f"{path.name} cannot be read as a picture.") from error
    return {name: text for name, text in found.items() if len(text) <= MOST_CHARACTERS}


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
    elif isinstance(comment, bytes) and len(comment) <= 2 * MOST_CHARACTERS:
        found[PARAMETERS] = user_comment(comment)
    return found


def user_comment(value: bytes) -> str:
    """EXIF's user comment: eight bytes that name the characters' coding, then the characters.

    "UNICODE" is UTF-16, of either byte order: A1111 writes the high byte first, others last.
    """
    coding, text = value[:8], value[8:]
    if coding.startswith(b"UNICODE"):
        high_first = text[0::2].count(0) >= text[1::2].count(0)
        return text.decode("utf-16-be" if high_first else "utf-16-le", "replace").strip("\ufeff\0")
    if coding.startswith(b"ASCII") or coding == bytes(8):
        return text.decode("utf-8", "replace").strip("\0")
    return value.decode("utf-8", "replace").strip("\0")
