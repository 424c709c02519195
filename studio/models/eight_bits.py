"""Linear layers whose weights are kept in eight bits by torchao, one scale a row, and multiplied in
the precision of the rest: less memory, and a little of the picture. Imports torch and torchao late.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core.errors import ModelError, UsageError

if TYPE_CHECKING:
    from torch import Tensor, nn

WEIGHTS = "weights"  # as `chosen` calls the choice
#: What can be chosen, and the bytes a row beside one a number: a scale, int8's zero point too.
BESIDE = {"int8": 5, "fp8": 4}
#: Names of matrices that are looked up in, not multiplied by.
TABLES = re.compile(
    r"(^|[._])(shared|embed_tokens|token_embd|tok_embeddings|(token|position(al)?)_embedding"
    r"|relative_attention_bias|attn_rel_b)(\.weight)?$"
)
Pack = Callable[["Tensor"], "Tensor"]


def kind_of(chosen: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """One of BESIDE, "" where nothing is chosen; and what else is. Raises UsageError."""
    others = dict(chosen)
    kind = others.pop(WEIGHTS, "")
    if kind and kind not in BESIDE:
        raise UsageError(f"weights cannot be kept in {kind!r}; choose {' or '.join(BESIDE)}.")
    return kind, others


def packed_bytes(name: str, shape: tuple[int, ...], kind: str) -> int:
    """Of a tensor by its name in a file; 0 where it is no linear layer's weight or `kind` is ""."""
    linear = len(shape) == 2 and name.endswith("weight") and not TABLES.search(name)
    return prod(shape) + shape[0] * BESIDE[kind] if kind and linear else 0


def check(path: Path, kind: str, device: str, precision: str) -> None:
    """Raises ModelError where weights of this kind ("": full) cannot be computed with."""
    if kind == "int8" and precision == "float16":  # torchao multiplies before it scales
        raise ModelError(f"{path}: int8 weights overflow in float16; choose fp8 weights, or"
                         " --precision bfloat16 or float32.")  # fmt: skip
    if kind == "fp8" and device == "mps":
        raise ModelError(f"{path}: Apple's GPUs know no fp8; choose int8 weights.")
    if kind and find_spec("torchao") is None:
        from studio.models.kl_autoencoder import EXTRA

        raise ModelError(
            f"{path} in {kind} needs the package torchao; install it with: pip install '{EXTRA}'."
        )


def packing(kind: str) -> Pack:
    """From a linear layer's weight (out, in) to how torchao keeps it."""
    from torch import nn
    from torchao.quantization import Float8WeightOnlyConfig, Int8WeightOnlyConfig, quantize_

    kinds = {"int8": Int8WeightOnlyConfig, "fp8": Float8WeightOnlyConfig}
    config = kinds[kind](set_inductor_config=False)  # which is every model's business

    def packed(weight: Tensor) -> Tensor:
        layer = nn.Linear(1, 1, bias=False, device="meta")
        layer.weight = nn.Parameter(weight, requires_grad=False)
        quantize_(layer, config)
        _give_back()
        return layer.weight

    return packed


def _give_back() -> None:
    """Between these small tensors glibc keeps the room of the large ones that they were made of,
    which comes to eight times as much (measured). Elsewhere nothing is done."""
    with suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def bytes_held(network: nn.Module) -> int:
    """Of its parameters, as they are kept."""
    return sum(map(_bytes, network.parameters()))


def _bytes(tensor: Any) -> int:
    """torchao's say how many they stand for."""
    if not hasattr(tensor, "__tensor_flatten__"):
        return int(tensor.nbytes)
    return sum(_bytes(getattr(tensor, name)) for name in tensor.__tensor_flatten__()[0])
