"""Other people's pictures, whatever they are made of, as 8-bit sRGB; or one sentence why not."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from studio.core.errors import DataError
from studio.core.files import must_be_regular
from studio.core.sizes import Size
from studio.pictures import SUFFIXES
from studio.pictures.chunks import tidied

RUNS_PROGRAMS = ("EPS", "WMF")  # Pillow hands these to an interpreter; a picture must not run
BAND = 2**20  # values at a time in double precision: a large picture has many
MOST_PIXELS = 89_478_485  # Pillow's own bound, above which it suspects a decompression bomb
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
OVER_WHITE = ("Its transparency was laid over white.",)
UNREADABLE = (  # what Pillow raises for damaged files
    *(OSError, SyntaxError, ValueError, TypeError, IndexError, EOFError),
    *(struct.error, zlib.error, Image.DecompressionBombError),
)
LAYERED = ("PSD",)  # their further "frames" are the layers of the picture shown


@dataclass(frozen=True, eq=False)
class ReadPicture:
    """`pixels` (H, W, 3) uint8 sRGB, over the ground where the file was transparent.

    `alpha` (H, W) uint8 is the file's own, None where it has none or is opaque throughout.
    `notes`: sentences on what was done to the file's values.
    """

    name: str
    pixels: np.ndarray
    alpha: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def notes_for(self, size: Size) -> tuple[str, ...]:
        """The notes for who uses the middle in the shape of a size."""
        height, width = self.pixels.shape[:2]
        return (*self.notes, *size.cut(width, height))


def is_picture(path: Path) -> bool:
    """Whether the name says that this is a picture; the file is not opened."""
    return path.suffix.lower() in SUFFIXES


def pictures_in(folder: Path) -> tuple[Path, ...]:
    """Every picture in the folder and its subfolders, sorted; hidden ones are left out.

    Raises:
        DataError: no such folder, it cannot be read, or it holds no picture.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; choose one with pictures in it.")
    try:
        os.listdir(folder)
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {_reason(error)}.") from error
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in names if not name.startswith(".")]
    pictures = tuple(sorted(path for path in found if is_picture(path)))
    if not pictures:
        raise DataError(f"{folder} holds no pictures (PNG, JPEG, WebP and the like).")
    return pictures


def read_picture(path: Path, ground: tuple[int, int, int] = WHITE) -> ReadPicture:
    """The picture as it is meant to look: turned by its EXIF orientation, sRGB, 8 bits a channel.

    Of an animation the first frame. Deeper values are scaled, never clipped. Straight alpha is
    composited over `ground`, so no colour from under transparent pixels shows.

    Raises:
        DataError: missing, a folder, unreadable, empty, damaged, too large or no picture at all.
    """
    try:
        if path.is_dir():
            raise DataError(f"{path.name} is a folder; choose a picture in it.")
        if not path.exists():
            raise DataError(f"{path} does not exist.")
        if not path.is_file():
            raise DataError(f"{path.name} is not a file; choose a picture.")
        if not path.stat().st_size:
            raise DataError(f"{path.name} is empty; save it again.")
        file = path.open("rb")
    except (OSError, ValueError) as error:
        raise DataError(f"{path.name} cannot be read: {_reason(error)}.") from error
    with file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # oddities in metadata, that decoders read past
        return _read(file, path.name, ground)


def _reason(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "you have no permission"
    return (getattr(error, "strerror", None) or str(error)).rstrip(".")


def _read(file: io.BufferedReader, name: str, ground: tuple[int, int, int]) -> ReadPicture:
    try:
        tidy, left_out = tidied(file)
        image = _opened(tidy, name)
        notes = [*left_out, *["Only the first frame is used."] * _moves(image)]
        if ";16" in str(getattr(image, "tile", "")):
            notes.append("16 bits a channel were scaled to 8.")
        image.load()
        return _finished(image, name, ground, notes)
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(f"{name} is not a picture that can be read.") from error
    except Image.DecompressionBombError as error:
        raise DataError(_too_large(name)) from error
    except MemoryError as error:
        raise DataError(f"{name} does not fit into memory; make it smaller.") from error
    except Exception as error:  # decoders raise whatever they meet in a damaged file
        raise DataError(f"{name} is damaged or cut short and cannot be read.") from error


def _opened(file: BinaryIO, name: str) -> Image.Image:
    Image.init()
    image = Image.open(file, formats=[f for f in Image.OPEN if f not in RUNS_PROGRAMS])
    if image.width * image.height > MOST_PIXELS:
        raise DataError(_too_large(name))
    return image


def _too_large(name: str) -> str:
    return f"{name} has more than {MOST_PIXELS // 10**6} million pixels; make it smaller."


def _moves(image: Image.Image) -> bool:
    return bool(getattr(image, "is_animated", False)) and image.format not in LAYERED


def _finished(
    image: Image.Image, name: str, ground: tuple[int, int, int], notes: list[str]
) -> ReadPicture:
    """A loaded image through depth, colour, orientation and transparency."""
    profile = image.info.get("icc_profile")
    orientation = _orientation(image)
    image, alpha = _parted(image, notes)
    image = _in_srgb(image, profile, notes)
    if alpha is not None:
        under = Image.new("RGB", image.size, ground)
        under.paste(image, mask=alpha)
        image = under
        where = {WHITE: "white", BLACK: "black"}.get(ground, f"the colour {ground}")
        notes.append(f"Its transparency was laid over {where}.")
    if orientation is not None:
        notes.append("It was turned as its EXIF orientation says.")
        image = image.transpose(orientation)
        alpha = None if alpha is None else alpha.transpose(orientation)
    seen = None if alpha is None else _values(alpha)
    return ReadPicture(name, _values(image), seen, tuple(dict.fromkeys(notes)))


def _values(image: Image.Image) -> np.ndarray:
    """A band at a time: all of a large picture at once would hold Python's lock, and the window."""
    depth = len(image.getbands())
    made = np.empty((image.height, image.width, depth)[: 2 if depth == 1 else 3], np.uint8)
    for rows in _bands(made):
        stop = min(rows.stop, image.height)
        made[rows] = np.asarray(image.crop((0, rows.start, image.width, stop)))
    return made


def _orientation(image: Image.Image) -> Image.Transpose | None:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    try:
        return turns.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged metadata beside whole pixels
        return None


def _parted(image: Image.Image, notes: list[str]) -> tuple[Image.Image, Image.Image | None]:
    """The colours, in a mode of 8 bits without alpha; and the alpha, unless it is opaque."""
    if image.mode in ("F", "I") or image.mode.startswith("I;16"):
        return _eight_bits(image, notes)
    if not image.has_transparency_data:
        keep = image.mode in ("L", "RGB", "CMYK", "LAB")
        return image if keep else image.convert("RGB"), None
    image = image.convert("RGBA")
    alpha = image.getchannel("A")
    return image.convert("RGB"), alpha if alpha.getextrema()[0] != 255 else None


def _eight_bits(image: Image.Image, notes: list[str]) -> tuple[Image.Image, Image.Image | None]:
    """Deep grey values to 0 ... 255: the format's whole range, or from least to most where the
    format names none."""
    values = np.asarray(image)
    key = image.info.get("transparency")
    alpha = None
    if isinstance(key, int) and bool((values == key).any()):
        alpha = Image.fromarray(np.where(values == key, np.uint8(0), np.uint8(255)))
    low, high, whole = _range(values)
    if not whole:
        notes.append("Values that are no numbers became the least.")
    most = 1.0 if image.mode == "F" else _most(image)
    if low >= 0 and high <= most:
        low, high = 0.0, most
        notes.append(f"Its grey values (white is {most:g}) were scaled to 8 bits.")
    else:
        notes.append(f"Its values, {low:g} to {high:g}, were stretched to 8 bits.")
    scaled = np.empty(values.shape, np.uint8)
    for rows in _bands(values):
        band = values[rows].astype(np.float64)
        band[~np.isfinite(band)] = low
        band = (band / 2 - low / 2) / max(high / 2 - low / 2, 1e-300)  # halves: no overflow
        scaled[rows] = np.rint(band * 255)
    return Image.fromarray(scaled), alpha


def _range(values: np.ndarray) -> tuple[float, float, bool]:
    """The least and the largest number, and whether all values are numbers."""
    low, high, count = np.inf, -np.inf, 0
    for rows in _bands(values):
        numbers = values[rows][np.isfinite(values[rows])]
        count += numbers.size
        if numbers.size:
            low, high = min(low, float(numbers.min())), max(high, float(numbers.max()))
    return (low, high, count == values.size) if count else (0.0, 0.0, False)


def _bands(values: np.ndarray) -> Iterator[slice]:
    rows = max(1, BAND // values.shape[1])
    return (slice(at, at + rows) for at in range(0, len(values), rows))


def _most(image: Image.Image) -> float:
    """White of an integer format; Pillow keeps 12-bit TIFF in 16-bit words as it is."""
    depths = getattr(image, "tag_v2", {}).get(258, ())
    return 4095.0 if depths and depths[0] == 12 else 65535.0


def _in_srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """To RGB, through the file's colour profile if it has a usable one."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            title = ImageCms.getProfileDescription(source).strip()
            if image.mode == "L" and source.profile.xcolor_space.strip() == "RGB":
                image = image.convert("RGB")
            if image.mode == "RGB" and title.startswith("sRGB"):
                return image
            target = ImageCms.createProfile("sRGB")
            turned = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
            if turned is not None:
                notes.append(f"Its colours were converted from {title or 'its profile'} to sRGB.")
                return turned
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            notes.append("Its colour profile could not be used.")
    if image.mode in ("CMYK", "LAB"):
        notes.append(f"Its colours were converted from {image.mode}.")
    return image if image.mode == "RGB" else image.convert("RGB")


@contextmanager
def opened_png(path: Path) -> Iterator[Image.Image]:
    """A PNG of ours, whose texts are all known before its pixels are read. Raises DataError, also
    for what fails within: whoever loads or verifies the image need not ask again."""
    try:
        must_be_regular(path)
        with open(path, "rb") as file, Image.open(tidied(file)[0], formats=("PNG",)) as image:
            yield image
    except FileNotFoundError as error:
        raise DataError(f"{path.name} does not exist.") from error
    except UNREADABLE as error:
        raise DataError(f"{path.name} cannot be read as a PNG picture.") from error


def fitted_mask(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask (H, W) uint8, set above 127, cut in the middle and brought to (width, height): 255
    wherever any of what is set comes to lie, so that no fine stroke is lost, else 0."""
    shares = Image.fromarray((mask > 127).astype(np.float32))
    fitted = np.asarray(ImageOps.fit(shares, size, Image.Resampling.BOX))
    return np.where(fitted > 1e-6, 255, 0).astype(np.uint8)
