"""Where and how exactly to compute, as plain words that travel."""

from __future__ import annotations

from dataclasses import dataclass

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
#: What leaves a GPU while it is not needed: nothing, the text encoders, the denoiser's blocks too.
OFFLOADS = ("auto", "none", "encoders", "sequential")


@dataclass(frozen=True)
class Device:
    """`name` and `precision` in torch's words ("cuda", "bfloat16"); `label` for people. Of other
    people's generators: what leaves the device (`offload`, one of OFFLOADS), whether the
    denoiser's blocks are `compiled`, and their files `mapped` into memory."""

    name: str
    precision: str
    label: str
    offload: str = "auto"
    compiled: bool = False
    mapped: bool = True
