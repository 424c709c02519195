"""Words' maps over their picture, as one sheet."""

from __future__ import annotations

import numpy as np
from PIL import Image

from studio.core.word_maps import WordsMapped
from studio.gallery.heat import heat_map
from studio.pictures.sheet import contact_sheet

SEEN = 0.6  # how much of a tile is the map


def word_sheet(found: WordsMapped, title: str) -> np.ndarray:
    """The picture, then each word's mean over the steps: its attention, or, of a word that was only
    looked for, its likeness; (H, W, 3) uint8."""
    tiles, labels = [found.image], ["the picture"]
    for word in found.words:
        tiles.append(overlay(found.image, word.maps("attention").mean(0)))
        labels.append(f"{word.text} (likeness)" if word.attention is None else word.text)
    return contact_sheet(np.stack(tiles), labels, title)


def overlay(picture: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 under the heat of (h, w) numbers, their least dark and their most bright."""
    low, high = float(values.min()), float(values.max())
    heat = Image.fromarray(heat_map(values - low, high - low))
    wide = heat.resize((picture.shape[1], picture.shape[0]), Image.Resampling.BICUBIC)
    mixed = (1 - SEEN) * picture.astype(np.float32) + SEEN * np.asarray(wide, np.float32)
    return np.asarray(mixed.round(), dtype=np.uint8)
