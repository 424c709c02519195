"""What a file is that is no model by itself, in a sentence. Must not import torch."""

from __future__ import annotations

from pathlib import Path

from studio.core.errors import ModelError
from studio.models.probe.probe import UNKNOWN, Answer, probe
from studio.models.probe.rule import (
    AUTOENCODER,
    CHECKPOINT,
    DENOISER,
    EMBEDDING,
    ENCODER,
    LORA,
    OTHER,
)

ADDED = "load the model that it is for, then add it"
PART = "load the model that it is a part of, and point to it there"
SAYS = {
    LORA: ("a LoRA", ADDED),
    EMBEDDING: ("an embedding", ADDED),
    ENCODER: ("a text encoder", PART),
    AUTOENCODER: ("an autoencoder", PART),
}


def told_of(path: Path) -> str:
    """Why a file or folder that is no model here is none; "" where nothing tells."""
    try:
        answer = probe(path)
    except ModelError:  # what is damaged is said by its format
        return ""
    if answer.kind in SAYS:
        what, hint = SAYS[answer.kind]
        return f"{path} is {what}{_of(answer)}: {hint}."
    if answer.kind == OTHER:
        return f"{path} is a file of another kind, {answer.family}, which has no use here."
    if answer.kind in (DENOISER, CHECKPOINT) and answer.family != UNKNOWN:
        what = " ".join(filter(None, (answer.family, answer.variant)))
        here = "in this form: choose diffusers' folder" if _is_packed(answer) else "here"
        return f"{path} is a model of {what}, which does not open {here}."
    return ""


def _is_packed(answer: Answer) -> bool:
    return answer.supported and answer.path.is_file()


def _of(answer: Answer) -> str:
    return "" if answer.family == UNKNOWN else f", {answer.family}"
