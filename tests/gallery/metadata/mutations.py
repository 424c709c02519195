"""Damaged settings and pictures, made from a seed; and a watch on what reading them costs."""

from __future__ import annotations

import contextlib
import io
import json
import random
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from studio.core.errors import DataError
from studio.core.settings import Settings
from studio.gallery import png
from studio.gallery.metadata import formats
from studio.gallery.metadata.found import Texts
from studio.pictures.reading import MOST_PIXELS
from tests.gallery.metadata.examples import (
    A1111,
    COMFYUI,
    DREAM,
    EASY,
    FOOOCUS,
    INVOKEAI,
    NOVELAI,
    OLD_INVOKEAI,
    SWARMUI,
)

DATA = Path(__file__).parent / "data"
MOST_SECONDS, MOST_BYTES = 2.0, 2**30
SIGNATURE = b"\x89PNG\r\n\x1a\n"

OWN = json.dumps(
    {"format": 1, "nfe": 1, "seconds": 1.0, "created": "", "settings": {"prompt": "a", "steps": 9}}
)
EXAMPLES: list[Texts] = [
    *({"parameters": text} for text in A1111.values()),
    *({"prompt": text} for text in COMFYUI.values()),
    *({"invokeai_metadata": text} for text in INVOKEAI.values()),
    {"sd-metadata": OLD_INVOKEAI},
    {"Dream": DREAM},
    {"parameters": json.dumps(FOOOCUS)},
    {"parameters": json.dumps({"sui_image_params": SWARMUI})},
    {"parameters": json.dumps(EASY)},
    EASY,
    NOVELAI,
    {"parameters": json.dumps(NOVELAI)},
    {png.CHUNK: OWN},
]
AWKWARD = ["\0", "\ud83e", '"', "\\", "{", "]", ":", ",", "\n", "9" * 500, "NaN", "-1", "null", "é"]


def mutated(text: str, chance: random.Random) -> str:
    """`text` with one to eight deletions, doublings, moves, swaps and awkward insertions."""
    for _ in range(chance.randint(1, 8)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((1, 1, 3, 20, 200)))
        piece = text[start:end]
        odd, any_character = chance.choice(AWKWARD), chr(chance.randrange(0x110000))
        changed = ("", piece * 2, piece[::-1], any_character, odd + piece, odd)
        text = text[:start] + chance.choice(changed) + text[end:]
    return text


def outcome(texts: Texts) -> bool:
    """Whether anything was read; anything but DataError flies."""
    read_any = False
    for each in formats():
        try:
            found = each.find(texts, ("studio-256",))
        except DataError:
            continue
        if found is not None:
            found.settings.check()
            assert all(len(note) < 700 and "\n" not in note for note in found.notes)
            read_any = True
    return read_any


def own_bytes(content: bytes) -> int:
    """What a picture is by itself: its file, and its pixels as a PNG's header has them."""
    if not content.startswith(SIGNATURE) or len(content) < 24:
        return len(content)
    width, height = struct.unpack(">II", content[16:24])
    return len(content) + (4 * width * height if width * height <= MOST_PIXELS else 0)


def pictures(folder: Path) -> list[bytes]:
    """Sound pictures of every format, with settings of every kind."""
    whole = [path.read_bytes() for path in sorted(DATA.iterdir())]
    png.write(folder / "own.png", np.zeros((40, 60, 3), np.uint8), Settings("a bear", seed=9))
    whole.append((folder / "own.png").read_bytes())
    exif = Image.Exif()
    exif[0x0110] = "prompt:" + COMFYUI["flux"]
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + A1111["1.10"].encode("utf-16-be")
    for kind in ("JPEG", "WEBP", "AVIF", "PNG"):
        file = io.BytesIO()
        Image.effect_noise((64, 48), 60).convert("RGB").save(file, kind, exif=exif)
        whole.append(file.getvalue())
    return whole


def mutated_picture(content: bytes, chance: random.Random) -> bytes:
    """Bytes changed anywhere; or, of a PNG, in chunks whose checksums are made right again."""
    if content.startswith(SIGNATURE) and chance.random() < 0.8:
        return _mutated_chunks(content, chance)
    return _mutated_bytes(content, chance)


def _mutated_bytes(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5))):
        if not changed:
            break
        start = chance.randrange(len(changed))
        end = start + chance.choice((1, 1, 4, 50))
        kind = chance.randrange(5)
        if kind == 0:
            changed[start] ^= 1 << chance.randrange(8)
        elif kind == 1:
            changed[start:end] = bytes(chance.randrange(256) for _ in range(end - start))
        elif kind == 2:
            del changed[start:end]
        elif kind == 3:
            changed[start:start] = changed[start:end]
        elif chance.random() < 0.3:
            del changed[start:]
    return bytes(changed)


def _mutated_chunks(content: bytes, chance: random.Random) -> bytes:
    chunks, at = [], len(SIGNATURE)
    while at + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        chunks.append((kind, content[at + 8 : at + 8 + length]))
        at += 12 + length
    for _ in range(chance.choice((1, 1, 2, 3))):
        place = chance.randrange(len(chunks))
        kind, body = chunks[place]
        what = chance.randrange(6)
        if what == 0 and kind == b"IHDR" and len(body) == 13:
            sides = struct.pack(">II", *(chance.choice((0, 1, 9000, 2**31)) for _ in "wh"))
            chunks[place] = (kind, sides + body[8:])
        elif what == 1:
            chunks.insert(chance.randint(1, len(chunks)), (kind, body))
        elif what == 2 and len(chunks) > 1:
            del chunks[place]
        elif what == 3:
            texts = (b"zTXt", b"iTXt", b"iCCP", b"tEXt")
            chunks.insert(chance.randint(1, len(chunks)), (chance.choice(texts), _bomb(chance)))
        else:
            chunks[place] = (kind, _mutated_bytes(body, chance))
    return SIGNATURE + b"".join(_chunk(*each) for each in chunks)


def _bomb(chance: random.Random) -> bytes:
    """A text or profile that unpacks to up to 100 MB, or that says it is compressed and is not."""
    packed = zlib.compress(bytes(chance.choice((10, 10**6, 2 * 10**6, 10**8))), 1)
    head = chance.choice((b"parameters\0\0", b"prompt\0\1\0\0\0", b"latent-studio\0", b"\0"))
    return head + chance.choice((packed, packed, b"not packed"))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@dataclass
class Watch:
    """The longest and the largest of what was done under `once`; the memory only on Linux."""

    seconds: float = 0.0
    bytes: int = 0
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"at most {self.seconds:.3f} s, {self.bytes / 2**20:.0f} MiB beyond its own size"

    @contextlib.contextmanager
    def once(self, what: str, own: int = 0) -> Iterator[None]:
        """`own` bytes are the picture's."""
        before = _peak(reset=True)
        start = time.process_time()
        yield
        seconds, used = time.process_time() - start, _peak() - before - own
        self.seconds, self.bytes = max(self.seconds, seconds), max(self.bytes, used)
        if seconds > MOST_SECONDS or used > MOST_BYTES:
            self.broken.append(f"{what}: {seconds:.2f} s, {used / 2**20:.0f} MiB")


def _peak(reset: bool = False) -> int:
    """The most memory this process has held since the last reset, in bytes."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])
