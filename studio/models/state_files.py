"""The tensors in a file of other people's weights: names and shapes first, values when asked for.

Reading names and shapes imports no torch. What is not a tensor is never unpickled.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core.errors import ModelError
from studio.core.files import must_be_regular

if TYPE_CHECKING:
    from torch import Tensor

Shapes = Mapping[str, tuple[int, ...]]

LARGEST_HEADER = 2**22  # bytes; that of a 12 B model is below one megabyte
LARGEST_PICKLE = 2**28  # bytes; TAESD's are below ten megabytes
SAID = 200  # characters of what a package says is wrong
MOST_BYTES = 2**50  # of anything: beyond any file
MOST_NUMBERS = 2**27  # in it: a few stored numbers may claim to be many
LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # how PyTorch's files began before 1.6
#: What a header that makes no sense raises.
DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)
WIDTHS = {b"HalfStorage": 2, b"BFloat16Storage": 2, b"DoubleStorage": 8}


@dataclass(frozen=True)
class _Header:
    shapes: Shapes
    expected: int  # the file's size in bytes


def header_shapes(path: Path) -> Shapes:
    """What a safetensors file says it holds, even if it is cut short; else nothing."""
    try:
        return _header(path).shapes
    except ModelError:
        return {}


def shapes(path: Path) -> Shapes:
    """Of the tensors in a whole safetensors file. Raises ModelError."""
    header, size = _header(path), path.stat().st_size
    if size != header.expected:
        raise ModelError(
            f"{path} is damaged or incomplete: it has {size} bytes, not {header.expected}."
        )
    return header.shapes


def count(shapes: Shapes) -> int:
    return sum(math.prod(shape) for shape in shapes.values())


def pickled_count(path: Path) -> int:
    """How many numbers a file of PyTorch's own format holds, without unpickling it."""
    try:
        with path.open("rb") as file:
            if file.read(len(LEGACY)) == LEGACY:
                return path.stat().st_size // 4
        with zipfile.ZipFile(path) as archive:
            stored = [i for i in archive.infolist() if i.filename.split("/")[1:2] == ["data"]]
            _must_be_stored(path, archive)
            width = next((w for name, w in WIDTHS.items() if name in _pickle(archive)), 4)
            return sum(item.file_size for item in stored) // width
    except Exception as error:  # a damaged archive fails in any way it likes
        raise damaged(path, error) from error


def pickle_mentions(path: Path, word: bytes) -> bool:
    """Whether a name occurs in a file of PyTorch's own format, without unpickling it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return word in _pickle(archive)
    except Exception:  # as above
        return False


def read(path: Path, names: Iterable[str] | None = None) -> dict[str, Tensor]:
    """These tensors (all by default), fp32, on the CPU. Raises ModelError naming the file.

    Files of PyTorch's own format go through its restricted unpickler, which makes tensors only.
    """

    from studio.models.weights import finite

    tensors = _pickled(path) if path.suffix != ".safetensors" else _stored(path, names)
    return {name: finite(path, name, tensor) for name, tensor in tensors.items()}


def _stored(path: Path, names: Iterable[str] | None) -> dict[str, Tensor]:
    from safetensors import SafetensorError, safe_open

    chosen = shapes(path) if names is None else names
    try:
        with safe_open(path, framework="pt", backend="pread") as file:
            return {name: file.get_tensor(name) for name in chosen}
    except (SafetensorError, OSError) as error:
        raise damaged(path, error) from error


def _pickled(path: Path) -> dict[str, Tensor]:
    import torch

    try:
        if path.stat().st_size > LARGEST_PICKLE:
            raise ModelError(f"{path} is too large for a tiny autoencoder.")
        check_archive(path)
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except ModelError:
        raise
    except Exception as error:  # a damaged pickle fails in any way it likes
        refused = f"{path} is refused: it is damaged or holds more than weights."
        raise ModelError(refused) from error
    if not isinstance(found, dict) or not all(map(is_weight, found, found.values())):
        raise ModelError(f"{path} is refused: it holds more than weights.")
    if sum(value.numel() for value in found.values()) > MOST_NUMBERS:
        raise ModelError(f"{path} is too large for a tiny autoencoder.")
    return {name: value.detach() for name, value in found.items()}


def check_archive(path: Path) -> None:
    """Raises ModelError for a file of PyTorch's own format that would grow when it is read, and for
    what is no ordinary file."""
    try:
        must_be_regular(path)
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                _must_be_stored(path, archive)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise damaged(path, error) from error


def _must_be_stored(path: Path, archive: zipfile.ZipFile) -> None:
    """PyTorch never compresses."""
    items = archive.infolist()
    if sum(item.file_size for item in items) > path.stat().st_size:
        raise ValueError("it holds more than fits into it")
    if any(item.compress_type != zipfile.ZIP_STORED for item in items):
        raise ValueError("its parts are compressed")


def is_weight(name: object, value: object) -> bool:
    import torch

    if not isinstance(name, str) or not isinstance(value, torch.Tensor):
        return False
    return value.layout == torch.strided and value.device.type == "cpu" and not value.is_quantized


def _pickle(archive: zipfile.ZipFile) -> bytes:
    member = next((i for i in archive.infolist() if i.filename.endswith("/data.pkl")), None)
    if member is None or member.file_size > LARGEST_HEADER:
        raise ValueError("it has no list of tensors")
    return archive.read(member)


def _header(path: Path) -> _Header:
    try:
        must_be_regular(path)
        stat = path.stat()
    except OSError as error:
        raise damaged(path, error) from error
    return _read_header(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _read_header(path: Path, modified: int, size: int) -> _Header:
    """https://github.com/huggingface/safetensors#format. `modified` is there for the cache."""
    del modified
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(size - 8, LARGEST_HEADER):
                raise ValueError("it has no header")
            entries = {k: v for k, v in json.loads(file.read(length)).items() if k[:2] != "__"}
        found = {name: _shape(entry) for name, entry in entries.items()}
        end = max((int(entry["data_offsets"][1]) for entry in entries.values()), default=0)
    except DAMAGE as error:
        raise damaged(path, error) from error
    return _Header(found, 8 + length + end)


def _shape(entry: Mapping[str, Any]) -> tuple[int, ...]:
    """Of one tensor in a header. Raises ValueError where the bytes it is given cannot hold it."""
    shape, (start, stop) = tuple(map(int, entry["shape"])), map(int, entry["data_offsets"])
    if not all(0 <= length <= MOST_BYTES for length in (*shape, start, stop)):
        raise ValueError("a tensor has an impossible shape")
    if math.prod(shape) > 8 * (stop - start):  # no type has less than a bit
        raise ValueError("a tensor is larger than its bytes")
    return shape


def reason(error: Exception) -> str:
    """What a package says is wrong, in a line."""
    return " ".join(str(error).split())[:SAID] or type(error).__name__


def damaged(path: Path, error: Exception) -> ModelError:
    reason = " ".join(str(error).split())[:120].rstrip(".") or type(error).__name__
    return ModelError(f"{path} is damaged or incomplete: {reason}.")
