"""The bundled pictures: catalogue, builder, scene composer. NumPy and Pillow only; no torch."""

SUFFIXES = (  # of other people's pictures that can be read
    *(".png", ".jpg", ".jpeg", ".jfif", ".webp", ".avif", ".jxl", ".gif", ".bmp", ".tif", ".tiff"),
    *(".tga", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".ico", ".psd", ".qoi"),
)
