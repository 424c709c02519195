"""A file's tensors, each read when it is taken, at once in full precision: those in fp8 times their
scales, those of GGUF dequantised. Imports torch, and gguf late.

Only a .ckpt is mapped into memory: what is read of others is as large as one tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from math import prod
from mmap import mmap
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from studio.core.errors import ModelError
from studio.core.tables import shortened
from studio.models.probe import header
from studio.models.probe.header import BITS, GGUF_TYPES, Header
from studio.models.probe.probe import SCALES
from studio.models.state_files import check_archive, damaged, is_weight

KINDS = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
}  # fmt: skip
#: How the names end of what says how others are kept.
MARKS = (*SCALES, "scale_input", "input_scale", "scaled_fp8", "comfy_quant")
FP8 = ("F8_E4M3", "F8_E5M2")
BLOCKS = {name: (block, width) for name, block, width in GGUF_TYPES.values()}
PICKLED = {kind: name for name, kind in KINDS.items()}


class Deferred(Tensor):
    """A tensor that is still in its file, a shape without numbers: what is done to it is done to
    its numbers once they are taken. So converters of names run before anything is read."""

    numbers: Callable[[], Tensor]

    @classmethod
    def of(cls, shape: Tensor, numbers: Callable[[], Tensor]) -> Deferred:
        made: Deferred = shape.as_subclass(cls)  # type: ignore[assignment]
        made.numbers = numbers
        return made

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        with torch._C.DisableTorchFunctionSubclass():
            shapes = func(*args, **kwargs)

            def taken() -> Any:
                return func(*tree_map(_taken, args), **tree_map(_taken, kwargs))

            if isinstance(shapes, Tensor):
                return cls.of(shapes, taken)
            if isinstance(shapes, tuple) and all(isinstance(each, Tensor) for each in shapes):
                pieces = enumerate(shapes)
                return tuple(cls.of(each, partial(_nth, taken, n)) for n, each in pieces)
        return shapes


def _nth(taken: Callable[[], Any], number: int) -> Tensor:
    found: Tensor = taken()[number]
    return found


def _taken(value: object) -> object:
    return value.numbers() if isinstance(value, Deferred) else value


class Shards:
    """The tensors of a folder's safetensors files, by name, as `Weights` has a file's."""

    is_gguf = False

    def __init__(self, folder: Path, files: Iterable[Path], hear: Callable[[int], None]) -> None:
        """Raises ModelError."""
        shards = [Weights(file, hear) for file in files]
        self.path, self._of = folder, {name: each for each in shards for name in each.names}

    @property
    def names(self) -> list[str]:
        return list(self._of)

    def deferred(self, names: Iterable[str]) -> dict[str, Tensor]:
        return {name: self._of[name].deferred([name])[name] for name in names}


class Weights:
    """The tensors of a safetensors or GGUF file or a .ckpt, by name; what scales others is none."""

    def __init__(
        self, path: Path, hear: Callable[[int], None] = lambda _: None, mapped: bool = True
    ) -> None:
        """`hear` is told of the bytes that are read; `mapped`: a .ckpt, which cannot be read in
        parts, is mapped into memory. Raises ModelError."""
        self.path, self._hear, self._heard = path, hear, set[str]()
        self._state = _unpickled(path, mapped) if path.suffix == ".ckpt" else {}
        self.header = _described(self._state) if self._state else header.read(path)

    @property
    def is_gguf(self) -> bool:
        return self.header.format == "GGUF"

    @property
    def names(self) -> list[str]:
        """Of tensors whose numbers are weights."""
        return [name for name in self.header.tensors if not name.endswith(MARKS)]

    def deferred(self, names: Iterable[str]) -> dict[str, Tensor]:
        return {name: self._deferred(name) for name in names}

    def _deferred(self, name: str) -> Deferred:
        shape = torch.empty(self.header.tensors[name].shape or (), device="meta")
        return Deferred.of(shape, partial(self._take, name))

    def _take(self, name: str) -> Tensor:
        """Raises ModelError."""
        if self._state:
            self._tell(name, self._state[name].nbytes)
            return self._state[name]
        tensor = self.header.tensors[name]
        if self.is_gguf:
            return self._dequantised(name)
        found, scale = self._read(name), self._scale(name)
        if tensor.dtype in FP8:
            found = found.float()
        if scale is None:
            return found
        if tensor.dtype not in FP8 or scale.shape not in ((), (1,), found.shape[:1],
                                                          (*found.shape[:1], 1)):  # fmt: skip
            raise ModelError(f"{self.path} scales {shortened(name)} in a way that is not known"
                             " here; choose its edition in fp16, bf16 or GGUF.")  # fmt: skip
        return found * scale.float().reshape(-1, *[1] * (found.ndim - 1))

    def _scale(self, name: str) -> Tensor | None:
        stem = name.removesuffix("weight")
        end = next((end for end in SCALES if stem + end in self.header.tensors), "")
        return self._read(stem + end) if end and stem != name else None

    def _read(self, name: str) -> Tensor:
        tensor = self.header.tensors[name]
        shape = tensor.shape or ()
        if tensor.dtype not in KINDS:
            raise ModelError(f"{self.path} keeps {shortened(name)} as {tensor.dtype}, which is not"
                             " known here; choose its edition in fp16, bf16 or GGUF.")  # fmt: skip
        data = self._bytes(name, prod(shape) * BITS[tensor.dtype] // 8)
        return data.view(KINDS[tensor.dtype]).reshape(shape)

    def _dequantised(self, name: str) -> Tensor:
        tensor = self.header.tensors[name]
        shape = tensor.shape or ()
        block, width = BLOCKS[tensor.dtype]
        try:
            from gguf import GGMLQuantizationType
            from gguf.quants import dequantize
        except ImportError as error:
            raise ModelError(
                f"{self.path} needs the package gguf; install it with: pip install gguf."
            ) from error
        data = self._bytes(name, prod(shape) // block * width)
        rows = data.numpy().reshape(-1, max(1, (shape or (1,))[-1] // block * width))
        try:
            found = dequantize(rows, GGMLQuantizationType[tensor.dtype])
            return torch.from_numpy(found).reshape(shape)
        except (KeyError, NotImplementedError, ValueError, RuntimeError) as error:
            raise ModelError(f"{self.path} keeps {shortened(name)} as {tensor.dtype}, which gguf"
                             " cannot read; choose another edition.") from error  # fmt: skip

    def _tell(self, name: str, size: int) -> None:
        """Once of each, into however many it is parted."""
        if name not in self._heard:
            self._heard.add(name)
            self._hear(size)

    def _bytes(self, name: str, size: int) -> Tensor:
        """In pages of its own, which leave no hole among the weights when they are given back."""
        self._tell(name, size)
        data = mmap(-1, max(size, 1))
        room = memoryview(data)[:size]
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(self.header.tensors[name].place)
                while len(room):
                    count = file.readinto(room)
                    if not count:
                        raise EOFError(f"it ends within {shortened(name)}")
                    room = room[count:]
        except (OSError, EOFError) as error:
            raise damaged(self.path, error) from error
        return torch.frombuffer(data, dtype=torch.uint8)[:size]


def _unpickled(path: Path, mapped: bool) -> Mapping[str, Tensor]:
    """A .ckpt through the restricted unpickler, which makes tensors only. Raises ModelError."""
    check_archive(path)
    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
        found = found.get("state_dict", found)
        state = {name: value for name, value in found.items() if is_weight(name, value)}
    except Exception as error:  # a damaged pickle fails in any way it likes
        raise ModelError(
            f"{path} is refused: it is damaged or holds more than weights; look for its edition"
            " as .safetensors."
        ) from error
    if not state:
        raise ModelError(f"{path} holds no weights.")
    return state


def _described(state: Mapping[str, Tensor]) -> Header:
    return Header(
        {n: header.Tensor(PICKLED.get(t.dtype, ""), tuple(t.shape)) for n, t in state.items()}
    )
