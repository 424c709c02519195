"""The bundled pictures: catalogue, builder, scene composer. NumPy and Pillow only; no torch."""
