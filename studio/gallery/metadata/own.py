"""Latent Studio's own settings: all of them come back."""

from __future__ import annotations

from studio.gallery import png
from studio.gallery.metadata.foreign import Format
from studio.gallery.metadata.found import Found, Texts

SOURCE = "Latent Studio"


def read(texts: Texts) -> Found | None:
    """Every setting as it was, of whatever model. Raises DataError."""
    if png.CHUNK not in texts:
        return None
    settings = png.record_in(texts[png.CHUNK]).settings
    missing = ["the picture it started from"] * bool(settings.source)
    missing += ["the mask"] * bool(settings.mask)
    notes = (f"Not inside: {' and '.join(missing)}.",) if missing else ()
    return Found(settings, SOURCE, notes)


FORMAT = Format(SOURCE, 0, read)
