"""Words' maps over their picture, as one sheet."""

from __future__ import annotations

import numpy as np
from PIL import Image

from studio.core.word_maps import WordsMapped, span
from studio.gallery.heat import heat_map
from studio.pictures.sheet import contact_sheet

SEEN = 0.6  # how much of a tile is the map
KINDS = {"attention": "attention", "concept": "likeness"}


def word_sheet(found: WordsMapped, title: str) -> np.ndarray:
    """The picture, then each word's mean over the steps: its attention, or, of a word that was only
    looked for, its likeness; (H, W, 3) uint8.

    As the window's one scale, a colour is one number in all words and steps of a kind; a tile of
    all colours ends the sheet for each kind, and says from where to where they go.
    """
    tiles, labels, limits = [found.image], ["the picture"], dict[str, tuple[float, float]]()
    for word in found.words:
        kind = "concept" if word.attention is None else "attention"
        limits.setdefault(kind, found.limits(kind))
        tiles.append(overlay(found.image, word.maps(kind).mean(0), *limits[kind]))
        labels.append(f"{word.text} (likeness)" if kind == "concept" else word.text)
    height, width = found.image.shape[:2]
    for kind, ends in limits.items():
        tiles.append(heat_map(np.linspace(0, 1, width)[None].repeat(height, 0), 1.0))
        labels.append(f"{KINDS[kind]}, {span(kind, *ends)}")
    return contact_sheet(np.stack(tiles), labels, title)


def overlay(picture: np.ndarray, values: np.ndarray, low: float, high: float) -> np.ndarray:
    """(H, W, 3) uint8 under the heat of (h, w) numbers, `low` dark and `high` bright."""
    heat = Image.fromarray(heat_map(values, high, low))
    wide = heat.resize((picture.shape[1], picture.shape[0]), Image.Resampling.BICUBIC)
    mixed = (1 - SEEN) * picture.astype(np.float32) + SEEN * np.asarray(wide, np.float32)
    return np.asarray(mixed.round(), dtype=np.uint8)
