"""PNG files made ready for Pillow, which sees a text after the pixels only once these are decoded
and refuses a whole picture for one long text or profile.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PACKED = 2**20  # bytes that Pillow unpacks of one compressed chunk
MOST_TEXT = 2**23  # bytes of one text; the largest workflows known have a tenth
MOST_TEXTS = 2**25  # of all of them
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
BESIDE_PIXELS = (*TEXTS, b"iCCP", b"eXIf")  # what is read here


@dataclass(frozen=True)
class Chunk:
    """Where it lies in the file; `whole` is all of it if it was read, b"" to leave it out."""

    kind: bytes
    start: int
    end: int
    whole: bytes | None = None


def tidied(file: BinaryIO) -> tuple[BinaryIO, tuple[str, ...]]:
    """The same file if it is no PNG or needs nothing; else one in memory, all its texts before its
    pixels and unpacked where they are long. What is too large is left out, with a note on each."""
    file.seek(0)
    found = list(_chunks(file)) if file.read(len(SIGNATURE)) == SIGNATURE else []
    notes: list[str] = []
    fit = list(_fitting(found, notes))
    first = next((i for i, each in enumerate(fit) if each.kind == b"IDAT"), len(fit))
    late = [each for each in fit[first:] if each.whole is not None]
    file.seek(0)
    if fit == found and not late:
        return file, ()
    others = [each for each in fit[first:] if each.whole is None]
    return _written(file, [*fit[:first], *late, *others]), tuple(dict.fromkeys(notes))


def _chunks(file: BinaryIO) -> Iterator[Chunk]:
    """Every whole chunk; what is cut short is none."""
    at, end = file.tell(), file.seek(0, io.SEEK_END)
    while at + 12 <= end:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        after = at + 12 + length
        if after > end:
            return
        whole = None
        if kind in BESIDE_PIXELS:
            file.seek(at)
            whole = file.read(12 + length)
        yield Chunk(kind, at, after, whole)
        at = after


def _fitting(chunks: Iterable[Chunk], notes: list[str]) -> Iterator[Chunk]:
    """None of them too large for Pillow."""
    room = MOST_TEXTS
    for chunk in chunks:
        body = (chunk.whole or b"")[8:-4]
        name = body.partition(b"\0")[0]
        if chunk.kind == b"iCCP" and _unpacked(body[len(name) + 2 :], PACKED) is None:
            notes.append("Its colour profile was left out: it is larger than 1 MB.")
            chunk = replace(chunk, whole=b"")
        elif chunk.kind in TEXTS:
            whole, length = _text(chunk, min(MOST_TEXT, room))
            room -= length
            if not whole:
                label = name[:79].decode("latin-1")
                notes.append(f"Its text '{label}' was left out: it is too long.")
            chunk = replace(chunk, whole=whole)
        yield chunk


def _text(chunk: Chunk, most: int) -> tuple[bytes, int]:
    """(the chunk, not compressed where Pillow would not unpack it, its text's length)."""
    whole = chunk.whole or b""
    kind, head, packed = _parted(chunk.kind, whole[8:-4])
    if not packed:
        return (whole, len(whole)) if len(whole) <= most else (b"", 0)
    text = _unpacked(packed, most)
    if text is None:
        return b"", 0
    sound = zlib.crc32(whole[4:-4]) == int.from_bytes(whole[-4:], "big")
    if len(text) <= PACKED or not sound:
        return whole, len(text)
    content = kind + head + text
    length, check = len(content) - 4, zlib.crc32(content)
    return b"".join((length.to_bytes(4, "big"), content, check.to_bytes(4, "big"))), len(text)


def _parted(kind: bytes, body: bytes) -> tuple[bytes, bytes, bytes]:
    """(kind, what goes before the text, the compressed text); nothing compressed in most."""
    name, _, rest = body.partition(b"\0")
    if kind == b"zTXt":
        return b"tEXt", name + b"\0", rest[1:]
    if kind == b"iTXt" and rest[:1] not in (b"", b"\0"):
        language, _, rest = rest[2:].partition(b"\0")
        translated, _, packed = rest.partition(b"\0")
        return kind, name + b"\0\0\0" + language + b"\0" + translated + b"\0", packed
    return kind, b"", b""


def _unpacked(packed: bytes, most: int) -> bytes | None:
    """None beyond `most` bytes; what is damaged is left to Pillow."""
    try:
        text = zlib.decompressobj().decompress(packed, most + 1)
    except zlib.error:
        return b""
    return text if len(text) <= most else None


def _written(file: BinaryIO, chunks: Iterable[Chunk]) -> BinaryIO:
    tidy, last = io.BytesIO(SIGNATURE), 0
    tidy.seek(0, io.SEEK_END)
    for chunk in chunks:
        last = max(last, chunk.end)
        if chunk.whole is None:
            file.seek(chunk.start)
        tidy.write(file.read(chunk.end - chunk.start) if chunk.whole is None else chunk.whole)
    file.seek(last)
    tidy.write(file.read())  # what was cut short
    tidy.seek(0)
    return tidy
