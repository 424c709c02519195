"""Reconstructions to keep: their labelled sheet and their figures, for window and command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from studio.core.autoencoding import Reconstructed
from studio.core.files import save_table, saving
from studio.gallery.reconstruction_sheet import Block, sheet


def record(image: str, result: Reconstructed, path: Path | None = None) -> dict[str, Any]:
    """One reconstruction's figures as plain values, ready for JSON; what is missing is None.

    `image` names the original. Seconds are of encoding and decoding.
    """
    return {
        "image": image,
        "autoencoder": result.autoencoder,
        **asdict(result.figures),
        "latent_shape": list(result.latent_shape),
        "seconds": round(result.encode_seconds + result.decode_seconds, 4),
        "encode_seconds": round(result.encode_seconds, 4),
        "decode_seconds": round(result.decode_seconds, 4),
        "path": None if path is None else str(path),
        "note": result.note,
    }


def write_sheet(path: Path, blocks: Sequence[Block]) -> None:
    """As a PNG. Raises OutputError."""
    drawn = sheet(blocks)
    with saving(path) as draft:
        drawn.save(draft, "PNG")


def write_figures(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """A line for each record, under a line of names, as CSV. Raises OutputError."""
    save_table(path, [records[0], *(map(_plain, each.values()) for each in records)])


def _plain(value: Any) -> Any:
    """A shape as people write it; None as nothing."""
    return "x".join(map(str, value)) if isinstance(value, list) else value
