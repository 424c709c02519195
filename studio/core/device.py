"""Where and how exactly to compute, as plain words that travel."""

from __future__ import annotations

from dataclasses import dataclass

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Device:
    """`name` and `precision` in torch's words ("cuda", "bfloat16"); `label` for people."""

    name: str
    precision: str
    label: str
