"""Picture files: people's are read, sheets of pictures are drawn. NumPy and Pillow only; no torch.

Below everything that reads pictures: a training's folder, the gallery, the window.
"""

from __future__ import annotations

SUFFIXES = (  # of other people's pictures that can be read
    *(".png", ".jpg", ".jpeg", ".jfif", ".webp", ".avif", ".jxl", ".gif", ".bmp", ".tif", ".tiff"),
    *(".tga", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".ico", ".psd", ".qoi"),
)
